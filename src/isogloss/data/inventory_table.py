"""What is in a dataset, printed."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Column, Table

from isogloss.data.dataset import Dataset
from isogloss.data.inventory import Inventory, LanguageInventory, sampled
from isogloss.data.tables import many
from isogloss.data.tally import Tally
from isogloss.languages import LANGUAGES

# The most frequent places and endings are printed, the others counted.
_MOST = 5


def print_inventory(dataset: Dataset, inventory: Inventory) -> None:
    """Print what is in a dataset: facts, a table of languages, sources, what was left out, and the captions of one picture."""
    pictures = inventory.pictures
    total = sum(pictures.splits.values())
    splits = ", ".join(f"{split} {count:,}" for split, count in pictures.splits.items())
    print(f"{dataset.root}: {many(total, 'picture')} ({splits})" if total else f"{dataset.root}: no pictures")
    if total:
        print(f"  pixels: width {_range(pictures.width)}, height {_range(pictures.height)}")
        print(f"  files: {_listed(pictures.endings)} in {_listed(pictures.places)}; {pictures.bytes / 1e6:,.1f} MB")
    console = Console(markup=False, emoji=False, highlight=False)
    if inventory.languages:
        console.print(_languages(inventory))
        console.print(_sources(inventory))
    if inventory.spoken:
        console.print(_conversations(inventory))
    for heading, every in (
        ("Rejected translations", inventory.translations),
        ("Rejected translations of conversations", inventory.unspoken),
        ("Left out of added tables", inventory.added),
    ):
        if every:
            table = Table(
                "language", "from", Column("left out", justify="right"), "why", title=heading, title_justify="left"
            )
            for one in every:
                table.add_row(one.tag, one.origin, f"{one.count:,}", _listed(one.reasons))
            console.print(table)
    for one in sampled(dataset, inventory.sample[:1]):
        table = Table(
            Column("", no_wrap=True), Column("caption", overflow="fold"), title=f"{one['key']} ({one['split']})"
        )
        for tag, captions in one["captions"].items():
            for caption in captions:
                table.add_row(tag, caption["text"])
        console.print(table)
    for one in inventory.talks[:1]:
        _, conversation = next(iter(one.items()))
        table = Table(
            Column("", no_wrap=True),
            Column("said", overflow="fold"),
            title=f"{conversation.key} ({conversation.language}; {', '.join(conversation.images) or 'no picture'})",
        )
        for turn in conversation.turns:
            table.add_row(turn.role, turn.text)
        console.print(table)
    if inventory.imported:
        print(f"Left out by the import: {_listed(inventory.imported)}")


def _languages(inventory: Inventory) -> Table:
    """A row a language; how much of each split it covers stands there only where that differs."""
    total = sum(inventory.pictures.splits.values())
    rejected = {one.tag for one in inventory.translations}
    table = Table(
        Column("", no_wrap=True),
        Column("language", overflow="fold"),
        "script",
        Column("captions", justify="right"),
        Column("covers", justify="right", overflow="fold"),
        Column("characters", justify="right", no_wrap=True),
        Column("score", justify="right"),
        *([Column("rejected", justify="right")] if rejected else []),
    )
    for one in inventory.languages:
        known = LANGUAGES.get(one.tag)
        covered = sum(one.pictures.values())
        by_split = {split: _share(one.pictures.get(split, 0), of) for split, of in inventory.pictures.splits.items()}
        alike = len(set(by_split.values())) == 1
        cells = [
            one.tag,
            known.name if known else "",
            known.script if known else "",
            f"{one.captions:,}",
            _share(covered, total) if alike else ", ".join(f"{split} {share}" for split, share in by_split.items()),
            _range(one.lengths),
            f"{one.scores.quartiles[1]:.2f}" if one.scores else "–",
        ]
        table.add_row(*cells, *([_rate(inventory, one)] if rejected else []))
    return table


def _conversations(inventory: Inventory) -> Table:
    """A row a language; splits and sources stand in the title where all languages have the same."""
    told = {
        "splits": [_listed(one.splits) for one in inventory.spoken],
        "from": [_listed(one.sources) for one in inventory.spoken],
    }
    alike = [texts[0] for texts in told.values() if len(set(texts)) == 1]
    differing = {name: texts for name, texts in told.items() if len(set(texts)) > 1}
    table = Table(
        Column("", no_wrap=True),
        *(Column(name, justify="right") for name in ("conversations", "turns", "pictures", "without")),
        Column("reply", justify="right", no_wrap=True),
        *(Column(name, overflow="fold") for name in differing),
        title=": ".join(["Conversations", *(["; ".join(alike)] if alike else [])]),
        title_justify="left",
    )
    for number, one in enumerate(inventory.spoken):
        counts = (one.conversations, one.turns, one.pictures, one.pictureless)
        cells = [one.tag, *(f"{count:,}" for count in counts), _range(one.lengths)]
        table.add_row(*cells, *(texts[number] for texts in differing.values()))
    return table


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _rate(inventory: Inventory, language: LanguageInventory) -> str:
    rate = inventory.rejection_rate(language.tag)
    return "–" if rate is None else f"{100 * rate:.2f} %"


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
