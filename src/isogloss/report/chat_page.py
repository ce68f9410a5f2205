"""The page of a chat run, or of an experiment, and the main figure of the latter as a picture for elsewhere."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isogloss.report.chat_claims import FIDELITY, claims
from isogloss.report.chat_content import ChatArm, ChatContent, Example
from isogloss.report.chat_experiment import read_chat_experiment
from isogloss.report.chat_figures import dot_figure, lettered
from isogloss.report.chat_run import read_chat_run
from isogloss.report.chat_shares import language_panels, mean_panels
from isogloss.report.chat_words import comparisons, done, enough, found
from isogloss.report.content import Arm
from isogloss.report.figures import DotPanel, label_width, text_width
from isogloss.report.judged import percent, verdict
from isogloss.report.loss_figure import CurvePanel, loss_figure
from isogloss.report.recipes import differences, written
from isogloss.report.templates import template
from isogloss.report.words import duration, number, when
from isogloss.saving import write_text

_SECTIONS = {
    "scenes": "Pictures and replies",
    "languages": "Languages",
    "pairs": "Pairs never shown",
    "shares": "How little is enough",
    "arms": "Beside other ways",
    "answers": "Answers",
    "table": "All figures",
    "training": "Training",
    "measured": "How it was measured",
    "recipes": "Recipes",
    "repeat": "Repeat",
}
# Examples beyond these are folded away.
_EXAMPLES_SHOWN = 4
# What a recipe is read for; all of it is folded away below.
_MAIN_FIELDS = (
    "data.dataset",
    "vision.model",
    "language_model.model",
    "connector.kind",
    "connector.reduction",
    "align.languages",
    "align.conversations_per_step",
    "align.training.steps",
    "instruct.languages",
    "instruct.shares",
    "instruct.conversations_per_step",
    "instruct.training.steps",
    "instruct.lora.rank",
)
# Pixels of the picture for elsewhere: its width, its margin, and where its legend starts and how high a line of it is.
_WIDTH, _MARGIN, _TOP, _LINE = 960, 24, 64.0, 22.0


def write_chat_report(folder: Path, *, experiment: bool) -> Path:
    """Write report.html into the folder of a chat run or experiment, from what is saved there, and result.svg into the latter.

    Returns:
        The path of report.html.

    Raises:
        UserError: a file is missing or damaged, or the page cannot be written.
    """
    content = read_chat_experiment(folder) if experiment else read_chat_run(folder)
    page = folder / "report.html"
    write_text(page, render(content))
    if experiment:
        write_text(folder / "result.svg", render_figure(content))
    return page


def render(content: ChatContent) -> str:
    """The page's HTML; all text is escaped."""
    beside = content.beside
    judged = claims(content) if content.experiment else []
    letters = lettered(beside)
    answered = [(letter, arm) for letter, arm in letters if arm.name in content.answers]
    pairs = {content.main.name: content.pairs}
    shown: dict[str, Any] = {
        "scenes": content.examples,
        "languages": dot_figure(content, letters[:1], content.scores, ("exact", "fidelity", "attributes")),
        "pairs": dot_figure(content, letters[:1], pairs, ("exact", "fidelity", "attributes")),
        "shares": mean_panels(content),
        "arms": dot_figure(content, letters, content.own(content.scores), ("exact", "fidelity"))
        if len(beside) > 1
        else [],
        "answers": dot_figure(content, answered, content.own(content.answers), ("exact", "fidelity")),
        "measured": content.how,
        "table": beside[1:],
        "training": _training(content),
        "recipes": content.recipes,
    }
    recipes = [(arm.label, content.recipes[arm.name]) for arm in beside if arm.name in content.recipes]
    return template("chat.html").render(
        number=number,
        percent=percent,
        content=content,
        created=when(content.created),
        done=done(content),
        found=found(content),
        claims=judged,
        verdict=verdict(judged),
        contents=[(anchor, name) for anchor, name in _SECTIONS.items() if shown.get(anchor, True)],
        examples=_placed(content.examples),
        most_examples=_EXAMPLES_SHOWN,
        right=_right(content.examples),
        labels=label_width(content.languages),
        language_panels=shown["languages"],
        pairs_panels=shown["pairs"],
        pairs=pairs,
        share_panels=shown["shares"],
        share_languages=[
            ("Exactly right, language by language", language_panels(content, "exact")),
            ("In the language asked for, language by language", language_panels(content, "fidelity")),
        ],
        enough=[sentence for curve in content.curves if (sentence := enough(content, curve))],
        fidelity=number(FIDELITY),
        arm_panels=shown["arms"],
        marked_beside=letters,
        comparisons=comparisons(content),
        answer_panels=shown["answers"],
        marked_answered=answered,
        training=shown["training"],
        how=_how(content.how),
        recipes=[(label, written(recipe)) for label, recipe in recipes],
        main_fields=_main_fields(content.recipes.get(content.main.name, {})),
        differences=differences([recipe for _, recipe in recipes]),
        report_command=f"isogloss report {shlex.quote(str(content.folder))}",
        machine_facts=_machine_facts(content),
    )


def render_figure(content: ChatContent) -> str:
    """The figure of all arms in each language as an SVG file that needs nothing beside it."""
    letters = lettered(content.beside)
    panels = dot_figure(content, letters, content.own(content.scores), ("exact", "fidelity"))
    labels = label_width(content.languages)
    legend = _legend(letters)
    return template("chat_figure.html").render(
        number=number,
        title=content.title,
        panels=_side_by_side(panels, labels),
        arms=legend,
        width=_WIDTH,
        margin=_MARGIN,
        top=legend[-1][3] + 62,
        height=max((panel.height for panel in panels), default=0.0),
        whiskers=_whiskers(content),
    )


def _side_by_side(panels: Sequence[DotPanel], labels: int) -> list[tuple[DotPanel, float, float]]:
    """Each panel with where it starts and how wide it is, in pixels; the first has the labels on its left."""
    gap = 40
    room = (_WIDTH - 2 * _MARGIN - labels - gap * (len(panels) - 1)) / max(1, len(panels))
    return [(panel, _MARGIN + labels + place * (room + gap), room) for place, panel in enumerate(panels)]


def _legend(letters: Sequence[tuple[str, ChatArm]]) -> list[tuple[str, ChatArm, float, float]]:
    """Each arm with its letter and where its mark stands, in pixels, in as many lines as it takes."""
    placed: list[tuple[str, ChatArm, float, float]] = []
    x, y = _MARGIN + 6.0, _TOP
    for letter, arm in letters:
        width = text_width(arm.label, 13) + 44
        if placed and x + width > _WIDTH - _MARGIN:
            x, y = _MARGIN + 6.0, y + _LINE
        placed.append((letter, arm, x, y))
        x += width
    return placed


def _whiskers(content: ChatContent) -> str:
    return f"Whiskers are 95 % bootstrap intervals over pictures{' and seeds' if content.seeds > 1 else ''}."


def _placed(examples: Sequence[Example]) -> list[tuple[int, Example]]:
    return list(enumerate(examples, start=1))


def _right(examples: Sequence[Example]) -> tuple[int, int]:
    """How many of the replies that are shown are right, and of how many that is known."""
    known = [reply.right for example in examples for reply in example.replies if reply.right is not None]
    return sum(known), len(known)


def _training(content: ChatContent) -> list[tuple[str, list[CurvePanel]]]:
    """Of each stage that has logged losses, its name and its curves."""
    stages = [
        (
            run.arm,
            [
                panel
                for split in ("train", "validation")
                for panel in loss_figure([Arm(run.arm, run.arm)], [run], split)
            ],
        )
        for run in content.stages
    ]
    return [(name, panels) for name, panels in stages if panels]


def _how(how: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the measures, with what they are called on the page."""
    names = {"exact": "exactly right", "fidelity": "language", "cider": "CIDEr", "chrf": "chrF"}
    return {names.get(name, name): setting for name, setting in how.items()}


def _main_fields(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a recipe that say most of it, as far as they are there."""
    fields: dict[str, Any] = {}
    for path in _MAIN_FIELDS:
        value: Any = recipe
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value not in (None, {}, []):
            fields[path.replace(".", " ")] = value
    return fields


def _machine_facts(content: ChatContent) -> dict[str, Any]:
    facts: dict[str, Any] = {} if content.seconds is None else {"duration": duration(content.seconds)}
    return facts | ({"seeds": content.seeds} if content.experiment else {}) | dict(content.machine)
