"""Single rows of a table, of which only those that are asked for become Python's objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TableRows:
    """Single rows of a table that lies in any number of pieces.

    table: in memory or mapped; columns: those that are read.
    """

    table: pa.Table
    columns: Sequence[str]

    def __getitem__(self, row: int) -> dict[str, Any]:
        piece = int(np.searchsorted(self._starts, row, side="right")) - 1
        place = row - int(self._starts[piece])
        return {name: column[place].as_py() for name, column in self._pieces[piece].items()}

    @cached_property
    def _pieces(self) -> list[dict[str, Any]]:
        return [{name: batch[name] for name in self.columns} for batch in self.table.to_batches()]

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        lengths = [batch.num_rows for batch in self.table.to_batches()]
        return np.cumsum([0, *lengths], dtype=np.int64)[:-1]
