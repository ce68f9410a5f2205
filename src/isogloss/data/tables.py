"""The columns of a dataset's tables, and what is checked of them at the speed of reading."""

from collections.abc import Sequence
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

IMAGES = pa.schema(
    {
        "key": pa.string(),
        "split": pa.string(),
        "file": pa.string(),
        "offset": pa.int64(),
        "length": pa.int64(),
        "width": pa.int32(),
        "height": pa.int32(),
        "sha256": pa.string(),
    }
)
# original: which of the picture's captions in the language that it was translated from, counted from 0; null for a caption
# that translates none.
CAPTIONS = pa.schema(
    {
        "key": pa.string(),
        "text": pa.string(),
        "source": pa.string(),
        "score": pa.float32(),
        "original": pa.int32(),
    }
)
# Columns that a table may lack, which are then null.
OPTIONAL = ("original",)

# Characters. The longest human captions have some hundreds; what is longer is a file that went into the wrong column.
LONGEST_CAPTION = 10_000
# Rows that stay below two gigabytes, however long their captions are.
_PIECE = 1 << 15


def read_footer(path: Path) -> pa.Schema:
    """The columns of a Parquet file, from its footer alone.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        return pq.read_schema(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; restore it or make the dataset again.") from None
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Columns of a Parquet file with the types of `schema`, all its text being UTF-8.

    Raises:
        UserError: the file is missing or damaged, or a cell is not UTF-8 or does not fit its column.
    """
    names = list(columns or schema.names)
    try:
        if set(names) & set(OPTIONAL):
            table = pq.read_table(path, columns=[name for name in names if name in pq.read_schema(path).names])
        else:
            table = pq.read_table(path, columns=names)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; restore it or make the dataset again.") from None
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from error
    return conform(table, pa.schema([schema.field(name) for name in names]), path)


def conform(table: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    """The columns of `schema` with its types, all text being UTF-8, which neither Parquet nor Arrow checks by itself.

    A column of OPTIONAL that is not there comes as nulls.

    Raises:
        UserError: a cell is not UTF-8 or does not fit its column; path is where the table lies or will lie.
    """
    for name in set(OPTIONAL).intersection(schema.names).difference(table.column_names):
        table = table.append_column(name, pa.nulls(table.num_rows, schema.field(name).type))
    table = table.select(schema.names)
    try:
        table.validate(full=True)
        return table.cast(schema)
    except pa.ArrowException as error:
        raise _not_unicode(table, path) or _damaged(path, error) from error


def check_columns(found: pa.Schema, wanted: pa.Schema, path: Path) -> None:
    """Check that a table has the wanted columns, each of the wanted kind; further columns are left alone.

    Raises:
        UserError: a column is missing or of another kind.
    """
    for field in wanted:
        if field.name in OPTIONAL and field.name not in found.names:
            continue
        if found.get_field_index(field.name) < 0:
            raise UserError(
                f"{path} has no single column '{field.name}'; its columns should be {', '.join(wanted.names)}."
            )
        kind = found.field(field.name).type
        if _kind(kind) != _kind(field.type) and not pa.types.is_null(kind):
            raise UserError(f"The column '{field.name}' of {path} holds {kind}; it should hold {field.type}.")


def check_images(images: pa.Table, path: Path) -> None:
    """Check that every picture is fully described and is listed once.

    Raises:
        UserError: a cell is empty, a place in a file is impossible, or a key occurs twice.
    """
    _check_filled(images, images.column_names, path)
    nowhere = pc.or_(pc.less(images["offset"], 0), pc.less(images["length"], 1))
    if pc.any(nowhere).as_py():
        lost = images["key"].filter(nowhere)
        raise UserError(
            f"{path} has {many(len(lost), 'picture')} with a negative offset or no length, the first '{lost[0]}'; "
            "correct the rows."
        )
    keys = images["key"]
    if pc.count_distinct(keys).as_py() != len(keys):
        counts = pc.value_counts(keys)
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        raise UserError(
            f"{path} lists {many(len(twice), 'key')} more than once, the first '{twice[0]}'; keep one row a picture."
        )


def check_captions(captions: pa.Table, path: Path) -> None:
    """Check that every caption says something, and not too much.

    Raises:
        UserError: a key, text or source is null, or a text is empty or longer than LONGEST_CAPTION characters.
    """
    _check_filled(captions, ["key", "text", "source"], path)
    text = captions["text"]
    blank = pc.or_(pc.equal(pc.binary_length(text), 0), pc.utf8_is_space(text))
    if pc.any(blank).as_py():
        keys = captions["key"].filter(blank)
        raise UserError(
            f"{path} has {many(len(keys), 'empty caption')}, the first for picture '{keys[0]}'; remove or fill in the rows."
        )
    # Bytes first: they are known without decoding, and are never fewer than characters.
    if text.length() and pc.max(pc.binary_length(text)).as_py() > LONGEST_CAPTION:
        lengths = pc.utf8_length(text)
        overlong = pc.greater(lengths, LONGEST_CAPTION)
        if pc.any(overlong).as_py():
            keys = captions["key"].filter(overlong)
            raise UserError(
                f"{path} has {many(len(keys), 'caption')} of more than {LONGEST_CAPTION:,} characters, the first for picture "
                f"'{keys[0]}' with {lengths.filter(overlong)[0].as_py():,}; shorten or remove the rows."
            )


def rows_of(keys: pa.ChunkedArray, known: pa.ChunkedArray, path: Path) -> NDArray[np.int64]:
    """The row in `known` of each of `keys`: int64 [caption].

    Raises:
        UserError: a key is not among the known ones.
    """
    rows = pc.index_in(keys, value_set=known)
    if rows.null_count:
        strangers = keys.filter(pc.is_null(rows))
        raise UserError(
            f"{path} has {many(len(strangers), 'caption')} for pictures that images.parquet does not list, the first for "
            f"'{strangers[0]}'; remove the rows or add the pictures."
        )
    return rows.to_numpy().astype(np.int64)


def reordered(table: pa.Table, order: NDArray[np.int64]) -> pa.Table:
    """Rows of a table, int64 [any], in the order in which they are asked for."""
    if np.array_equal(order, np.arange(table.num_rows)):
        return table
    # Large strings: what is taken from lies in one array, which may hold more than 32-bit offsets reach.
    large = [field.with_type(pa.large_string()) if field.type == pa.string() else field for field in table.schema]
    whole = table.cast(pa.schema(large)).combine_chunks()
    pieces = (order[first : first + _PIECE] for first in range(0, len(order), _PIECE))
    return pa.concat_tables(
        [table.schema.empty_table(), *(whole.take(pa.array(piece)).cast(table.schema) for piece in pieces)]
    )


def positions(keys: pa.ChunkedArray) -> NDArray[np.int64]:
    """Which of its picture's captions each row is, counted from 0: int64 [caption]."""
    codes = keys.cast(pa.large_string()).combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(codes) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(codes)])
    found = np.empty(len(codes), np.int64)
    found[order] = np.arange(len(codes)) - np.repeat(starts, counts)
    return found


def many(count: int, what: str) -> str:
    """A count with its noun.

    >>> many(1, "row"), many(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _check_filled(table: pa.Table, names: Sequence[str], path: Path) -> None:
    for name in names:
        column = table[name]
        if column.null_count:
            row = pc.index(pc.is_null(column), True).as_py()
            raise UserError(
                f"{path} has {many(column.null_count, 'row')} without '{name}', the first being row {row + 1:,}; fill in or remove."
            )


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):  # whatever the name of its elements is
        return f"list of {_kind(kind.value_type)}"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_integer(kind):
        return "integer"
    return "number" if pa.types.is_floating(kind) else str(kind)


def _not_unicode(table: pa.Table, path: Path) -> UserError | None:
    """Name the first cell that is not UTF-8; slow, and only ever run on a table with a fault."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        if _kind(column.type) != "text":
            continue
        cells = column.cast(pa.large_binary()).to_pylist()
        bad = [row for row, cell in enumerate(cells) if not _decodes(cell)]
        if bad:
            return UserError(
                f"{path} has {many(len(bad), 'cell')} in '{name}' whose bytes are not UTF-8, the first in row "
                f"{bad[0] + 1:,}; write the text again as UTF-8."
            )
    return None


def _decodes(cell: bytes | None) -> bool:
    try:
        (cell or b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _damaged(path: Path, error: Exception) -> UserError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(f"{path} cannot be read ({reason.rstrip('.')}); restore it or make the dataset again.")
