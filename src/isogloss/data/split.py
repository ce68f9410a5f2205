"""A split: its pictures in a fixed order, and their captions in any number of languages, ragged."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.mapped import MappedFile, MappedTable

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# A row a picture: its captions.
_RAGGED = "captions"


@dataclass(frozen=True)
class Captions:
    """The captions of a split in one language, ragged: those of image i lie from offsets[i] to offsets[i + 1].

    offsets: int64 [image + 1]; texts and sources: [caption], ordered by image. Texts are large strings, since one array
    may hold more than the two gigabytes that 32-bit offsets reach; sources are few, so each is a number in a dictionary
    of them. file: that all of these lie in, if they are mapped and not in memory.
    """

    offsets: NDArray[np.int64]
    texts: pa.LargeStringArray
    sources: pa.DictionaryArray
    file: MappedFile | None = None

    @classmethod
    def of_table(cls, table: MappedTable) -> "Captions":
        """The captions that `as_table` wrote."""
        captions = table.table[_RAGGED].chunk(0)
        values = captions.values
        return cls(np.asarray(captions.offsets), values.field("text"), values.field("source"), table.file)

    def as_table(self) -> pa.Table:
        """A table with a row a picture, of the very same memory."""
        values = pa.StructArray.from_arrays([self.texts, self.sources], ["text", "source"])
        return pa.table({_RAGGED: pa.LargeListArray.from_arrays(pa.array(self.offsets), values)})

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def owners(self) -> NDArray[np.int64]:
        """The image of every caption: int64 [caption], ascending."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), np.diff(self.offsets))

    def of(self, image: int) -> list[str]:
        """The captions of one image, none to many."""
        return self.texts[int(self.offsets[image]) : int(self.offsets[image + 1])].to_pylist()

    def take(self, rows: NDArray[np.int64]) -> list[str]:
        """Some of the texts, by their rows in `texts`."""
        if self.file is not None:
            return self.file.texts(self.texts, rows)
        return self.texts.take(pa.array(rows, pa.int64())).to_pylist()


@dataclass(frozen=True)
class Split:
    """The pictures of one split in a fixed order, and their captions in the languages that were asked for.

    images: the columns of images.parquet but the hash, one row a picture, split and file as numbers in a dictionary.
    """

    name: str
    images: pa.Table
    captions: Mapping[str, Captions]

    def __len__(self) -> int:
        return self.images.num_rows

    @cached_property
    def keys(self) -> list[str]:
        """The key of every image, in order; made when first asked for, because millions of them are heavy."""
        return self.images["key"].to_pylist()


def inside(images: pa.Table, split: str | None) -> pa.ChunkedArray:
    """Which rows of a table of pictures are in a split; every one when None."""
    return pc.not_equal(images["key"], "") if split is None else pc.equal(images["split"], split)


def align(
    parts: Iterable[pa.Table], owners: NDArray[np.int64], images: int, sources: Collection[str] | None = None
) -> Captions:
    """The captions of one language in the order of a split's images.

    Parts are let go as soon as what is wanted of them is copied, so that a large table need never be in memory whole.

    parts: of a caption table, in its order; owners: int64 [caption], the image of each of its rows, negative where it
    has none here; images: how many there are; sources: only captions whose source is among these, all when None.
    """
    texts: list[pa.LargeStringArray] = [pa.array([], pa.large_string())]
    named: list[pa.DictionaryArray] = [pa.array([], pa.dictionary(pa.int32(), pa.string()))]
    found = [np.zeros(0, dtype=np.int64)]
    first = 0
    for part in parts:
        mine = owners[first : first + part.num_rows]
        first += part.num_rows
        kept = mine >= 0
        if sources is not None:
            kept &= np.asarray(pc.is_in(part["source"], value_set=pa.array(sorted(sources), pa.string())))
        wanted = part.select(["text", "source"]).filter(pa.array(kept))
        texts += wanted["text"].cast(pa.large_string()).chunks
        named += pc.dictionary_encode(wanted["source"]).chunks
        found.append(mine[kept])
    owner = np.concatenate(found)
    offsets = np.zeros(images + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner, minlength=images), out=offsets[1:])
    text, source = pa.concat_arrays(texts), pa.concat_arrays(pa.chunked_array(named).unify_dictionaries().chunks)
    if np.any(owner[1:] < owner[:-1]):
        order = pa.array(np.argsort(owner, kind="stable"))
        text, source = text.take(order), source.take(order)
    return Captions(offsets, text, source)
