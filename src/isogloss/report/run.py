"""A single run's folder, read for its report: its curves, and whatever evaluation exists."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.evaluate.drawn import DRAWINGS, THROUGH_ENGLISH
from isogloss.languages import language
from isogloss.report.content import Arm, Content, ReportedLanguage, ordered, read_run
from isogloss.report.experiment import read_languages, searched
from isogloss.report.measures import Measure, Scores
from isogloss.saved import fields_of, read_object


def read_single_run(folder: Path) -> Content:
    """Read a run, alone or inside an experiment, whose languages and data it then shares.

    Raises:
        UserError: the recipe or the metrics are missing, or a file is damaged.
    """
    split = evaluated_split(folder)
    run = read_run(folder, folder.name, None, split)
    experiment = _experiment_around(folder)
    known: dict[str, ReportedLanguage] = {}
    label = folder.name
    if experiment:
        with fields_of(experiment / "experiment.json"):
            saved = read_object(experiment / "experiment.json")
            known = read_languages(saved.get("languages", {}))
            label = next((str(arm["label"]) for arm in saved["arms"] if arm["name"] == folder.name), label)
    scores = _read_scores(folder, split)
    languages = [known.get(tag) or _from_the_table(tag) for tag in scores]
    steps = [int(row["step"]) for rows in run.metrics.rows.values() for row in rows]
    return Content(
        folder=folder,
        title=label,
        arms=(Arm(folder.name, label),),
        languages=ordered(languages, {tag: each[folder.name].caption_to_image.first for tag, each in scores.items()}),
        scores=scores,
        runs=(run,),
        dataset=_dataset_of(run.recipe, experiment),
        split=split,
        pictures=searched(folder, split),
        steps=max(steps, default=None),
    )


def evaluated_split(folder: Path) -> str:
    """The split that is reported: the test, or where only others were evaluated, the first of them by name."""
    beside = ("gallery", DRAWINGS, THROUGH_ENGLISH)  # what tells of pictures, and has no figures
    found = sorted(path.stem for path in (folder / "evaluation").glob("*.json") if not path.stem.startswith(beside))
    return "test" if "test" in found or not found else found[0]


def _read_scores(folder: Path, split: str) -> dict[str, dict[str, Scores]]:
    """What an evaluation measured, as an arm of the run's name; empty where there was none."""
    path = folder / "evaluation" / f"{split}.json"
    if not path.exists():
        return {}
    saved = read_object(path)
    with fields_of(path):
        return {
            str(tag): {
                folder.name: Scores(
                    Measure.of({"captions": fields.get("captions"), **fields["caption_to_image"]}),
                    Measure.of(fields["image_to_caption"]) if "image_to_caption" in fields else None,
                )
            }
            for tag, fields in saved["languages"].items()
        }


def _experiment_around(folder: Path) -> Path | None:
    """The experiment that a run at EXPERIMENT/seed-N/ARM belongs to."""
    above = folder.resolve().parent.parent
    return above if (above / "experiment.json").exists() else None


def _from_the_table(tag: str) -> ReportedLanguage:
    try:
        found = language(tag)
    except UserError:  # a dataset may be in any language, and its tag is then all that is known of it
        return ReportedLanguage(tag, tag, tag, "ltr")
    return ReportedLanguage(tag, found.name, found.endonym, found.direction, found.script, found.family)


def _dataset_of(recipe: Mapping[str, Any], experiment: Path | None) -> Dataset | None:
    """The first dataset folder that the recipe names, or else the experiment's."""
    places = [Path(value) for value in _texts(recipe)]
    if experiment:
        places.append(experiment / "data")
    for place in places:
        if _is_dataset(place):
            return Dataset.open(place)
    return None


def _is_dataset(place: Path) -> bool:
    try:
        return (place / "dataset.json").is_file()
    except OSError:  # A text of the recipe may be too long for a name of a file.
        return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value and "\0" not in value:
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
