"""The page of a dataset: what is in it, language by language, with pictures and captions by chance."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.data.conversation_inventory import ConversationInventory
from isogloss.data.dataset import Dataset
from isogloss.data.inventory import Inventory, LanguageInventory, sampled
from isogloss.data.tables import many
from isogloss.data.tally import Tally
from isogloss.report.axis import Axis, linear
from isogloss.report.content import ReportedLanguage, named
from isogloss.report.templates import template
from isogloss.report.thumbnail import thumbnail
from isogloss.report.words import number
from isogloss.saving import write_text

# Pixels of a sample's longer side: twice the size shown, for screens with two dots a pixel.
_SIDE = 320
# Bars of a histogram, and what share of all values its axis reaches; the last bar has the rest.
_BARS, _SHOWN = 30, 0.995
# What is beyond these is counted, or folded away.
_MOST_PLACES, _MOST_CAPTIONS, _MOST_LANGUAGES, _MOST_TALKS = 12, 5, 12, 6


@dataclass(frozen=True)
class Histogram:
    """A distribution as bars in percent of the highest, over an axis; text says it in words."""

    title: str
    axis: Axis
    bars: tuple[float, ...]
    text: str


@dataclass(frozen=True)
class LanguageRow:
    """A language, what is counted of it, its share of each split's pictures, and the lengths of its captions."""

    language: ReportedLanguage
    counted: LanguageInventory
    coverage: tuple[tuple[str, int, float], ...]
    lengths: Histogram
    rejected: float | None

    @property
    def pictures(self) -> int:
        return sum(self.counted.pictures.values())


@dataclass(frozen=True)
class ConversationRow:
    """A language, what is counted of its conversations, and the lengths of their replies."""

    language: ReportedLanguage
    counted: ConversationInventory
    lengths: Histogram


@dataclass(frozen=True)
class Sample:
    """A picture, where it lies, and its captions: language, those that are shown, and how many more there are."""

    key: str
    split: str
    size: tuple[int, int]
    uri: str | None
    captions: tuple[tuple[ReportedLanguage, tuple[str, ...], int], ...]


def write_dataset_page(dataset: Dataset, inventory: Inventory, page: Path) -> int:
    """Write the page of a dataset; returns how many of its sampled pictures could not be read.

    Raises:
        UserError: a table is damaged, or the page cannot be written.
    """
    samples = [_sample(dataset, one) for one in sampled(dataset, inventory.sample)]
    write_text(page, render(dataset, inventory, samples))
    return sum(sample.uri is None for sample in samples)


def render(dataset: Dataset, inventory: Inventory, samples: Sequence[Sample]) -> str:
    """The page's HTML; all text is escaped."""
    return template("dataset.html").render(
        number=number,
        title=dataset.information.get("name") or dataset.root.name,
        information=dataset.information,
        inventory=inventory,
        facts=_facts(dataset, inventory),
        splits=_splits(inventory),
        rows=language_rows(inventory),
        picture_panels=_picture_panels(inventory),
        places=_listed(inventory.pictures.places),
        endings=_listed(inventory.pictures.endings),
        sources=_sources(inventory),
        rates=[(named(one.tag), one, inventory.rejection_rate(one.tag, one.origin)) for one in inventory.translations],
        spoken=conversation_rows(inventory),
        talks=[
            [(named(tag), conversation) for tag, conversation in talk.items()] for talk in inventory.talks[:_MOST_TALKS]
        ],
        unspoken=[(named(one.tag), one) for one in inventory.unspoken],
        added=[(named(one.tag), one) for one in inventory.added],
        samples=samples,
        missing=sum(sample.uri is None for sample in samples),
        most_languages=_MOST_LANGUAGES,
        command=f"isogloss data show {shlex.quote(str(dataset.root))} --html PAGE",
    )


def language_rows(inventory: Inventory) -> list[LanguageRow]:
    """The languages, all their captions' lengths over one axis, so that they compare."""
    high = max((one.lengths.quantile(_SHOWN) for one in inventory.languages), default=1)
    rows: list[LanguageRow] = []
    for one in inventory.languages:
        coverage = tuple(
            (split, one.pictures.get(split, 0), one.pictures.get(split, 0) / count if count else 0.0)
            for split, count in inventory.pictures.splits.items()
        )
        rows.append(
            LanguageRow(
                named(one.tag),
                one,
                coverage,
                _histogram("characters", one.lengths, high),
                inventory.rejection_rate(one.tag),
            )
        )
    return rows


def conversation_rows(inventory: Inventory) -> list[ConversationRow]:
    """The languages that have conversations, all their replies' lengths over one axis."""
    high = max((one.lengths.quantile(_SHOWN) for one in inventory.spoken), default=1)
    return [
        ConversationRow(named(one.tag), one, _histogram("characters", one.lengths, high)) for one in inventory.spoken
    ]


def _histogram(title: str, tally: Tally, high: float) -> Histogram:
    axis = linear([0.0, float(max(high, 1))], low=0.0)
    counts = tally.bars([axis.high * place / _BARS for place in range(_BARS + 1)])
    most = max(counts) or 1
    middle = [tally.quantile(share) for share in (0.25, 0.5, 0.75)]
    text = f"{title}: half of them from {middle[0]:,} to {middle[2]:,}, median {middle[1]:,}"
    return Histogram(title, axis, tuple(round(100 * count / most, 2) for count in counts), text)


def _picture_panels(inventory: Inventory) -> list[Histogram]:
    pictures = inventory.pictures
    side = max(pictures.width.quantile(_SHOWN), pictures.height.quantile(_SHOWN))
    return [
        _histogram("width, pixels", pictures.width, side),
        _histogram("height, pixels", pictures.height, side),
        _histogram("size, kilobytes", pictures.kilobytes, pictures.kilobytes.quantile(_SHOWN)),
    ]


def _facts(dataset: Dataset, inventory: Inventory) -> dict[str, Any]:
    pictures = inventory.pictures
    strangers = sum(one.strangers for one in inventory.languages)
    facts = {
        "folder": str(dataset.root),
        "pictures": f"{sum(pictures.splits.values()):,}, together {_size(pictures.bytes)}",
        "captions": _of_languages([one.captions for one in inventory.languages]) or "none",
        "conversations": _of_languages([one.conversations for one in inventory.spoken]),
        "licence": dataset.information.get("licence"),
        "of pictures not listed": f"{strangers:,} captions; isogloss data check names them" if strangers else "",
    }
    return {name: value for name, value in facts.items() if value}


def _of_languages(counts: Sequence[int]) -> str:
    return f"{sum(counts):,} in {many(len(counts), 'language')}" if counts else ""


def _splits(inventory: Inventory) -> list[tuple[str, int, float]]:
    total = sum(inventory.pictures.splits.values()) or 1
    return [(split, count, count / total) for split, count in inventory.pictures.splits.items()]


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{number(count)} {unit}"
        count /= 1000
    return f"{number(count)} TB"


def _listed(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent, and the others as one."""
    every = list(counts.items())
    rest = every[_MOST_PLACES:]
    return [*every[:_MOST_PLACES], *([(f"{len(rest):,} more", sum(count for _, count in rest))] if rest else [])]


def _sources(inventory: Inventory) -> list[tuple[str, int, int, list[str]]]:
    """Every source of captions: how many, how many of them translate another, and the languages."""
    names = sorted({source for one in inventory.languages for source in one.sources})
    return [
        (
            name,
            sum(one.sources.get(name, 0) for one in inventory.languages),
            sum(one.translated.get(name, 0) for one in inventory.languages),
            [one.tag for one in inventory.languages if name in one.sources],
        )
        for name in names
    ]


def _sample(dataset: Dataset, row: Mapping[str, Any]) -> Sample:
    captions = tuple(
        (named(tag), tuple(one["text"] for one in found[:_MOST_CAPTIONS]), max(0, len(found) - _MOST_CAPTIONS))
        for tag, found in row["captions"].items()
    )
    uri = thumbnail(dataset.locate(row["file"]), row["offset"], row["length"], _SIDE, remote=True)
    return Sample(row["key"], row["split"], (row["width"], row["height"]), uri, captions)
