"""The page: one HTML file that needs nothing beside it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.report import figures
from isogloss.report.chat_page import write_chat_report
from isogloss.report.content import Arm, Content, Run
from isogloss.report.experiment import read_experiment
from isogloss.report.gallery import cards, counts, pictures, wanted_keys
from isogloss.report.loss_figure import loss_figure
from isogloss.report.marks import marked
from isogloss.report.measures import cutoffs
from isogloss.report.paint_page import write_paint_report
from isogloss.report.recipes import differences, written
from isogloss.report.run import read_single_run
from isogloss.report.templates import template
from isogloss.report.words import duration, extent, number, resampled, standfirst, verdict, when
from isogloss.saved import read_object
from isogloss.saving import write_text

_SECTIONS = {
    "averages": "On average",
    "accuracy": "Accuracy",
    "ranks": "Ranks",
    "gallery": "Queries",
    "training": "Training",
    "table": "All figures",
    "data": "Data",
    "recipes": "Recipes",
    "repeat": "Repeat",
}
# Cards of a group beyond these are folded away.
_CARDS_SHOWN = 24


def write_report(folder: Path) -> Path:
    """Write report.html into an experiment's folder, or a run's, from the JSON saved there; returns its path.

    Raises:
        UserError: the folder is neither, a file is missing or damaged, or the page cannot be written.
    """
    folder = Path(folder)
    experiment = (folder / "experiment.json").exists()
    if not experiment and not (folder / "recipe.json").exists():
        raise UserError(
            f"{folder} holds neither experiment.json nor recipe.json, so there is nothing to report; name "
            "the folder of an experiment or a run."
        )
    family = read_object(folder / ("experiment.json" if experiment else "recipe.json")).get("family")
    if family == "paint":
        return write_paint_report(folder, experiment=experiment)
    if family == "chat":
        return write_chat_report(folder, experiment=experiment)
    content = read_experiment(folder) if experiment else read_single_run(folder)
    page = folder / "report.html"
    write_text(page, render(content, experiment=experiment))
    return page


def render(content: Content, *, experiment: bool) -> str:
    """The page's HTML; all text is escaped."""
    grouped = cards(content)
    measures = [scores.caption_to_image for by_arm in content.scores.values() for scores in by_arm.values()]
    recipes = _recipes(content)
    text_stage = [Arm("text", "Text stage")]
    shown: dict[str, Any] = {
        "averages": figures.average_figure(content) if content.averages else [],
        "accuracy": figures.accuracy_figure(content) if measures else [],
        "ranks": figures.rank_figure(content),
        "gallery": grouped,
        "table": measures,
    }
    return template("page.html").render(
        number=number,
        content=content,
        experiment=experiment,
        standfirst=standfirst(content),
        verdict=verdict(content),
        created=when(content.created),
        extent=extent(content),
        contents=[(anchor, name) for anchor, name in _SECTIONS.items() if shown.get(anchor, True)],
        arms=marked(content.arms),
        compared=marked(content.compared),
        cutoffs=cutoffs(measures),
        labels=figures.label_width(content.languages),
        average_panels=shown["averages"],
        accuracy_panels=shown["accuracy"],
        rank_panel=shown["ranks"],
        dots_words=_dots_words(content),
        curve_words=_curve_words(content),
        training_panels=loss_figure(content.compared, content.runs, "train"),
        validation_panels=loss_figure(content.compared, content.runs, "validation"),
        text_panels=[
            *loss_figure(text_stage, content.text_runs, "train"),
            *loss_figure(text_stage, content.text_runs, "validation"),
        ],
        cards=grouped,
        most_cards=_CARDS_SHOWN,
        gallery_counts=counts(grouped),
        thumbnails=pictures(content.dataset, wanted_keys(grouped)),
        several_seeds=len(content.seeds) > 1,
        information=content.dataset.information if content.dataset else {},
        data_facts=_data_facts(content),
        recipes=recipes,
        recipe_texts=_recipe_texts(content, recipes),
        differences=differences([run.recipe for _, run in recipes]),
        report_command=f"isogloss report {shlex.quote(str(content.folder))}",
        machine_facts=_machine_facts(content),
    )


def _dots_words(content: Content) -> str:
    words = f"Whiskers are 95 % bootstrap intervals over {resampled(content)}."
    if len(content.seeds) > 1:
        words += " Small upright strokes are the seeds, where they were saved one by one."
    if content.pictures:
        words += " The dotted line is chance."
    return words


def _curve_words(content: Content) -> str:
    if len(content.seeds) > 1:
        return "Strong lines are means over seeds, faint ones single seeds."
    return ""


def _recipes(content: Content) -> list[tuple[str, Run]]:
    """The recipe of every arm, from its first seed, under the arm's label."""
    first = {run.arm: run for run in reversed(content.runs)}
    return [(arm.label, first[arm.name]) for arm in content.arms if arm.name in first]


def _recipe_texts(content: Content, recipes: Sequence[tuple[str, Run]]) -> list[tuple[str, str]]:
    text_stage = [("Text stage", run) for run in content.text_runs[:1]]
    return [(name, written(run.recipe)) for name, run in [*text_stage, *recipes]]


def _data_facts(content: Content) -> dict[str, Any]:
    information: Mapping[str, Any] = content.dataset.information if content.dataset else {}
    splits = ", ".join(f"{split} {count:,}" for split, count in information.get("splits", {}).items())
    facts = {"name": information.get("name"), "pictures": splits, "licence": information.get("licence")}
    return {name: value for name, value in facts.items() if value}


def _machine_facts(content: Content) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if content.duration is not None:
        facts["duration"] = duration(content.duration)
    if content.seeds:
        facts["seeds"] = list(content.seeds)
    return facts | dict(content.machine or {})
