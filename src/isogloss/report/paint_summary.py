"""A paint experiment at a glance, in the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from isogloss.report.judged import percent, print_judged
from isogloss.report.measures import Interval
from isogloss.report.paint_claims import claims
from isogloss.report.paint_content import PaintContent
from isogloss.report.paint_reading import read_paint_experiment
from isogloss.report.paint_words import found


def print_paint_summary(folder: Path, console: Console | None = None) -> None:
    """Print the figures of the main arm by language, those of all arms, and the claims with their verdicts.

    Raises:
        UserError: a file of the experiment is missing or damaged.
    """
    content = read_paint_experiment(folder)
    console = console or Console(markup=False, emoji=False, highlight=False)
    console.print(_languages(content))
    if len(content.scores) > 1:
        console.print(_arms(content))
    print_judged(console, found(content), claims(content))


def _languages(content: PaintContent) -> Table:
    """A row a language, the trained ones first, with the main arm's figures and those of prompts put into English."""
    columns = [(content.main, "attributes", "attributes"), (content.main, "all_right", "everything right")]
    columns += [(arm, "all_right", "through English") for arm in content.of("translated")]
    heads = (Column(head, justify="right") for *_, head in columns)
    table = Table(Column("", no_wrap=True), "language", *heads, title=content.main.label, title_justify="left")
    for tag, language in content.languages.items():
        table.add_row(tag, language.name, *(_said(content.measure(tag, arm.name, name)) for arm, name, _ in columns))
    return table


def _arms(content: PaintContent) -> Table:
    """A row an arm: trained languages, and the mean of those that no caption of the main arm was in."""
    trained = " ".join(content.trained)
    heads = (f"attributes, {trained}", "attributes, others", f"everything right, {trained}", "everything right, others")
    table = Table("", *(Column(head, justify="right") for head in heads), title="All arms", title_justify="left")
    for arm in content.arms:
        if arm.name in content.scores:
            values = [
                content.mean(group, arm.name, name)
                for name in ("attributes", "all_right")
                for group in ("trained", "unseen")
            ]
            table.add_row(arm.label, *map(_said, values))
    return table


def _said(value: Interval | None) -> str:
    return "" if value is None else percent(value)
