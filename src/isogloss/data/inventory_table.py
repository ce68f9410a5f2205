"""What is in a dataset, printed."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Column, Table

from isogloss.data.dataset import Dataset
from isogloss.data.inventory import Inventory, LanguageInventory
from isogloss.data.tables import many
from isogloss.data.tally import Tally
from isogloss.languages import LANGUAGES

# The most frequent places and endings are printed, the others counted.
_MOST = 5


def print_inventory(dataset: Dataset, inventory: Inventory) -> None:
    """Print what is in a dataset: facts, then a table of languages, then sources and what was left out."""
    pictures = inventory.pictures
    total = sum(pictures.splits.values())
    splits = ", ".join(f"{split} {count:,}" for split, count in pictures.splits.items())
    print(f"{dataset.root}: {many(total, 'picture')} ({splits})")
    print(f"  pixels: width {_range(pictures.width)}, height {_range(pictures.height)}")
    print(f"  files: {_listed(pictures.endings)} in {_listed(pictures.places)}; {pictures.bytes / 1e6:,.1f} MB")
    console = Console(markup=False, emoji=False, highlight=False)
    if inventory.languages:
        console.print(_languages(inventory))
        console.print(_sources(inventory))
    for heading, every in (
        ("Rejected translations", inventory.translations),
        ("Left out of added tables", inventory.added),
    ):
        if every:
            table = Table(
                "language", "from", Column("left out", justify="right"), "why", title=heading, title_justify="left"
            )
            for one in every:
                table.add_row(one.tag, one.origin, f"{one.count:,}", _listed(one.reasons))
            console.print(table)
    if inventory.imported:
        print(f"Left out by the import: {_listed(inventory.imported)}")


def _languages(inventory: Inventory) -> Table:
    splits = inventory.pictures.splits
    rejected = {one.tag for one in inventory.translations}
    names = (
        "language",
        "",
        "captions",
        "pictures",
        *splits,
        "characters",
        "scores",
        *(["rejected"] if rejected else []),
    )
    table = Table(*(Column(name, overflow="fold") for name in names))
    for one in inventory.languages:
        known = LANGUAGES.get(one.tag)
        about = f"{known.name}, {known.script}, {known.family}" if known else ""
        shares = [
            f"{100 * one.pictures.get(split, 0) / count:.1f} %" if count else "–" for split, count in splits.items()
        ]
        cells = [one.tag, about, f"{one.captions:,}", f"{sum(one.pictures.values()):,}", *shares, _range(one.lengths)]
        cells.append(f"{one.scores.quartiles[1]:.2f}" if one.scores else "–")
        if rejected:
            cells.append(_rate(inventory, one))
        table.add_row(*cells)
    return table


def _rate(inventory: Inventory, language: LanguageInventory) -> str:
    """The share of the translations into a language that were rejected."""
    found = [one for one in inventory.translations if one.tag == language.tag]
    bad, good = sum(one.count for one in found), sum(language.sources.get(one.origin, 0) for one in found)
    return f"{100 * bad / (bad + good):.2f} %" if bad else "–"


def _sources(inventory: Inventory) -> Table:
    table = Table(
        "captions from",
        Column("captions", justify="right"),
        Column("translations", justify="right"),
        Column("languages", overflow="fold"),
    )
    for source in sorted({source for one in inventory.languages for source in one.sources}):
        having = [one for one in inventory.languages if source in one.sources]
        count, translated = (
            sum(one.sources[source] for one in having),
            sum(one.translated.get(source, 0) for one in having),
        )
        table.add_row(source, f"{count:,}", f"{translated:,}", " ".join(one.tag for one in having))
    return table


def _range(tally: Tally) -> str:
    """The quartiles of a distribution."""
    low, middle, high = (tally.quantile(share) for share in (0.25, 0.5, 0.75))
    return f"{middle:,} ({low:,}–{high:,})"


def _listed(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:_MOST]]
    return ", ".join([*shown, *([f"{len(counts) - _MOST:,} more"] if len(counts) > _MOST else [])])
