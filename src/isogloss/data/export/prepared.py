"""A dataset's tables laid out for export: pictures by split, captions beside them, each shard's part a slice of a mapped file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import Dataset
from isogloss.data.export.conversations import beside_pictures
from isogloss.data.tables import CAPTIONS, check_captions, check_images, reordered, rows_of
from isogloss.saving import new_file, write_json

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Rows of a batch in the mapped files.
_BATCH = 1 << 16
# What a caption has besides its text and source, and only some languages know.
_EXTRA = ("score", "original")
# What the files of conversations have before the language.
_SPOKEN = "spoken-"


@dataclass(frozen=True)
class Shard:
    """Pictures of one split that go into one file: rows `first` up to `last` of the prepared pictures."""

    split: str
    number: int
    of: int
    first: int
    last: int


@dataclass(frozen=True)
class Plan:
    """What is written where.

    Attributes:
        shards: in order.
        columns: of every language, which columns its captions fill: text, source, and perhaps score and original.
        spoken: how many conversations about one picture there are, by language.
    """

    shards: tuple[Shard, ...]
    columns: Mapping[str, tuple[str, ...]]
    spoken: Mapping[str, int]

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        columns = {language: tuple(names) for language, names in plan["columns"].items()}
        return cls(tuple(Shard(**shard) for shard in plan["shards"]), columns, plan["spoken"])


def prepare(dataset: Dataset, folder: Path, shard_bytes: int) -> Plan:
    """Lay out a dataset's tables in a folder, and plan its shards; what lies there already is taken as it is.

    One table is in memory at a time.

    shard_bytes: the most bytes of pictures in one shard, but one picture at least.

    Raises:
        UserError: a table of the dataset is damaged, or the disk is full.
    """
    if (folder / "plan.json").exists():
        return Plan.read(folder)
    folder.mkdir(parents=True, exist_ok=True)
    images = dataset.images()
    check_images(images, dataset.root / "images.parquet")
    names = pa.array(list(dataset.splits), pa.string())
    split = pc.index_in(images["split"], value_set=names).to_numpy().astype(np.int64)
    order = np.argsort(split, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    keys = images["key"]
    ordered = reordered(images, order)
    lengths = ordered["length"].to_numpy()
    _write(ordered, folder / "images.arrow")
    shards = _shards(list(dataset.splits), split[order], lengths, shard_bytes)
    del images, ordered
    columns = {language: _prepare_captions(dataset, language, keys, place, folder) for language in dataset.languages}
    spoken = {
        language: _prepare_conversations(dataset, language, keys, place, folder)
        for language in conversation_languages(dataset.root)
    }
    spoken = {language: count for language, count in spoken.items() if count}
    plan = {"shards": [asdict(shard) for shard in shards], "columns": columns, "spoken": spoken}
    write_json(folder / "plan.json", plan)
    return Plan.read(folder)


def _prepare_captions(
    dataset: Dataset, language: str, keys: pa.ChunkedArray, place: NDArray[np.int64], folder: Path
) -> list[str]:
    """Write the captions of one language in the order of the prepared pictures; returns the columns that they fill."""
    path = dataset.root / "captions" / f"{language}.parquet"
    table = dataset.captions(language)
    check_captions(table, path)
    owners = place[rows_of(table["key"], keys, path)]
    offsets = np.zeros(len(place) + 1, np.int64)
    np.cumsum(np.bincount(owners, minlength=len(place)), out=offsets[1:])
    np.save(folder / f"{language}.npy", offsets)
    columns = ["text", "source", *(name for name in _EXTRA if table[name].null_count < table.num_rows)]
    _write(reordered(table.select(columns), np.argsort(owners, kind="stable")), folder / f"{language}.arrow")
    return columns


def _prepare_conversations(
    dataset: Dataset, language: str, keys: pa.ChunkedArray, place: NDArray[np.int64], folder: Path
) -> int:
    """Write the conversations of one language about one picture in the order of the pictures; returns their number."""
    offsets, table = beside_pictures(dataset, language, keys, place)
    np.save(folder / f"{_SPOKEN}{language}.npy", offsets)
    _write(table, folder / f"{_SPOKEN}{language}.arrow")
    return table.num_rows


def _large(kind: pa.DataType) -> pa.DataType:
    return pa.large_string() if pa.types.is_string(kind) else kind


def _write(table: pa.Table, path: Path) -> None:
    large = pa.schema([field.with_type(_large(field.type)) for field in table.schema])
    with new_file(path) as partial, pa.ipc.new_file(partial, large) as writer:
        for batch in table.to_batches(max_chunksize=_BATCH):
            writer.write_table(pa.Table.from_batches([batch]).cast(large))


def _shards(names: list[str], split: NDArray[np.int64], lengths: NDArray[np.int64], shard_bytes: int) -> list[Shard]:
    """Cut every split into as few shards of following pictures as their bytes allow."""
    shards: list[Shard] = []
    for number, name in enumerate(names):
        start, end = (int(place) for place in np.searchsorted(split, [number, number + 1]))
        total = np.cumsum(lengths[start:end])
        cuts = [0]
        while cuts[-1] < end - start:
            before = total[cuts[-1] - 1] if cuts[-1] else 0
            cuts.append(max(cuts[-1] + 1, int(np.searchsorted(total, before + shard_bytes, side="right"))))
        of = len(cuts) - 1
        shards += [Shard(name, place, of, start + cuts[place], start + cuts[place + 1]) for place in range(of)]
    return shards


class Prepared:
    """The mapped tables of `prepare`, as one process reads them."""

    def __init__(self, folder: Path) -> None:
        plan = Plan.read(folder)
        self.columns, self.spoken = plan.columns, plan.spoken
        self.images = _mapped(folder / "images.arrow")
        names = [*self.columns, *(f"{_SPOKEN}{language}" for language in self.spoken)]
        self._tables = {name: _mapped(folder / f"{name}.arrow") for name in names}
        self._offsets = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}

    def captions(self, language: str, first: int, last: int) -> tuple[NDArray[np.int64], pa.Table]:
        """The captions of some following pictures: int64 [picture + 1], where each one's begin, and the table of them."""
        return self._part(language, first, last)

    def conversations(self, language: str, first: int, last: int) -> tuple[NDArray[np.int64], pa.Table]:
        """The conversations about one of some following pictures, in the same way."""
        return self._part(f"{_SPOKEN}{language}", first, last)

    def _part(self, name: str, first: int, last: int) -> tuple[NDArray[np.int64], pa.Table]:
        offsets = np.array(self._offsets[name][first : last + 1])
        table = self._tables[name].slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
        return offsets - offsets[0], table


def _mapped(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


# The text, source, score and original of a caption, by which the formats name them.
CAPTION_COLUMNS = tuple(name for name in CAPTIONS.names if name != "key")
