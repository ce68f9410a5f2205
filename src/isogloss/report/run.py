"""A single run's folder, read for its report: its curves, and whatever evaluation exists."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from isogloss.data.dataset import Dataset
from isogloss.languages import language
from isogloss.report.content import Arm, Content, ReportedLanguage, ordered, read_run
from isogloss.report.experiment import read_languages, searched
from isogloss.report.measures import Measure, Scores
from isogloss.report.saved import fields_of, read_object


def read_single_run(folder: Path) -> Content:
    """Read a run, alone or inside an experiment, whose languages and data it then shares.

    Raises:
        UserError: the recipe or the metrics are missing, or a file is damaged.
    """
    run = read_run(folder, folder.name, None)
    experiment = _experiment_around(folder)
    known: dict[str, ReportedLanguage] = {}
    label = folder.name
    if experiment:
        with fields_of(experiment / "experiment.json"):
            saved = read_object(experiment / "experiment.json")
            known = read_languages(saved.get("languages", {}))
            label = next((str(arm["label"]) for arm in saved["arms"] if arm["name"] == folder.name), label)
    scores = _read_scores(folder)
    languages = [known.get(tag) or _from_the_table(tag) for tag in scores]
    steps = [int(row["step"]) for rows in run.metrics.rows.values() for row in rows]
    return Content(
        folder=folder,
        title=label,
        arms=(Arm(folder.name, label),),
        languages=ordered(languages, scores, folder.name),
        scores=scores,
        runs=(run,),
        dataset=_dataset_of(run.recipe, experiment),
        pictures=searched(folder),
        steps=max(steps, default=None),
    )


def _read_scores(folder: Path) -> dict[str, dict[str, Scores]]:
    """What evaluation/test.json measured, as an arm of the run's name; empty where there was no test."""
    path = folder / "evaluation" / "test.json"
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
    found = language(tag)
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
