"""Evaluate a paint run: what it paints of prompts in each language, and the figures of its pictures, are files of the run."""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import torch
from jaxtyping import UInt8

from isogloss.data.dataset import Dataset
from isogloss.data.images import PictureSize, decode, fit, read_bytes
from isogloss.data.worlds.shapes.world import scene_of_picture
from isogloss.errors import UserError
from isogloss.evaluate.clip_score import clip_measures
from isogloss.evaluate.drawings import chance
from isogloss.evaluate.drawn import DRAWINGS, THROUGH_ENGLISH, drawn_file, read_pictures
from isogloss.evaluate.paint_figures import distances, paint_figures
from isogloss.evaluate.paint_measures import (
    measured_table,
    measures_file,
    read_measures,
    shapes_measures,
    write_measures,
)
from isogloss.evaluate.painting_of_prompts import paint_prompts
from isogloss.evaluate.picture_features import Extractor, extractor
from isogloss.evaluate.prompts_in_english import Translator
from isogloss.evaluate.provenance import evaluation_file, languages_of, provenance
from isogloss.evaluate.shapes import is_shapes
from isogloss.evaluate.to_paint import in_english, to_paint
from isogloss.saved import fields_of, read_object
from isogloss.saving import write_json
from isogloss.serve.paint import Painter
from isogloss.serve.painting import Painting, seeds_from
from isogloss.serve.ranking import Ranker
from isogloss.translate.progress import progress, unseen

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Pictures that are painted together.
TOGETHER = 64


def evaluate_paint(
    run: Path,
    *,
    dataset: str | None = None,
    split: str = "test",
    languages: Sequence[str] = (),
    sources: Sequence[str] = (),
    pictures: int | None = None,
    together: int = TOGETHER,
    painting: Painting | None = None,
    seed: int = 0,
    scorer: str | None = None,
    features: str | None = None,
    translator: Translator | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Figures of what a paint run paints of the captions of a split in each language, saved as `evaluation/<split>.json`.

    The pictures lie beside, with what was measured of each; a stopped evaluation goes on after the last ones. Languages that
    were painted before stay, where the model, the dataset, the pictures and the way of painting are still the same. Those on
    another dataset bear its name before the split's.

    Args:
        run: a run folder with a model.
        dataset: a dataset folder; None for the run's own.
        split: whose captions are painted.
        languages: of the captions; none for all that the dataset has, of which those without any here are left out and listed
            as `left_out`.
        sources: captions of these only; none for those that the recipe names.
        pictures: only so many of the split, by their keys' hashes; None for all.
        together: how many are painted at a time.
        painting: steps and guidance.
        seed: of the first picture's noise.
        scorer: a run or a folder with a dual encoder, which tells how well pictures fit their prompts (CLIPScore).
        features: of `picture_features.extractor`, by which pictures are compared with real ones as sets.
        translator: also paints prompts that it puts into English, in all other languages.
        quiet: without a progress bar.

    Raises:
        UserError: the run has no model, the dataset lacks what is asked for, nothing measures its pictures, or the model
            cannot paint so.
    """
    way = painting or Painting()
    for name, number in (("pictures", pictures), ("together", together)):
        if number is not None and number < 1:
            raise UserError(f"{name} is {number}; give a whole number of at least 1.")
    measured = _what(run, split, dataset, sources, pictures, way, seed)
    opened = Dataset.open(measured["dataset"])
    asked, left_out = to_paint(opened, split, languages, sources=measured["sources"], pictures=pictures, seed=seed)
    seeds_from(seed, 1 + max(one.seeds[-1] for one in asked) - seed)
    shapes = is_shapes(opened)
    if not shapes and scorer is None and features is None:
        raise UserError(
            f"{opened.root} is not of the shapes world, whose pictures alone are read without a model; name a dual encoder with "
            "--scorer, or --features."
        )
    if features is not None and min(map(len, asked)) < 2:
        raise UserError(
            "A distance between sets of pictures needs at least two of them in each language; ask for more pictures."
        )
    judge = None if scorer is None else Ranker.open(scorer)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    compared = None if features is None else extractor(features, device)
    painter = Painter.open(str(run / "model"), batch=together)
    painter.check([prompt for one in asked for prompt in one.prompts], way)
    cut = {one.language: sum(bool(painter.model.text.unread(prompt)) for prompt in one.prompts) for one in asked}

    shown = unseen if quiet else partial(progress, things="pictures")
    table = drawn_file(run, split, dataset)
    drawn = paint_prompts(painter, way, asked, table, measured, shown)
    keys = sorted(set(drawn["key"].to_pylist()))
    english = in_english(opened, split, keys, measured["sources"]) if judge else {}
    found = _measured(table, drawn, shapes, judge, english)
    write_measures(measures_file(run, split, dataset), found)
    by_chance = chance([scene_of_picture(key) for key in keys])["attributes"] if shapes and len(keys) > 1 else None
    learnt = _learnt(run)
    result = {
        **measured,
        "family": "paint",
        "images": len(keys),
        "left_out": left_out,
        "cut": {tag: count for tag, count in cut.items() if count},
        "scorer": scorer,
        "versions": {name: version(name) for name in ("isogloss", "torch", "transformers", "diffusers")},
        **paint_figures([found], chance=by_chance, trained=learnt),
    }
    if compared is not None:
        result["distances"] = _distances(compared, table, drawn, opened, split)
    others = [one for one in asked if one.language != "en"]
    if translator is not None and others:
        through = drawn_file(run, split, dataset, THROUGH_ENGLISH)
        by_translator = {**measured, "translator": translator.name}
        translated = [translator.of(one) for one in others]
        painted = paint_prompts(painter, way, translated, through, by_translator, shown)
        told = [found.filter(pc.equal(found["language"], "en")), _measured(through, painted, shapes, judge, english)]
        both = pa.concat_tables(told, promote_options="default")
        write_measures(measures_file(run, split, dataset, THROUGH_ENGLISH), both)
        result["through_english"] = paint_figures([both], chance=by_chance, trained=learnt)
    write_json(evaluation_file(run, split, dataset), result)
    return result


def paint_evaluated(
    run: Path,
    split: str,
    languages: Sequence[str],
    *,
    pictures: int | None = None,
    painting: Painting | None = None,
    seed: int = 0,
    through_english: bool = False,
) -> bool:
    """Whether saved figures are of the model that the run holds now, painted so, and in all these languages.

    Raises:
        UserError: recipe.json is missing, or it or the figures are damaged.
    """
    path = evaluation_file(run, split)
    if not path.exists():
        return False
    found = languages_of(path, _what(run, split, None, (), pictures, painting or Painting(), seed))
    return set(languages) <= set(found) and (not through_english or "through_english" in read_object(path))


def read_evaluated(
    runs: Sequence[Path], split: str, *, kind: str = DRAWINGS, trained: Sequence[str] | None = None
) -> dict[str, Any]:
    """The figures over all seeds of a model that were evaluated alike.

    Args:
        runs: one of each seed.
        kind: of the pictures.
        trained: languages of which figures say that captions were in them; None for those of the first run.

    Raises:
        UserError: a run was not evaluated.
    """
    file = evaluation_file(runs[0], split)
    with fields_of(file):
        saved = read_object(file)
        by_chance, learnt = saved["chance"], tuple(str(tag) for tag in trained or saved["trained"])
    tables = [read_measures(measures_file(run, split, kind=kind)) for run in runs]
    return paint_figures(tables, chance=by_chance, trained=learnt)


def _what(
    run: Path,
    split: str,
    dataset: str | None,
    sources: Sequence[str],
    pictures: int | None,
    painting: Painting,
    seed: int,
) -> dict[str, Any]:
    """What is painted, and how, without which figures and pictures are others."""
    way = {"pictures": pictures, "steps": painting.steps, "guidance": painting.guidance, "seed": seed}
    return {**provenance(run, split, dataset, sources), **way}


def _learnt(run: Path) -> tuple[str, ...]:
    """The languages of the captions that the run's model learnt from."""
    with fields_of(run / "recipe.json"):
        return tuple(str(tag) for tag in read_object(run / "recipe.json")["data"]["languages"])


def _measured(table: Path, drawn: pa.Table, shapes: bool, judge: Ranker | None, english: Mapping[str, str]) -> pa.Table:
    """What is measured of every picture, language by language."""
    parts: list[pa.Table] = []
    for language in dict.fromkeys(drawn["language"].to_pylist()):
        rows = drawn.filter(pc.equal(drawn["language"], language))
        pictures, keys = read_pictures(table, rows), rows["key"].to_pylist()
        found = shapes_measures(keys, pictures) if shapes else {}
        if judge is not None:
            told = [english[key] for key in keys] if set(keys) <= english.keys() else None
            found |= clip_measures(judge.model, judge.processor, pictures, rows["prompt"].to_pylist(), told)
        parts.append(measured_table(rows, found))
    return pa.concat_tables(parts, promote_options="default")


def _distances(features: Extractor, table: Path, drawn: pa.Table, dataset: Dataset, split: str) -> dict[str, Any]:
    """How far each language's pictures are from the real ones of the same prompts."""
    by_language: dict[str, UInt8[np.ndarray, "image height width 3"]] = {
        tag: read_pictures(table, drawn.filter(pc.equal(drawn["language"], tag)))
        for tag in dict.fromkeys(drawn["language"].to_pylist())
    }
    keys = set(drawn["key"].to_pylist())
    side = next(iter(by_language.values())).shape[1]
    rows = dataset.images(split, ["key", "file", "offset", "length"]).to_pylist()
    real = [
        fit(decode(read_bytes(place, row["offset"], row["length"]), place), PictureSize(side, side))
        for row in rows
        if row["key"] in keys
        for place in [dataset.locate(row["file"])]
    ]
    seen = features.features(np.stack([np.asarray(picture) for picture in real]))
    return distances({tag: features.features(own) for tag, own in by_language.items()}, seen, features.name)
