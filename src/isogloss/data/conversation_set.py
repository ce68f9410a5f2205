"""The conversations of one language in a dataset folder, of which only those that are asked for become Python's objects."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.data.conversation_tables import (
    conversation_languages,
    conversation_of,
    read_conversation_table,
    splits_of,
    table_path,
)
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import ALL, Dataset
from isogloss.data.index import kept
from isogloss.data.mapped import MappedTable
from isogloss.data.table_rows import TableRows
from isogloss.errors import UserError, unknown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Bytes of a table, before compression. A larger one is mapped, from an index that is made when it is first read.
IN_MEMORY = 1 << 28
_COLUMNS = ("key", "images", "roles", "texts")


@dataclass(frozen=True, eq=False)
class Conversations(Sequence[Conversation]):
    """Conversations of one language, in the order of their table.

    A mapped table is not copied into other processes, such as those that load batches: they open it again.

    language: its tag. mapped: the table of all conversations of the language; rows: of those that these are,
    int64 [conversation].
    """

    language: str
    mapped: MappedTable
    rows: NDArray[np.int64]

    def __reduce__(self) -> tuple[Any, ...]:
        return Conversations, (self.language, self.mapped, self.rows)  # without what is made when first asked for

    @property
    def table(self) -> pa.Table:
        """All conversations of the language, in memory or mapped."""
        return self.mapped.table

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Conversation: ...
    @overload
    def __getitem__(self, index: slice) -> "Conversations": ...
    def __getitem__(self, index: int | slice) -> "Conversation | Conversations":
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return conversation_of(self._single[int(self.rows[index])], self.language)

    def take(self, places: NDArray[np.int64]) -> "Conversations":
        """Some of them: int64 [any] from 0 on."""
        return Conversations(self.language, self.mapped, self.rows[places])

    @cached_property
    def keys(self) -> list[str]:
        """The key of each, made when first asked for."""
        return self.table["key"].take(pa.array(self.rows)).to_pylist()

    @cached_property
    def _single(self) -> TableRows:
        return TableRows(self.table, _COLUMNS)


def read_conversations(
    root: str | Path, language: str, split: str = ALL, sources: Collection[str] | None = None
) -> Conversations:
    """The conversations of one language: all, or those of one split; a large table is mapped and not read into memory.

    Args:
        root: the dataset folder.
        language: its tag.
        split: "train" or another; those of pictures in it, and those without a picture that were put there.
        sources: only those that came from one of these; all when None.

    Raises:
        UserError: no such dataset, language, split or source, a table is damaged, or a picture is not there.
    """
    dataset = Dataset.open(root)
    present = conversation_languages(dataset.root)
    if language not in present:
        raise unknown("table of conversations for the language", language, present)
    path = table_path(dataset.root, language)

    def read() -> pa.Table:
        table = read_conversation_table(dataset.root, language)
        return table.set_column(
            table.column_names.index("split"),
            "split",
            pa.array(splits_of(table, dataset.images(columns=["key", "split"]), path), pa.string()),
        )

    if _size(path) > IN_MEMORY:
        found = kept(dataset.root, f"conversations-{language}", [], (dataset.root / "images.parquet", path), read)
    else:
        found = MappedTable(read(), None)
    table = found.table
    chosen = np.ones(table.num_rows, bool)
    if split != ALL:
        splits = pc.unique(table["split"]).to_pylist()
        if split not in splits and split not in dataset.splits:
            raise unknown("split", split, {*splits, *dataset.splits, ALL})
        chosen &= pc.equal(table["split"], split).to_numpy()
    if sources is not None:
        known = pc.unique(table["source"]).to_pylist()
        stranger = next((source for source in sources if source not in known), None)
        if stranger is not None:
            raise unknown(f"source of the conversations in '{language}'", stranger, known)
        chosen &= pc.is_in(table["source"], value_set=pa.array(sorted(sources), pa.string())).to_numpy()
    return Conversations(language, found, np.flatnonzero(chosen))


def _size(path: Path) -> int:
    try:
        footer = pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read ({error}); restore it or make the dataset again.") from error
    return sum(footer.row_group(group).total_byte_size for group in range(footer.num_row_groups))
