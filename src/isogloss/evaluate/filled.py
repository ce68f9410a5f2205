"""Tables of an evaluation, in which no cell is empty: written whole or not at all, and checked both ways."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.data.tables import check_columns, conform, many, read_footer, read_table
from isogloss.errors import UserError
from isogloss.saving import new_file


def filled(table: pa.Table, schema: pa.Schema, path: Path, remedy: str) -> pa.Table:
    """The columns of a schema, each with all of its cells.

    Args:
        path: where the table lies or will lie.
        remedy: what to do where it is no such table, such as "make the replies again".

    Raises:
        UserError: a column or a cell is missing, or does not fit.
    """
    check_columns(table.schema, schema, path)
    table = conform(table, schema, path)
    for name in schema.names:
        if table[name].null_count:
            raise UserError(f"{path} has {many(table[name].null_count, 'row')} without '{name}'; {remedy}.")
    return table


def write_filled(path: Path, table: pa.Table) -> None:
    """Write a table that was checked.

    Raises:
        UserError: the disk is full, or the place cannot be written.
    """
    with new_file(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read_filled(path: Path, schema: pa.Schema) -> pa.Table:
    """The columns of a schema in a file, not checked yet.

    Raises:
        UserError: the file is missing or damaged, or lacks a column.
    """
    check_columns(read_footer(path), schema, path)
    return read_table(path, schema)
