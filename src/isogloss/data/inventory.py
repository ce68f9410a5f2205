"""What is in a dataset: counted table by table and batch by batch, so that ten million pictures fit as well as ten."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.data.conversation_inventory import (
    ConversationInventory,
    conversation_inventories,
    sampled_conversations,
)
from isogloss.data.conversations import Conversation
from isogloss.data.counting import Scores, batches, count, most_first, quartiles
from isogloss.data.dataset import Dataset
from isogloss.data.rejections import Rejected, imported, rejected
from isogloss.data.tables import LONGEST_CAPTION
from isogloss.data.tally import Tally

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

_BATCH = 1 << 17
# Sides in pixels and sizes in kilobytes beyond these are drawn as these.
_LONGEST_SIDE, _LARGEST_FILE = 65_536, 1 << 18


@dataclass(frozen=True)
class PictureInventory:
    """The pictures: how many each split has, their sides in pixels, their sizes in kilobytes, and where they lie.

    endings: of the files they lie in, such as jpg or tar; places: the folders or stores of these files.
    """

    splits: Mapping[str, int]
    width: Tally
    height: Tally
    kilobytes: Tally
    bytes: int
    endings: Mapping[str, int]
    places: Mapping[str, int]


@dataclass(frozen=True)
class LanguageInventory:
    """The captions of one language.

    pictures: of each split, how many have a caption; lengths: in characters; sources: captions by source;
    translated: those of them that say which caption they translate; strangers: captions of pictures that are not listed.
    """

    tag: str
    captions: int
    pictures: Mapping[str, int]
    lengths: Tally
    sources: Mapping[str, int]
    translated: Mapping[str, int]
    scores: Scores | None
    strangers: int


@dataclass(frozen=True)
class Inventory:
    """All of it.

    translations: what the translation job rejected; added: what `isogloss data add` did; imported: entries that the
    import left out, by reason; sample: rows of images.parquet, by chance, of pictures that have a caption; spoken: the
    conversations of each language; unspoken: those whose translation was rejected; talks: conversations by chance, each in
    every language that has it.
    """

    pictures: PictureInventory
    languages: tuple[LanguageInventory, ...]
    translations: tuple[Rejected, ...]
    added: tuple[Rejected, ...]
    imported: Mapping[str, int]
    sample: tuple[int, ...]
    spoken: tuple[ConversationInventory, ...] = ()
    unspoken: tuple[Rejected, ...] = ()
    talks: tuple[Mapping[str, Conversation], ...] = ()

    def rejection_rate(self, tag: str, origin: str = "") -> float | None:
        """The share of the translations into a language, or of one engine's, that was rejected; None without any."""
        bad = sum(one.count for one in self.translations if one.tag == tag and origin in ("", one.origin))
        made = next((one.translated for one in self.languages if one.tag == tag), {})
        good = sum(count for source, count in made.items() if origin in ("", source))
        return bad / (bad + good) if bad + good else None


def take_inventory(dataset: Dataset, samples: int = 0, seed: int = 0) -> Inventory:
    """Count everything in a dataset's tables; no picture is opened.

    Raises:
        UserError: a table is damaged.
    """
    keys, splits, pictures = _pictures(dataset)
    told = np.zeros(len(keys), bool)
    languages: list[LanguageInventory] = []
    for tag in dataset.languages:
        counted, seen = _language(dataset, tag, keys, splits, list(pictures.splits))
        languages.append(counted)
        told |= seen
    candidates = np.flatnonzero(told) if told.any() else np.arange(len(keys))
    chosen = np.random.default_rng(seed).choice(candidates, min(samples, len(candidates)), replace=False)
    return Inventory(
        pictures,
        tuple(languages),
        tuple(rejected(dataset.root / "rejected", "source")),
        tuple(rejected(dataset.root / "rejected" / "added", "file")),
        imported(dataset.root / "rejected.parquet"),
        tuple(int(row) for row in np.sort(chosen)),
        conversation_inventories(dataset, keys, splits, list(pictures.splits)),
        tuple(rejected(dataset.root / "rejected" / "conversations", "source")),
        tuple(sampled_conversations(dataset, samples, seed)),
    )


def _pictures(dataset: Dataset) -> tuple[pa.ChunkedArray, NDArray[np.int64], PictureInventory]:
    """The keys of all pictures, the number of each one's split, and what is counted of them."""
    names = list(dataset.splits)
    keys: list[pa.Array] = []
    numbers: list[NDArray[np.int16]] = []
    width, height, kilobytes = Tally(_LONGEST_SIDE), Tally(_LONGEST_SIDE), Tally(_LARGEST_FILE)
    size = 0
    endings: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for batch in batches(
        dataset.root / "images.parquet", ["key", "split", "file", "length", "width", "height"], _BATCH
    ):
        names += [name for name in pc.unique(batch["split"]).to_pylist() if name not in names]
        numbers.append(pc.index_in(batch["split"], value_set=pa.array(names)).to_numpy(False).astype(np.int16))
        keys.append(batch["key"].cast(pa.large_string()))
        for tally, name in ((width, "width"), (height, "height")):
            tally.add(batch[name].to_numpy(False).astype(np.int64))
        lengths = batch["length"].to_numpy(False).astype(np.int64)
        kilobytes.add(lengths // 1000)
        size += int(lengths.sum())
        count(endings, pc.utf8_lower(pc.replace_substring_regex(batch["file"], r"^.*[./]", "")))
        count(places, _place(batch["file"]))
    number = np.concatenate([np.zeros(0, np.int16), *numbers])
    counts = np.bincount(number, minlength=len(names)).tolist()
    pictures = PictureInventory(
        dict(zip(names, counts, strict=True)), width, height, kilobytes, size, most_first(endings), most_first(places)
    )
    return pa.chunked_array(keys, pa.large_string()), number.astype(np.int64), pictures


def _place(files: Any) -> Any:
    """The store, or the first two folders, that a file lies in."""
    folder = pc.replace_substring_regex(files, r"^((?:[a-z0-9+.-]+://)?/?[^/]+(?:/[^/]+)?)/.*$", r"\1")
    return pc.if_else(pc.match_substring(files, "/"), folder, ".")


def _language(
    dataset: Dataset, tag: str, keys: pa.ChunkedArray, splits: NDArray[np.int64], names: Sequence[str]
) -> tuple[LanguageInventory, NDArray[np.bool_]]:
    """What is counted of a language, and which pictures have a caption in it."""
    path = dataset.root / "captions" / f"{tag}.parquet"
    lengths = Tally(LONGEST_CAPTION)
    sources: Counter[str] = Counter()
    translated: Counter[str] = Counter()
    scores: list[NDArray[np.float32]] = []
    owners = _Owners(keys)
    columns = ["key", "text", "source", "score", "original"]
    for batch in batches(path, [name for name in columns if name in pq.read_schema(path).names], _BATCH):
        owners.add(batch["key"].cast(pa.large_string()))
        lengths.add(pc.utf8_length(batch["text"]).to_numpy(False).astype(np.int64))
        count(sources, batch["source"])
        if "original" in batch.schema.names:
            count(translated, batch["source"].filter(pc.is_valid(batch["original"])))
        scores.append(batch["score"].drop_null().to_numpy(False).astype(np.float32))
    owners.settle()
    counts = np.bincount(splits[owners.seen], minlength=len(names)).tolist()
    counted = LanguageInventory(
        tag,
        lengths.total,
        dict(zip(names, counts, strict=True)),
        lengths,
        most_first(sources),
        most_first(translated),
        quartiles(np.concatenate([np.zeros(0, np.float32), *scores])),
        owners.strangers,
    )
    return counted, owners.seen


@dataclass
class _Owners:
    """Which pictures the keys of captions belong to.

    Captions mostly stand in the order of the pictures. So each batch is looked up among the pictures that follow, and only
    what is not found there, at the end and at once, among all.
    """

    keys: pa.ChunkedArray
    strangers: int = 0
    seen: NDArray[np.bool_] = field(init=False)
    _next: int = 0
    _left: list[pa.Array] = field(default_factory=list[Any])

    def __post_init__(self) -> None:
        self.seen = np.zeros(len(self.keys), bool)

    def add(self, keys: pa.Array) -> None:
        rows = pc.index_in(keys, value_set=self.keys.slice(self._next, 2 * _BATCH))
        found = rows.drop_null().to_numpy(False).astype(np.int64) + self._next
        self.seen[found] = True
        if len(found):
            self._next = int(found.max())
        if rows.null_count:
            self._left.append(keys.filter(pc.is_null(rows)))

    def settle(self) -> None:
        if self._left:
            rows = pc.index_in(pa.chunked_array(self._left), value_set=self.keys)
            self.seen[rows.drop_null().to_numpy().astype(np.int64)] = True
            self.strangers = rows.null_count


def sampled(dataset: Dataset, rows: Sequence[int]) -> list[dict[str, Any]]:
    """The rows of images.parquet with these numbers, and under "captions" each one's captions: language → table rows.

    rows: ascending.

    Raises:
        UserError: a table is damaged.
    """
    found: list[dict[str, Any]] = []
    start = 0
    for batch in batches(dataset.root / "images.parquet", None, _BATCH):
        inside = [row - start for row in rows if start <= row < start + batch.num_rows]
        found += batch.take(pa.array(inside, pa.int64())).to_pylist()
        start += batch.num_rows
    keys = pa.array([one["key"] for one in found], pa.string())
    by_key: dict[str, dict[str, list[dict[str, Any]]]] = {one["key"]: {} for one in found}
    for tag in dataset.languages:
        for batch in batches(dataset.root / "captions" / f"{tag}.parquet", ["key", "text", "source", "score"], _BATCH):
            for one in batch.filter(pc.is_in(batch["key"], value_set=keys)).to_pylist():
                by_key[one["key"]].setdefault(tag, []).append(one)
    return [{**one, "captions": by_key[one["key"]]} for one in found]
