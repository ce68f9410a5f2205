"""Columns of a table that may be larger than the memory, counted batch by batch."""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.errors import UserError

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute


@dataclass(frozen=True)
class Scores:
    """The scores of a language's captions: how many have one, and their quartiles."""

    count: int
    quartiles: tuple[float, float, float]


def batches(path: Path, columns: Sequence[str] | None, rows: int) -> Iterator[pa.RecordBatch]:
    """A table, or some of its columns, so many rows at a time.

    Raises:
        UserError: it is damaged or missing.
    """
    with _readable(path), pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=list(columns) if columns else None)


@contextmanager
def _readable(path: Path) -> Generator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UserError(f"{path} cannot be read ({reason}); restore it or make it again.") from error


def count(counter: Counter[str], values: pa.Array) -> None:
    """Count the values of an array into a counter."""
    for one in pc.value_counts(values).to_pylist():
        counter[str(one["values"])] += one["counts"]


def most_first(counter: Counter[str]) -> dict[str, int]:
    """What was counted, the most frequent first."""
    return dict(sorted(counter.items(), key=lambda one: (-one[1], one[0])))


def quartiles(scores: NDArray[np.float32]) -> Scores | None:
    """The scores of all batches together; None without any."""
    if not len(scores):
        return None
    low, middle, high = (float(value) for value in np.quantile(scores, [0.25, 0.5, 0.75]))
    return Scores(len(scores), (low, middle, high))
