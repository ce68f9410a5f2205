"""A chat experiment at a glance, in the terminal."""

from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from isogloss.report.chat_claims import claims
from isogloss.report.chat_content import ChatArm, ChatContent
from isogloss.report.chat_experiment import read_chat_experiment
from isogloss.report.chat_words import found
from isogloss.report.judged import percent, print_judged


def print_chat_summary(folder: Path, console: Console | None = None) -> None:
    """Print the figures of the main arm by language, those of the arms beside it, and the claims with their verdicts.

    Raises:
        UserError: a file of the experiment is missing or damaged.
    """
    content = read_chat_experiment(folder)
    console = console or Console(markup=False, emoji=False, highlight=False)
    console.print(_languages(content))
    if len(content.beside) > 1:
        console.print(_arms(content))
    print_judged(console, found(content), claims(content))


def _languages(content: ChatContent) -> Table:
    """A row a language, the trained ones first, with the main arm's figures."""
    measures = {"exact": "exactly right", "relative_exact": "of English's", "fidelity": "in the language"}
    table = Table(
        Column("", no_wrap=True),
        "language",
        "pairs",
        *(Column(name, justify="right", overflow="fold") for name in measures.values()),
        title=content.main.label,
        title_justify="left",
    )
    for language in content.languages.values():
        figures = content.scores[content.main.name].get(language.tag)
        if figures is None:
            continue
        shares = [figures.measures.get(name) for name in measures]
        table.add_row(
            language.tag,
            language.name,
            language.group,
            *("" if share is None else percent(share) for share in shares),
        )
    return table


def _arms(content: ChatContent) -> Table:
    """A row a language, a column an arm: how often each is exactly right."""
    table = Table(
        Column("", no_wrap=True),
        *(Column(arm.label, justify="right", overflow="fold") for arm in content.beside),
        title="Exactly right",
        title_justify="left",
    )
    for tag in content.languages:
        table.add_row(tag, *(_exact(content, tag, arm) for arm in content.beside))
    return table


def _exact(content: ChatContent, tag: str, arm: ChatArm) -> str:
    value = content.measure(tag, arm.name, "exact")
    return "" if value is None else percent(value)
