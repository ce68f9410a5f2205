"""Which picture a table means: by its key, its file, or either without what leads to it and without its ending."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# In place of a row: a name that no picture has, and one that several have.
UNKNOWN, SEVERAL = -1, -2

_FOLDERS, _ENDING = r"^.*[/\\]", r"\.[^./\\]{1,5}$"


@dataclass(frozen=True)
class Called:
    """The names that the pictures of a dataset have.

    images: their keys and files.
    """

    images: pa.Table

    def rows(self, names: pa.Array) -> NDArray[np.int64]:
        """The picture that each name means, as a row of `images`: int64 [name], UNKNOWN, or SEVERAL.

        What matches more exactly comes first: the key, the file, the key but for the name's ending, the file's own name,
        both without their endings, and the last part of the key; then the same in another of Unicode's normal forms.
        """
        found = np.full(len(names), UNKNOWN, np.int64)
        tries = (
            (names, lambda: self._keys),
            (names, lambda: self._files),
            (_bare(names), lambda: self._keys),
            (_last(names), lambda: _last(self._files)),
            (_bare(_last(names)), lambda: _bare(_last(self._files))),
            (_bare(_last(names)), lambda: _last(self._keys)),
        )
        for form in (_as_it_is, _normalised):
            for asked, known in tries:
                left = np.flatnonzero(found == UNKNOWN)
                if len(left):
                    found[left] = _rows(form(asked.take(pa.array(left))), form(known()))
        return found

    @cached_property
    def _keys(self) -> pa.ChunkedArray:
        return self.images["key"].cast(pa.large_string())

    @cached_property
    def _files(self) -> pa.ChunkedArray:
        return self.images["file"].cast(pa.large_string())


def _rows(asked: pa.Array, known: pa.ChunkedArray) -> NDArray[np.int64]:
    rows = pc.fill_null(pc.index_in(asked.cast(pa.large_string()), value_set=known), UNKNOWN).to_numpy(
        zero_copy_only=False
    )
    rows = rows.astype(np.int64)
    matched = np.flatnonzero(rows >= 0)
    if len(matched):
        # Only the names that were asked for are counted: of ten million pictures, most have nothing to do with them.
        wanted = pc.unique(asked.take(pa.array(matched))).cast(pa.large_string())
        counts = pc.value_counts(known.filter(pc.is_in(known, value_set=wanted)))
        several = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        rows[np.asarray(pc.is_in(asked.cast(pa.large_string()), value_set=several))] = SEVERAL
    return rows


def _as_it_is(names: Any) -> Any:
    return names


def _normalised(names: Any) -> Any:
    return pc.utf8_normalize(names, form="NFC")


def _last(names: Any) -> Any:
    return pc.replace_substring_regex(names, _FOLDERS, "")


def _bare(names: Any) -> Any:
    return pc.replace_substring_regex(names, _ENDING, "")
