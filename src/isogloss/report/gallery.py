"""The gallery: queries in many scripts with the pictures that each arm found, failures too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute

from isogloss.data.dataset import Dataset
from isogloss.report.content import Answer, Arm, Content, Found, ReportedLanguage
from isogloss.report.marks import marked
from isogloss.report.thumbnail import thumbnail

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Pixels: twice the size shown, for screens with two dots a pixel.
_SIZE = 112
# So many cards are read by nobody; each language keeps two at least.
_MOST_CARDS = 42
_FEWEST_EACH = 2


@dataclass(frozen=True)
class Strip:
    """What one arm found for a query."""

    mark: str
    arm: Arm
    rank: float
    found: tuple[Found, ...]


@dataclass(frozen=True)
class Card:
    """A query, the picture that it is the caption of, and what the arms found."""

    language: ReportedLanguage
    query: str
    key: str
    strips: tuple[Strip, ...]


@dataclass(frozen=True)
class Picture:
    """A thumbnail as a data URI, None where the picture is not on this machine, and its English name."""

    identifier: str
    uri: str | None
    name: str


def cards(content: Content) -> list[tuple[str, list[Card]]]:
    """The cards by group of languages: the first seed's gallery, by both compared arms where both have it.

    A language with more answers than there is room for keeps some, evenly from its best rank to its worst.
    """
    first = content.runs[0].seed if content.runs else None
    galleries = {run.arm: run.gallery for run in content.runs if run.seed == first}
    answers: dict[str, dict[tuple[str, str], dict[str, Answer]]] = {}
    for _, arm in reversed(marked(content.compared)):
        for answer in galleries.get(arm.name, ()):
            answers.setdefault(answer.language, {}).setdefault((answer.query, answer.key), {})[arm.name] = answer
    present = [tag for tag in content.languages if tag in answers]
    room = max(_FEWEST_EACH, _MOST_CARDS // max(1, len(present)))
    grouped: list[tuple[str, list[Card]]] = []
    for group, languages in content.groups():
        found = [
            card for language in languages for card in _cards_of(language, answers.get(language.tag, {}), content, room)
        ]
        if found:
            grouped.append((group, found))
    return grouped


def pictures(dataset: Dataset | None, wanted: Iterable[str]) -> dict[str, Picture]:
    """A thumbnail and a name for every key that is wanted; without a dataset, keys alone.

    Raises:
        UserError: a table of the dataset is damaged.
    """
    keys = sorted(set(wanted))
    uris: Mapping[str, str] = {}
    names: Mapping[str, str] = {}
    if dataset and keys:
        chosen = pa.array(keys, pa.string())
        table = dataset.images(columns=["key", "file", "offset", "length"])
        rows = table.filter(pc.is_in(table["key"], value_set=chosen)).to_pylist()
        uris = {
            row["key"]: uri
            for row in rows
            if (uri := thumbnail(dataset.locate(row["file"]), row["offset"], row["length"], _SIZE))
        }
        names = _english_names(dataset, chosen)
    return {key: Picture(f"picture-{place}", uris.get(key), names.get(key, key)) for place, key in enumerate(keys)}


def wanted_keys(grouped: Sequence[tuple[str, Sequence[Card]]]) -> set[str]:
    """The keys of all pictures on the cards."""
    every = [card for _, found in grouped for card in found]
    return {card.key for card in every} | {
        found.key for card in every for strip in card.strips for found in strip.found
    }


def counts(grouped: Sequence[tuple[str, Sequence[Card]]]) -> list[tuple[Arm, int, int]]:
    """For every arm: on how many of its cards the right picture is shown, and how many cards it has."""
    found: dict[str, tuple[Arm, int, int]] = {}
    for card in (card for _, group in grouped for card in group):
        for strip in card.strips:
            arm, right, total = found.get(strip.arm.name, (strip.arm, 0, 0))
            hit = any(shown.key == card.key for shown in strip.found)
            found[strip.arm.name] = (arm, right + hit, total + 1)
    return list(found.values())


def _cards_of(
    language: ReportedLanguage,
    queries: Mapping[tuple[str, str], Mapping[str, Answer]],
    content: Content,
    room: int,
) -> list[Card]:
    every = [
        Card(
            language=language,
            query=query,
            key=key,
            strips=tuple(
                Strip(mark, arm, by_arm[arm.name].rank, by_arm[arm.name].found)
                for mark, arm in marked(content.compared)
                if arm.name in by_arm
            ),
        )
        for (query, key), by_arm in queries.items()
    ]
    every.sort(key=lambda card: (card.strips[-1].rank, card.query))
    if len(every) <= room:
        return every
    return [every[round(place * (len(every) - 1) / (room - 1))] for place in range(room)]


def _english_names(dataset: Dataset, keys: pa.Array) -> dict[str, str]:
    """The first English caption of every picture that has one."""
    if "en" not in dataset.languages:
        return {}
    table = dataset.captions("en")
    names: dict[str, str] = {}
    for row in table.filter(pc.is_in(table["key"], value_set=keys)).select(["key", "text"]).to_pylist():
        names.setdefault(row["key"], row["text"])
    return names
