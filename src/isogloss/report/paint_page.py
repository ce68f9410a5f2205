"""The page of a paint run, or of an experiment on paint models."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isogloss.report.figures import label_width
from isogloss.report.judged import percent, verdict
from isogloss.report.loss_figure import loss_figure
from isogloss.report.paint_claims import claims
from isogloss.report.paint_content import PaintContent
from isogloss.report.paint_figures import TRAINED, UNSEEN, arm_figure, arm_label_width, dot_figure, lettered
from isogloss.report.paint_reading import read_paint_experiment, read_paint_run
from isogloss.report.paint_words import compared, done, found
from isogloss.report.recipes import differences, written
from isogloss.report.templates import template
from isogloss.report.words import duration, number, when
from isogloss.saving import write_text

_SECTIONS = {
    "pictures": "Pictures",
    "languages": "Languages",
    "arms": "Beside other ways",
    "layers": "Which text side",
    "little": "How little is enough",
    "table": "All figures",
    "distances": "As a set",
    "training": "Training",
    "measured": "How it was measured",
    "recipes": "Recipes",
    "repeat": "Repeat",
}
# Scenes beyond these are folded away.
_SCENES_SHOWN = 3


def write_paint_report(folder: Path, *, experiment: bool) -> Path:
    """Write report.html into the folder of a paint run or experiment, from what is saved there.

    Returns:
        Its path.

    Raises:
        UserError: a file is missing or damaged, or the page cannot be written.
    """
    page = folder / "report.html"
    write_text(page, render(read_paint_experiment(folder) if experiment else read_paint_run(folder)))
    return page


def render(content: PaintContent) -> str:
    """The page's HTML; all text is escaped."""
    judged = claims(content) if content.experiment else []
    main = lettered([content.main])
    beside = lettered(content.of("pivot", "translated"))
    sections = {name: (content.main, *content.of(name)) if content.of(name) else () for name in ("layers", "little")}
    measured = lettered([arm for arm in content.arms if arm.name in content.scores])
    panels = {split: loss_figure([content.main.arm], content.runs, split) for split in ("train", "validation")}
    scored = bool(content.scores.get(content.main.name))
    shown: dict[str, Any] = {
        "pictures": content.scenes,
        "languages": dot_figure(content, main) if scored else [],
        "arms": dot_figure(content, beside) if len(beside) > 1 else [],
        **{name: arm_figure(content, arms) for name, arms in sections.items()},
        "table": measured if scored else [],
        "distances": content.distances,
        "training": [*panels["train"], *panels["validation"]],
        "measured": scored,
        "recipes": content.recipes,
    }
    recipes = [(arm.label, content.recipes[arm.name]) for arm in content.arms if arm.name in content.recipes]
    return template("paint.html").render(
        number=number,
        percent=percent,
        content=content,
        created=when(content.created),
        done=done(content),
        found=found(content),
        claims=judged,
        verdict=verdict(judged),
        contents=[(anchor, name) for anchor, name in _SECTIONS.items() if shown.get(anchor, True)],
        most_scenes=_SCENES_SHOWN,
        right=_right(content),
        labels=label_width(content.languages),
        language_panels=shown["languages"],
        beside_panels=shown["arms"],
        marked_beside=beside,
        comparisons=compared(content),
        arm_panels={name: shown[name] for name in sections},
        arm_labels={name: arm_label_width(arms) for name, arms in sections.items() if arms},
        marks={"trained": TRAINED, "unseen": UNSEEN},
        marked=measured,
        scored=scored,
        training_panels=panels["train"],
        validation_panels=panels["validation"],
        recipes=[(label, written(recipe)) for label, recipe in recipes],
        differences=differences([recipe for _, recipe in recipes]),
        report_command=f"isogloss report {shlex.quote(str(content.folder))}",
        machine_facts=_machine_facts(content),
    )


def _right(content: PaintContent) -> tuple[int, int]:
    """How many of the pictures that are shown have everything right, and how many of them were read."""
    read = [one for scene in content.scenes for one in scene.painted if one.right is not None]
    return sum(bool(one.right) for one in read), len(read)


def _machine_facts(content: PaintContent) -> Mapping[str, Any]:
    facts: dict[str, Any] = {} if content.seconds is None else {"duration": duration(content.seconds)}
    return facts | ({"seeds": content.seeds} if content.experiment else {}) | dict(content.machine)
