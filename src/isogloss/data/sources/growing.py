"""Table files that grow, so that memory never holds a whole table."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# Rows that wait in memory for each table.
ROW_GROUP = 1 << 16


@contextmanager
def growing(path: Path, schema: pa.Schema) -> Generator[Callable[[pa.Table], None]]:
    """A table file that grows by what is given to the function, in row groups so large that its footer stays short."""
    waiting: list[pa.Table] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def settle() -> None:
            if any(table.num_rows for table in waiting):
                writer.write_table(pa.concat_tables(waiting))
            waiting.clear()

        def write(table: pa.Table) -> None:
            waiting.append(table)
            if sum(table.num_rows for table in waiting) >= ROW_GROUP:
                settle()

        yield write
        settle()
