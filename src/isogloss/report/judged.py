"""What was to be reached, said before anything was measured: whether it holds, by whole intervals alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from isogloss.report.content import ReportedLanguage
from isogloss.report.measures import Interval
from isogloss.report.words import listed, spelled

State = Literal["holds", "does not hold", "undecided"]


@dataclass(frozen=True)
class JudgedClaim:
    """A sentence that was stated beforehand, whether it holds here, and the measurement that decides it."""

    claim: str
    state: State
    measured: str


def state_of(value: Interval | None, least: float) -> State:
    """Whether a value is at least so much, by the whole of its interval; without an interval that is not known."""
    if value is None or value.low is None or value.high is None:
        return "undecided"
    low, high, least = (round(end, 9) for end in (value.low, value.high, least))
    if low >= least:
        return "holds"
    return "does not hold" if high < least else "undecided"


def state_of_all(
    values: Mapping[str, Interval | None], least: float, languages: Mapping[str, ReportedLanguage]
) -> tuple[State, str]:
    """The state of a claim on all languages, and in words which are above, within and below; without any it is undecided.

    Args:
        values: by language tag.
        languages: by tag, those of the values at least.
    """
    states = {tag: state_of(value, least) for tag, value in values.items()}

    def called(wanted: State) -> list[str]:
        return [languages[tag].name for tag, state in states.items() if state == wanted]

    below, unclear = called("does not hold"), called("undecided")
    words = f"clearly reached in {len(called('holds'))} of {len(states)} languages"
    words += f"; not decided in {listed(unclear)}" if unclear else ""
    words += f"; clearly missed in {listed(below)}" if below else ""
    known = {tag: value for tag, value in values.items() if value is not None}
    if known:
        worst = min(known, key=lambda tag: known[tag].value)
        words += f"; the least is {languages[worst].name} with {percent(known[worst])}"
    if below:
        return "does not hold", words
    return "undecided" if unclear or not states else "holds", words


def percent(value: Interval) -> str:
    """A share in percent with its interval, such as "31.2 % (29.1–33.3)"."""
    if value.low is None or value.high is None:
        return f"{value.value:.1f}\N{NO-BREAK SPACE}%"
    return f"{value.value:.1f}\N{NO-BREAK SPACE}% ({value.low:.1f}–{value.high:.1f})"


def verdict(claims: Sequence[JudgedClaim]) -> str:
    """How many of the claims hold, in one sentence; empty where none was stated."""
    if not claims:
        return ""
    counts = [
        (sum(claim.state == "holds" for claim in claims), "holds", "hold"),
        (sum(claim.state == "does not hold" for claim in claims), "does not hold", "do not hold"),
        (sum(claim.state == "undecided" for claim in claims), "is undecided", "are undecided"),
    ]
    if all(claim.state == "holds" for claim in claims):
        return "The claim holds." if len(claims) == 1 else f"{'Both' if len(claims) == 2 else 'All'} claims hold."
    parts = [f"{spelled(count)} {one if count == 1 else many}" for count, one, many in counts if count]
    return f"Of the {spelled(len(claims))} claim{'' if len(claims) == 1 else 's'}, {listed(parts)}."


def print_judged(console: Console, sentence: str, claims: Sequence[JudgedClaim]) -> None:
    """Print what came of it, the verdict, and each claim with what was measured; nothing where there is none."""
    if sentence:
        # Terminals have no use for marks that keep ranges on one line.
        console.print(sentence.replace("\N{WORD JOINER}", ""))
    if claims:
        console.print(verdict(claims))
    for claim in claims:
        console.print(f"- {claim.state}: {claim.claim} Measured: {claim.measured}.")
