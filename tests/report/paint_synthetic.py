"""Folders of paint experiments that are true to the schema: drawn scenes, and made-up figures around given levels."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report.chat_synthetic import SCENES, TEN, said_of
from report.reading import write

from isogloss.data.worlds.shapes.drawing import draw
from isogloss.data.worlds.shapes.scene import Scene

CHANCE = 0.27
# By experiment, arms beside the main one with what their figures are multiplied by.
ARMS: Mapping[str, tuple[tuple[str, str, float], ...]] = {
    "pivot": (("sentence", "English pairs, the sentence's vector", 0.9),),
    "translated": (("translated", "Put into English, then painted", 0.97),),
    "layers": (
        ("lm-tokens", "Language model, all tokens, the last layer", 0.6),
        ("lm-1", "Language model, tokens of the first layer of all that there are in it", 0.5),
    ),
    "little": (("many-0.01", "1 % of captions in nine more languages", 1.0),),
}


def build_paint_experiment(
    root: Path,
    *,
    languages: Sequence[str] = TEN,
    levels: Mapping[str, float] | None = None,
    width: float = 0.01,
    seeds: int = 3,
    beside: Sequence[str] = tuple(ARMS),
    examples: int = 4,
) -> Path:
    """Write an experiment folder; the same arguments give the same folder.

    Args:
        levels: of the main arm's attributes by language; 0.985 in English and 0.95 in those that are not named.
        width: half of every interval.
        beside: the experiments of ARMS that were run.
    """
    found = {tag: (levels or {}).get(tag, 0.985 if tag == "en" else 0.95) for tag in languages}
    arms: dict[str, Any] = {"english": _described("English pairs", "pivot")}
    results = {"english": _arm(found, 1.0, width)}
    for experiment in beside:
        for name, label, factor in ARMS[experiment]:
            arms[name] = _described(label, experiment)
            results[name] = _arm(found, factor, width)
            if experiment == "translated":
                results[name]["languages"].pop("en", None)
    main = results["english"]
    write(
        root / "results.json",
        {
            "seeds": seeds,
            "split": "test",
            "chance": CHANCE,
            **main,
            "arms": results,
            "examples": [_example(root, place, scene, languages) for place, scene in enumerate(SCENES[:examples])],
        },
    )
    write(
        root / "experiment.json",
        {
            "family": "paint",
            "title": "Painted in ten languages from English pairs",
            "command": "isogloss demo-paint --folder runs/demo-paint",
            "created": "2026-03-01T12:00:00+00:00",
            "duration_seconds": 754.2,
            "machine": {"processor": "x86-64", "cores": 2},
            "seeds": list(range(seeds)),
            "split": "test",
            "pictures": None,
            "languages": list(languages),
            "trained_languages": ["en"],
            "painting": {"steps": 20, "guidance": 3.0, "pictures": 300},
            "arms": arms,
        },
    )
    for number, name in enumerate(arms):
        if arms[name]["experiment"] != "translated":
            write_run(root / "seed-0" / name, number)
    return root


def write_run(run: Path, number: int) -> None:
    """What a run leaves behind of its training."""
    write(
        run / "recipe.json",
        {
            "family": "paint",
            "data": {"dataset": "nowhere", "languages": ["en"]},
            "adapter": {"kind": ["tokens", "sentence"][number % 2]},
            "training": {"steps": 300},
        },
    )
    rows: list[dict[str, Any]] = [
        {"step": step, "split": "train", "loss": (1 + number) / step} for step in range(10, 310, 10)
    ]
    rows += [{"step": step, "split": "validation", "loss": 1 / step, "en_loss": 1 / step} for step in (100, 200, 300)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _described(label: str, experiment: str) -> dict[str, Any]:
    share = 0.01 if experiment == "little" else None
    return {"label": label, "experiment": experiment, "share": share, "languages_taught": []}


def _arm(levels: Mapping[str, float], factor: float, width: float) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for tag, level in levels.items():
        value = level if tag == "en" else CHANCE + (level - CHANCE) * factor
        rows[tag] = {"pictures": 300, **_figures(value, width)}
        ratio = (value - CHANCE) / (levels["en"] - CHANCE)
        rows[tag]["relative_attributes"] = [ratio, ratio - width, ratio + width]
    groups = {"trained": ["en"], "unseen": [tag for tag in levels if tag != "en"]}
    averages = {
        name: {
            "languages": tags,
            **_figures(float(np.mean([rows[tag]["attributes"][0] for tag in tags])), width / 2),
        }
        for name, tags in groups.items()
        if tags
    }
    return {"languages": rows, "averages": averages}


def _figures(value: float, width: float) -> dict[str, Any]:
    def around(value: float) -> list[float]:
        return [value, max(0.0, value - width), min(1.0, value + width)]

    return {
        "attributes": around(value),
        "all_right": around(max(0.0, value - 0.06)),
        "colours": around(value),
        "shapes": around(value),
        "relation": around(value),
        "attributes_of_others": around(CHANCE),
    }


def _example(root: Path, place: int, scene: Scene, languages: Sequence[str]) -> dict[str, Any]:
    folder = root / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    draw(scene, 32, np.random.default_rng(place)).save(folder / f"{place}.png")
    painted: dict[str, Any] = {}
    for number, tag in enumerate(languages):
        right = (place + number) % 7 != 3
        shown = scene if right else SCENES[(place + 1) % len(SCENES)]
        file = f"examples/{place}-{tag}.png"
        draw(shown, 32, np.random.default_rng(number)).save(root / file)
        said = said_of(scene, tag)
        painted[tag] = {"prompt": said, "picture": file, "attributes": 1.0 if right else 0.4, "right": right}
    return {"key": f"{scene.key}.0", "picture": f"examples/{place}.png", "painted": painted}
