"""Runs that exist, side by side: the same figures, claims and report that an experiment has."""

import json
import os
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.evaluate.comparison import measured
from isogloss.evaluate.provenance import evaluation_file, languages_of, provenance
from isogloss.evaluate.results import results
from isogloss.evaluate.retrieval import telling_cutoff
from isogloss.experiment import language_record
from isogloss.report.page import write_report
from isogloss.report.recipes import differences
from isogloss.report.words import listed
from isogloss.saved import check_model, fields_of, read_object
from isogloss.saving import write_json

_LANGUAGES = "data.languages"
# Fields that a sentence names; the page has a table of all.
_FIELDS_NAMED = 6


@dataclass(frozen=True)
class Comparison:
    """What a comparison left: its page, and sentences on what its figures cannot say."""

    page: Path
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Runs of one recipe, which differ in their seeds alone."""

    name: str
    label: str
    languages: tuple[str, ...]
    runs: Mapping[int, Path]


def compare_runs(runs: Sequence[Path], folder: Path, *, split: str, languages: Sequence[str] = ()) -> Comparison:
    """Compare finished and evaluated runs, and write experiment.json, results.json and report.html.

    Runs whose recipes differ in the seed alone are seeds of one arm. The arm with the fewest trained languages is the one
    that the next is compared with; any others are shown beside them. Claims are judged where recipes differ in nothing but
    languages and seeds, in accuracy at the largest k that tells something among the pictures.

    Args:
        folder: of the comparison; an earlier comparison in it is replaced.
        split: that was evaluated.
        languages: none for all in which every run was evaluated.

    Raises:
        UserError: a run is unfinished, or was not evaluated or on something else than the others; there is one arm alone,
            or the arms have other seeds; or the folder holds something else.
    """
    _check_folder(folder)
    arms = arms_of(runs)
    shared, evaluations = _evaluations(arms, split)
    chosen = _languages([saved for each in evaluations.values() for saved in each], languages)
    trained = tuple(dict.fromkeys(tag for arm in arms for tag in arm.languages))
    records = {tag: language_record(tag, trained) for tag in chosen}
    steps = {int(_recipe(run)["training"]["steps"]) for arm in arms for run in arm.runs.values()}
    same_steps = steps.pop() if len(steps) == 1 else None
    fields = [difference.path for difference in differences([_recipe(next(iter(arm.runs.values()))) for arm in arms])]
    others = [field for field in fields if field != _LANGUAGES]
    cutoff = telling_cutoff(int(shared["images"]))
    claimed = {arm.name for arm in arms} >= {"english_only", "parallel"}
    caveats = _caveats(others, alike=_LANGUAGES not in fields, pictures=int(shared["images"]), claimed=claimed)
    try:
        found = results(evaluations, records, same_steps, cutoff=None if others else cutoff, expected=False)
    except ValueError as error:  # the dataset was changed between two evaluations
        raise UserError(f"The runs were asked {error}; evaluate all of them again.") from error
    dataset = Path(shared["dataset"])
    write_json(folder / "results.json", found)
    words = ["isogloss", "compare", *map(str, runs), "--folder", str(folder), "--split", split]
    record = {
        "title": f"{listed(arm.label for arm in arms)}: {dataset.name}",
        "command": shlex.join([*words, *(["--languages", *languages] if languages else [])]),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seeds": sorted(arms[0].runs),
        "split": split,
        "steps": same_steps,
        "dataset": str(dataset),
        "arms": [
            {
                "name": arm.name,
                "label": arm.label,
                "trained": list(arm.languages),
                # Relative, so that runs and their comparison can be moved together.
                "runs": {str(seed): os.path.relpath(run, folder) for seed, run in arm.runs.items()},
            }
            for arm in arms
        ],
        "languages": records,
        "caveats": caveats,
    }
    write_json(folder / "experiment.json", record)
    return Comparison(write_report(folder), tuple(caveats))


def arms_of(runs: Sequence[Path]) -> list[Compared]:
    """The runs by recipe, those of the fewest trained languages first.

    Raises:
        UserError: a run is unfinished or no dual encoder, two are the same, there is one arm, or arms have other seeds.
    """
    by_recipe: dict[str, dict[int, Path]] = {}
    recipes: dict[str, dict[str, Any]] = {}
    for run in runs:
        check_model(run / "model")
        recipe = _recipe(run)
        with fields_of(run / "recipe.json"):
            if recipe["family"] != "clip":
                raise UserError(
                    f"{run} is a run of the family '{recipe['family']}', which finds no pictures; leave it out."
                )
            seed = int(recipe["training"].pop("seed"))
        key = json.dumps(recipe, sort_keys=True)
        recipes[key] = recipe
        if seed in by_recipe.setdefault(key, {}):
            raise UserError(f"{run} is a run of the same recipe and seed as {by_recipe[key][seed]}; leave one out.")
        by_recipe[key][seed] = run
    if len(by_recipe) < 2:
        raise UserError("All these runs are of one recipe, so there is nothing to compare; name runs of two recipes.")
    ordered = sorted(by_recipe, key=lambda key: len(recipes[key]["data"]["languages"]))
    first = by_recipe[ordered[0]]
    for key in ordered[1:]:
        if by_recipe[key].keys() != first.keys():
            one, other = (next(iter(each.values())) for each in (first, by_recipe[key]))
            raise UserError(
                f"{one} and those like it have the seeds {_numbers(first)}, {other} and those like it "
                f"{_numbers(by_recipe[key])}; compare runs of the same seeds."
            )
    return _named([(recipes[key]["data"]["languages"], dict(sorted(by_recipe[key].items()))) for key in ordered])


def _named(arms: Sequence[tuple[list[str], dict[int, Path]]]) -> list[Compared]:
    """Arms with the names that the claims know where there is one of each kind, and else with those of their folders."""
    english = [number for number, (languages, _) in enumerate(arms) if languages == ["en"]]
    several = [number for number, (languages, _) in enumerate(arms) if "en" in languages and len(languages) > 1]
    known: dict[int, tuple[str, str]] = {}
    if len(english) == len(several) == 1:
        known = {english[0]: ("english_only", "English only"), several[0]: ("parallel", "Parallel")}
    named: list[Compared] = []
    for number, (languages, runs) in enumerate(arms):
        # A run's folder without the number of its seed, as in english-1.
        folder = re.sub(r"[-_]?\d+$", "", next(iter(runs.values())).resolve().name) or f"arm {number + 1}"
        if folder in [arm.name for arm in named]:
            folder = f"{folder} {number + 1}"
        name, label = known.get(number, (folder, folder))
        named.append(Compared(name, label, tuple(languages), runs))
    return named


def _evaluations(arms: Sequence[Compared], split: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """What all runs were evaluated on, and every arm's saved evaluations in the order of its seeds."""
    shared: dict[str, Any] = {}
    found: dict[str, list[dict[str, Any]]] = {}
    for arm in arms:
        for run in arm.runs.values():
            path = evaluation_file(run, split)
            if not path.exists():
                raise UserError(f"{run} was not evaluated on the split '{split}'; run `isogloss evaluate {run}` first.")
            saved = read_object(path)
            of_now = {"split": split, "model": provenance(run, split)["model"]}
            if not languages_of(path, of_now):
                raise UserError(f"{path} is of another model than the run holds; run `isogloss evaluate {run}` again.")
            with fields_of(path):
                on = {name: saved[name] for name in ("dataset", "sources", "images")}
                for tag in saved["languages"]:
                    for direction in ("caption_to_image", "image_to_caption"):
                        measured([saved], tag, direction)
            differing = [name for name in on if shared and shared[name] != on[name]]
            if differing:
                raise UserError(
                    f"{run} was evaluated on other {listed(differing)} than the first run; evaluate both on the same."
                )
            shared = on
            found.setdefault(arm.name, []).append(saved)
    return shared, found


def _caveats(others: Sequence[str], *, alike: bool, pictures: int, claimed: bool) -> list[str]:
    """What the reader has to know before any figure.

    Args:
        others: fields besides languages and seed in which the recipes differ.
        alike: whether all recipes have the same languages.
        pictures: that were searched.
        claimed: whether the arms are those that the claims are about.
    """
    found: list[str] = []
    so = ", so no claim of the paper is judged" if claimed else ""
    if others:
        rest = len(others) - _FIELDS_NAMED
        named = [*others[:_FIELDS_NAMED], *([f"{rest} more field{'' if rest == 1 else 's'}"] if rest > 0 else [])]
        too = "" if alike else " too, not in their languages alone"
        found.append(f"The runs differ in {listed(named)}{too}{so}.")
    if telling_cutoff(pictures) is None:
        found.append(f"Too few pictures to say anything ({pictures}){so}.")
    return found


def _languages(evaluations: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> list[str]:
    everywhere = [tag for tag in evaluations[0]["languages"] if all(tag in saved["languages"] for saved in evaluations)]
    missing = [tag for tag in wanted if tag not in everywhere]
    if missing or not everywhere:
        which = f"in {', '.join(missing)}" if missing else "in any language that they share"
        raise UserError(f"Not every run was evaluated {which}; run `isogloss evaluate` on each.")
    return list(wanted) or everywhere


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier comparison, before anything is computed."""
    saved = folder / "experiment.json"
    if saved.exists():
        with fields_of(saved):
            if all("runs" in arm for arm in read_object(saved)["arms"]):
                return
        raise UserError(f"{folder} holds an experiment, which is left as it is; name another folder with --folder.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} holds something else than a comparison; name another folder with --folder.")


def _recipe(run: Path) -> dict[str, Any]:
    return read_object(run / "recipe.json")


def _numbers(runs: Mapping[int, Path]) -> str:
    return listed(str(seed) for seed in sorted(runs))
