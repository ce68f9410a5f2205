"""Folders of chat experiments and runs that are true to the schema: drawn scenes, and made-up figures around given levels."""

import io
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from report.reading import write

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.drawing import draw
from isogloss.data.worlds.shapes.grammar import GRAMMARS, caption
from isogloss.data.worlds.shapes.scene import Group, Scene
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, replies_file, reply_table, write_replies
from isogloss.languages import averaged

SHARES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SCENES = (
    Scene((Group("red", "circle"), Group("blue", "square", "small")), "above"),
    Scene((Group("green", "star", "large", 3),)),
    Scene((Group("black", "heart", "medium", 2), Group("yellow", "cross")), "left_of"),
    Scene((Group("purple", "triangle", "small"), Group("orange", "circle", "large")), "left_of"),
    Scene((Group("pink", "heart", "small", 4),)),
    Scene((Group("blue", "cross", "large"), Group("red", "star", "medium", 2)), "above"),
)
# What would be said of a picture in a language that the world has no grammar of, as a dataset of one's own may.
SAID = {"ar": "دائرة حمراء فوق مربع أزرق صغير", "fa": "دایرهٔ سرخ بالای مربع کوچک آبی"}
TEN = tuple(GRAMMARS)
TWELVE = (*TEN, *SAID)


def build_chat_experiment(
    root: Path,
    *,
    languages: Sequence[str] = TEN,
    exact: Mapping[str, float] | None = None,
    fidelity: Mapping[str, float] | None = None,
    width: float = 0.02,
    seeds: int = 3,
    beside: bool = True,
    pairs: bool = True,
    curves: bool = True,
    examples: int = 6,
) -> Path:
    """Write an experiment folder; the same arguments give the same folder.

    Args:
        exact, fidelity: levels of the main arm by language; 0.96 and 1 for those that are not named.
        width: half of every interval.
        beside, pairs, curves: whether there are other arms, pictures of pairs that were never shown, and shares of
            translated instructions.
    """
    chance = random.Random(5)
    levels = {tag: (exact or {}).get(tag, 0.98 if tag == "en" else 0.96) for tag in languages}
    spoken = {tag: (fidelity or {}).get(tag, 1.0) for tag in languages}

    def figures(factor: float = 1.0, least: float = 1.0, captions: int = 500) -> dict[str, dict[str, Any]]:
        return {
            tag: _figures(
                tag, levels[tag] * (1 if tag == "en" else factor), spoken[tag] * least, levels["en"], width, captions
            )
            for tag in languages
        }

    taught = [tag for tag in languages if tag != "en"]
    arms: dict[str, dict[str, Any]] = {
        "pivot": {"label": "A little translated", "experiment": "pivot", "share": 0.01, "languages_taught": taught}
    }
    answers = figures(0.95, captions=900)
    for tag, one in answers.items():
        if tag in GRAMMARS:
            one["kinds"] = {
                "colour": {"exact": [0.75, 0.5, 0.875], "replies": 90},
                "count": {"exact": [0.25, 0.125, 0.375]},
            }
    found = {"pivot": {"languages": figures(), "answers": answers}}
    if beside:  # in the order of the demo's arms
        arms["english"] = {"label": "English pairs", "experiment": "pivot", "share": 0.0, "languages_taught": []}
        arms["aligned"] = {"label": "English captions", "experiment": "pivot", "share": 0.0, "languages_taught": []}
        found["english"] = {"languages": figures(0.9), "answers": figures(0.8, captions=900)}
        found["aligned"] = {"languages": figures(0.7), "answers": {}}
        arms["native"] = {"label": "Native pairs", "experiment": "native", "share": None, "languages_taught": taught}
        arms["translated"] = {"label": "Translated replies", "experiment": "translated", "share": None}
        found["native"] = {"languages": figures(0.8), "answers": figures(0.7, captions=900)}
        found["translated"] = {"languages": figures(0.97)}
    for name, one in found.items():
        if name != "native":
            one["averages"] = _averages(one["languages"])
    results: dict[str, Any] = {
        "seeds": seeds,
        "translated_share": 0.01,
        "split": "test",
        "how": {
            "exact": "NFC, no white space around, no punctuation at the end, the same case",
            "fidelity": {"candidates": list(languages), "lingua": "2.1.1", "words_known": True},
            "cider": "CIDEr-D, sigma 6, jieba 0.42",
            "chrf": "nrefs:var|case:mixed|nc:6|nw:0",
        },
        "languages": found["pivot"]["languages"],
        "arms": found,
        "examples": [_example(root, place, scene, languages) for place, scene in enumerate(SCENES[:examples])],
    }
    if pairs:
        results["pairs"] = {"split": "test_pairs", "languages": figures(0.5, captions=200)}
        results["pairs"]["averages"] = _averages(results["pairs"]["languages"])
    if curves:
        results["curves"] = {
            "many": [_point(share, levels, chance, None, width) for share in SHARES],
            "one": [_point(share, levels, chance, "es", width) | {"taught": "es"} for share in SHARES],
        }
    write(root / "results.json", results)
    experiment = {
        "family": "chat",
        "title": "Pictures described in ten languages from English pairs",
        "command": "isogloss demo chat --folder runs/demo-chat",
        "created": "2026-03-01T12:00:00+00:00",
        "duration_seconds": 754.2,
        "machine": {"processor": "x86-64", "cores": 2},
        "seeds": list(range(seeds)),
        "languages": list(languages),
        "trained_languages": ["en"],
        "aligned": ["aligned"] if beside else [],
        "arms": arms,
    }
    write(root / "experiment.json", experiment)
    for name in arms:
        write(root / "seed-0" / name / "recipe.json", _recipe(name))
    return root


def build_chat_run(
    root: Path,
    dataset: Dataset,
    *,
    languages: Sequence[str],
    instructed: Mapping[str, float] | None = None,
    one_right: bool = True,
    described: bool = True,
    answered: bool = True,
    pairs: bool = False,
) -> Path:
    """Write the folder of a run that was trained and evaluated on a dataset of the shapes world; it has no model.

    Args:
        languages: that it was asked in; its captions are in English alone.
        instructed: shares of its instructions by language, beside English ones.
        one_right: whether the evaluation tells that all words are known.
        described, answered: what the evaluation has.
        pairs: whether there is one of pairs that were never shown.
    """
    shares = dict(instructed or {})
    stages = {
        "align": {"languages": ["en"], "shares": {}, "skipped": False, "training": {"steps": 150}},
        "instruct": {"languages": ["en", *shares], "shares": shares, "skipped": False, "training": {"steps": 100}},
    }
    write(root / "recipe.json", {"family": "chat", "data": {"dataset": str(dataset.root)}, "start": None, **stages})
    for place, name in enumerate(stages, start=1):
        rows: list[dict[str, Any]] = [
            {"step": step, "split": "train", "loss": place / step} for step in range(10, 100, 10)
        ]
        rows.append({"step": 90, "split": "validation", "loss": 0.5, "en_loss": 0.5})
        (root / name).mkdir()
        (root / name / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    whole = ["en", *(tag for tag, share in shares.items() if share == 1)]
    levels = {tag: 0.98 if tag == "en" else 0.9 for tag in languages}
    figures = {tag: _figures(tag, level, 1.0, 0.98, 0.02, dataset.splits["test"]) for tag, level in levels.items()}
    result: dict[str, Any] = {
        "split": "test",
        "dataset": str(dataset.root),
        "sources": [],
        "model": "0" * 64,
        "pictures": None,
        "dtype": "float32",
        "family": "chat",
        "images": dataset.splits["test"],
        "left_out": [],
        "versions": {"torch": "2.9.0"},
        "seeds": 1,
        "relative_to": "en",
        "how": {"exact": "NFC", "fidelity": {"candidates": list(languages), "words_known": one_right}},
        "languages": figures if described else {},
        "answers": figures if answered else {},
        "averages": _averages(figures, whole) if described else {},
    }
    write(root / "evaluation" / "test.json", result)
    if pairs:
        write(root / "evaluation" / "test_pairs.json", {**result, "split": "test_pairs", "answers": {}})
    for kind, there in ((DESCRIPTIONS, described), (ANSWERS, answered)):
        if there:
            write_replies(replies_file(root, kind, "test"), _replies(dataset, languages))
    return root


def _replies(dataset: Dataset, languages: Sequence[str]) -> Any:
    """To each caption of the test, itself or, once in three, that of the picture before."""
    columns: dict[str, list[Any]] = {name: [] for name in ("key", "language", "instruction", "reply", "references")}
    for number, tag in enumerate(languages):
        shown = dataset.split("test", (tag,))
        captions = [shown.captions[tag].of(row)[0] for row in range(len(shown.keys))]
        for row, key in enumerate(shown.keys):
            said = captions[row - 1] if (row + number) % 3 == 2 else captions[row]
            told = {"key": key, "language": tag, "instruction": f"{tag}?", "reply": said, "references": [captions[row]]}
            for name, value in told.items():
                columns[name].append(value)
    return reply_table(**columns)


def _figures(tag: str, exact: float, fidelity: float, english: float, width: float, captions: int) -> dict[str, Any]:
    def around(value: float, scale: float = 1.0) -> list[float]:
        value = min(value, scale)
        return [value, max(0.0, value - width * scale), min(scale, value + width * scale)]

    lost = round((1 - min(fidelity, 1.0)) * captions)
    ratio = exact / english
    return {
        "exact": around(exact),
        "relative_exact": [ratio, ratio - width, ratio + width],
        "attributes": around(min(1.0, exact + 0.02)),
        # A share that is whole has no other among its draws.
        "fidelity": [1.0, 1.0, 1.0] if fidelity >= 1 else around(fidelity),
        "unsure": around(0.0),
        "cider": [9 * exact, 9 * exact - 0.2, 9 * exact + 0.2],
        "chrf": around(99 * exact, 100),
        "captions": captions,
        "replied": {tag: captions - lost, **({"en": lost} if lost else {})},
    }


def _averages(figures: Mapping[str, Mapping[str, Any]], trained: Sequence[str] = ("en",)) -> dict[str, dict[str, Any]]:
    """Of each group of languages, from the trained ones outwards."""
    return {
        name: {
            "languages": tags,
            **{
                measure: [sum(figures[tag][measure][end] for tag in tags) / len(tags) for end in range(3)]
                for measure in ("exact", "attributes", "fidelity", "unsure", "cider", "chrf")
            },
        }
        for name, tags in averaged(figures, trained).items()
    }


def _point(
    share: float, levels: Mapping[str, float], chance: random.Random, taught: str | None, width: float
) -> dict[str, Any]:
    """More instructions help the languages that they are in, and a language alone helps the others a little."""
    found: dict[str, Any] = {}
    for tag, level in levels.items():
        known = tag in ("en", taught) or taught is None
        help_of = min(1.0, 0.25 + 0.8 * (share / 0.01) ** 0.2) if share else 0.2
        fidelity = 1.0 if tag == "en" else help_of if known else 0.5 * help_of
        exact = level * fidelity * chance.uniform(0.97, 1.0)
        found[tag] = _figures(tag, exact, fidelity, levels["en"], width, 500)
    others = [figures for tag, figures in found.items() if tag not in ("en", taught)]
    means = {
        name: [sum(one[name][0] for one in others) / len(others) + shift for shift in (0.0, -width / 3, width / 3)]
        for name in ("exact", "fidelity")
    }
    group = "others" if taught is None else f"others but {taught}"
    return {"share": share, "conversations": round(4000 * share), "languages": found, "means": {group: means}}


def said_of(scene: Scene, tag: str) -> str:
    """What would be said of a scene in a language."""
    return caption(scene, tag) if tag in GRAMMARS else SAID[tag]


def _example(root: Path, place: int, scene: Scene, languages: Sequence[str]) -> dict[str, Any]:
    picture = draw(scene, 48, np.random.default_rng(place))
    written = io.BytesIO()
    picture.save(written, "PNG")
    path = root / "examples" / f"{place}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written.getvalue())
    other = SCENES[(place + 1) % len(SCENES)]
    replies: dict[str, Any] = {}
    for number, tag in enumerate(languages):
        right = (place + number) % 7 != 3
        reference = said_of(scene, tag)
        said = reference if right else caption(other, tag if tag in GRAMMARS else "en")
        replies[tag] = {"text": said, "reference": reference, "right": right}
    return {"key": scene.key, "picture": f"examples/{place}.png", "replies": replies}


def _recipe(name: str) -> dict[str, Any]:
    return {
        "family": "chat",
        "data": {"dataset": "runs/demo-chat/data", "image_size": None},
        "vision": {"model": "clip_shapes", "config": {}},
        "language_model": {"model": "lm_shapes", "config": {}},
        "connector": {"kind": "mlp", "reduction": "none"},
        "align": {"languages": ["en"], "conversations_per_step": 64, "training": {"steps": 150}},
        "instruct": {
            "languages": ["en", "es"] if name == "native" else ["en"],
            "shares": {"es": 0.01},
            "training": {"steps": 100},
            "lora": {"rank": 0},
        },
    }


def picture_bytes(side: int) -> bytes:
    """A PNG that is larger than what a page takes as it is."""
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(noise).save(written, "PNG")
    return written.getvalue()
