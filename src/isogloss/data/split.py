"""A split: its pictures in a fixed order, and their captions in any number of languages, ragged."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Large strings: one contiguous array may hold more than the two gigabytes that 32-bit offsets reach.
_TEXTS = pa.schema({"text": pa.large_string(), "source": pa.large_string()})


@dataclass(frozen=True)
class Captions:
    """The captions of a split in one language, ragged: those of image i lie from offsets[i] to offsets[i + 1].

    offsets: int64 [image + 1]; texts and sources: [caption], ordered by image.
    """

    offsets: NDArray[np.int64]
    texts: pa.LargeStringArray
    sources: pa.LargeStringArray

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def owners(self) -> NDArray[np.int64]:
        """The image of every caption: int64 [caption], ascending."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), np.diff(self.offsets))

    def of(self, image: int) -> list[str]:
        """The captions of one image, none to many."""
        return self.texts[int(self.offsets[image]) : int(self.offsets[image + 1])].to_pylist()


@dataclass(frozen=True)
class Split:
    """The pictures of one split in a fixed order, and their captions in the languages that were asked for.

    images: the columns of images.parquet but the hash, one row a picture.
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


def align(
    captions: pa.Table, owners: NDArray[np.int64], images: int, sources: Collection[str] | None = None
) -> Captions:
    """The captions of one language in the order of a split's images.

    captions: a caption table; owners: int64 [caption], the image of each of its rows, negative where it has none here;
    images: how many there are; sources: only captions whose source is among these, all when None.
    """
    kept = owners >= 0
    if sources is not None:
        kept &= np.asarray(pc.is_in(captions["source"], value_set=pa.array(sorted(sources), pa.string())))
    rows = np.flatnonzero(kept)
    owners = owners[rows]
    if np.any(owners[1:] < owners[:-1]):
        rows = rows[np.argsort(owners, kind="stable")]
    offsets = np.zeros(images + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners, minlength=images), out=offsets[1:])
    ordered = captions.select(_TEXTS.names).cast(_TEXTS)
    if len(rows) != len(kept) or np.any(np.diff(rows) != 1):
        ordered = ordered.take(pa.array(rows))
    return Captions(offsets, _whole(ordered["text"]), _whole(ordered["source"]))


def _whole(column: pa.ChunkedArray) -> pa.LargeStringArray:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_string())
