"""A paint experiment at a glance, in the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from isogloss.evaluate.paint_table import print_paint
from isogloss.report.judged import percent, verdict
from isogloss.report.measures import Interval
from isogloss.report.paint_claims import claims
from isogloss.report.paint_content import PaintContent
from isogloss.report.paint_reading import read_paint_experiment
from isogloss.saved import read_object


def print_paint_summary(folder: Path, console: Console | None = None) -> None:
    """Print the figures of the main arm by language, those of all arms, and the claims with their verdicts.

    Raises:
        UserError: a file of the experiment is missing or damaged.
    """
    content = read_paint_experiment(folder)
    console = console or Console(markup=False, emoji=False, highlight=False)
    print_paint(folder, read_object(folder / "results.json"), console)
    if len(content.scores) > 1:
        console.print(_arms(content))
    judged = claims(content)
    if judged:
        console.print(verdict(judged))
    for claim in judged:
        console.print(f"- {claim.state}: {claim.claim} Measured: {claim.measured}.")


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
