"""Captions as conversations: a user asks for a description of the picture, and the caption is the answer."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.dataset import ALL, Dataset
from isogloss.data.index import Tables, kept
from isogloss.data.mapped import MappedTable
from isogloss.data.table_rows import TableRows
from isogloss.data.tables import positions
from isogloss.data.templates.instructions import instructions
from isogloss.errors import unknown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

_COLUMNS = ["key", "number", "text"]


@dataclass(frozen=True, eq=False)
class Described(Sequence[Conversation]):
    """Captions of one language as conversations, in the order of their table.

    A mapped table is not copied into other processes, such as those that load batches: they open it again.

    language: its tag; wordings: of the request; mapped: the table of all, with key, number and text; rows: of those that
    these are, int64 [caption].
    """

    language: str
    wordings: tuple[str, ...]
    mapped: MappedTable
    rows: NDArray[np.int64]

    def __reduce__(self) -> tuple[Any, ...]:
        return Described, (self.language, self.wordings, self.mapped, self.rows)  # without what is made when asked for

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Conversation: ...
    @overload
    def __getitem__(self, index: slice) -> "Described": ...
    def __getitem__(self, index: int | slice) -> "Conversation | Described":
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        picture, number, text = self._single[int(self.rows[index])].values()
        key = f"{picture}#{number}"
        chosen = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % len(self.wordings)
        turns = (Turn("user", f"{IMAGE}\n{self.wordings[chosen]}"), Turn("assistant", text))
        return Conversation(key, self.language, (picture,), turns)

    def take(self, places: NDArray[np.int64]) -> "Described":
        """Some of them: int64 [any] from 0 on."""
        return Described(self.language, self.wordings, self.mapped, self.rows[places])

    @cached_property
    def _single(self) -> TableRows:
        return TableRows(self.mapped.table, _COLUMNS)


def captions_to_conversations(
    dataset: Dataset,
    language: str,
    split: str = ALL,
    *,
    sources: Collection[str] | None = None,
    file: str | Path | None = None,
) -> Described:
    """One conversation for each caption of a language; of a large dataset they are mapped and not read into memory.

    Its key is that of the picture and the number of the caption, so that translations have the keys of what they translate
    where one source is asked for; by its hash one of the wordings is taken.

    Args:
        split: "train" or another.
        sources: only captions whose source is among these; all when None.
        file: of further wordings, as for `instructions`.

    Raises:
        UserError: the dataset has not got the language, the split or a source, or there is no wording in the language.
    """
    wordings = instructions(language, file)

    def read() -> pa.Table:
        table = dataset.captions(language)
        if sources is not None:
            known = pc.unique(table["source"]).to_pylist()
            stranger = next((source for source in sources if source not in known), None)
            if stranger is not None:
                raise unknown(f"source of the captions in '{language}'", stranger, known)
            table = table.filter(pc.is_in(table["source"], value_set=pa.array(sorted(sources), pa.string())))
        table = table.append_column("number", pa.array(_numbers(table)))
        if split != ALL:
            shown = dataset.images(split, columns=["key"])["key"]
            table = table.filter(pc.is_in(table["key"], value_set=shown.combine_chunks()))
        return table.select(_COLUMNS)

    tables = Tables.of(dataset.root, None if split == ALL else split, [language], sources)
    made_of = (tables.pictures, tables.captions_in(language))
    chosen = [split, None if sources is None else sorted(set(sources))]
    found = kept(dataset.root, f"described-{language}", chosen, made_of, read) if tables.kept else None
    found = found or MappedTable(read(), None)
    return Described(language, wordings, found, np.arange(found.table.num_rows))


def _numbers(table: pa.Table) -> NDArray[np.int64]:
    """Which caption of its picture each is: that which it translates, where all are of one source and translate some."""
    if table.num_rows and not table["original"].null_count and pc.count_distinct(table["source"]).as_py() == 1:
        return table["original"].to_numpy().astype(np.int64)
    return positions(table["key"])
