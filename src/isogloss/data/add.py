"""A language, or more captions of one, from a table into a dataset that exists."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from isogloss.data.called import SEVERAL, UNKNOWN, Called
from isogloss.data.dataset import Dataset
from isogloss.data.sources.clean import EMPTY, clean_caption
from isogloss.data.sources.columns import PICTURES, CaptionColumns
from isogloss.data.sources.rows import BadRow, TableFile
from isogloss.data.tables import CAPTIONS, read_table, reordered
from isogloss.data.writing import only_writer, write_captions
from isogloss.errors import UserError, unknown
from isogloss.languages import language as known_language
from isogloss.saving import new_file

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

REJECTED = pa.schema({name: pa.string() for name in ("key", "file", "language", "text", "reason")})
# Captions as they were read: the name of the picture, the text, and why it cannot be used.
_READ = pa.schema({name: pa.string() for name in ("name", "text", "reason")})
NO_PICTURE, SEVERAL_PICTURES, BAD_ROW, NO_NAME = (
    "unknown picture",
    "name of several pictures",
    "row that cannot be read",
    "row without a picture",
)

# What columns with a picture's key are mostly called, before those with its file.
_KEYS = ("key", "image_id", "id", *PICTURES)
# Captions that are Python's own at a time.
_TOGETHER = 1 << 19
# Characters of a rejected caption that are kept.
_KEPT = 1000


@dataclass(frozen=True)
class Added:
    """What became of a table's captions.

    Attributes:
        tag: of the language. added: new captions. known: captions that their pictures had already.
        rejected: how many were left out, by reason.
    """

    tag: str
    added: int
    known: int
    rejected: Mapping[str, int]


def add_captions(
    root: str | Path,
    language: str,
    file: TableFile,
    *,
    key: str = "",
    captions: Sequence[str] = (),
    source: str = "",
    replace: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Added:
    """Add the captions of a table to a dataset, to those that the language has, or in their place.

    A caption that its picture has already is not doubled, so that adding a table twice is as adding it once. What cannot
    be used is listed in rejected/added/<language>.parquet.

    Args:
        root: the dataset folder. language: of all captions of the table.
        file: the table. key: its column with a picture's key or file; without it one of the usual names.
        captions: its columns with captions; without them one of the usual names.
        source: that the captions are kept under; the table's name without its ending, where empty.
        replace: put them in place of what the language has.
        progress: called with the captions read so far.

    Raises:
        UserError: an unknown language or column, a damaged dataset or table, or a table without a caption that can be used.
    """
    tag = known_language(language).tag
    dataset = Dataset.open(root)
    columns, key = _columns(file, tag, key, captions)
    source = source or stem(file.path)
    found = pa.concat_tables(_together(_captions(file, columns, key), progress or (lambda done: None)))
    table, left_out = _judged(found, Called(dataset.images(columns=["key", "file"])), tag, source)
    table = _distinct(table)
    if not table.num_rows:
        why = f": the first is '{left_out['reason'][0]}'" if left_out.num_rows else ""
        raise UserError(
            f"No caption of {file.path} can be added to {dataset.root}{why}; name other columns or another table."
        )
    with only_writer(dataset.root):
        dataset = Dataset.open(root)
        old = CAPTIONS.empty_table() if replace or tag not in dataset.languages else dataset.captions(tag)
        fresh = table.filter(pc.invert(pc.is_in(_words(table), value_set=_words(old))))
        if fresh.num_rows or replace:
            write_captions(dataset.root, tag, pa.concat_tables([old, fresh]))
        write_rejected(dataset.root / "rejected" / "added" / f"{tag}.parquet", file.path, left_out)
    counts = Counter[str]({one["values"]: one["counts"] for one in pc.value_counts(left_out["reason"]).to_pylist()})
    return Added(tag, fresh.num_rows, table.num_rows - fresh.num_rows, dict(counts.most_common()))


def _columns(file: TableFile, tag: str, key: str, captions: Sequence[str]) -> tuple[CaptionColumns, str]:
    """Which columns hold captions, and which the picture."""
    names = file.names()
    columns = CaptionColumns.of(captions, tag, "", names)
    other = next((language for _, language in columns.columns if language != tag), None)
    if other:
        raise UserError(f"Captions of '{other}' cannot be added as '{tag}'; add each language by itself.")
    key = key or next((name for name in _KEYS if name in names), "")
    if not key:
        raise UserError(
            f"No column of {file.path} is called as keys usually are, among {', '.join(names)}; name it with --key."
        )
    if key not in names:
        raise unknown("column", key, names)
    return columns, key


def _captions(file: TableFile, columns: CaptionColumns, key: str) -> Iterator[tuple[str, str, str]]:
    """(name of the picture, caption, why it cannot be used) of every caption, and of every row without one."""
    for row in file.rows():
        if isinstance(row, BadRow):
            yield "", f"row {row.number:,}: {row.reason}", BAD_ROW
            continue
        name = "" if row.get(key) is None else _whole(str(row[key]).strip())
        texts = [text for _, text in columns.read(row)]
        if not texts:
            yield name, "", EMPTY
        for text in texts:
            clean, fault = clean_caption(text)
            fault = fault or ("" if name else NO_NAME)
            yield name, clean or _whole(text[:_KEPT]), fault


def _whole(text: str) -> str:
    """The text without the halves of characters that JSON can hold and nothing else."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _together(captions: Iterator[tuple[str, str, str]], progress: Callable[[int], None]) -> Iterator[pa.Table]:
    """Captions as tables of so many that memory holds few of them as Python's objects."""
    yield _READ.empty_table()
    done = 0
    while some := list(islice(captions, _TOGETHER)):
        yield pa.Table.from_arrays([pa.array(column, pa.string()) for column in zip(*some, strict=True)], schema=_READ)
        done += len(some)
        progress(done)


def _judged(found: pa.Table, called: Called, tag: str, source: str) -> tuple[pa.Table, pa.Table]:
    """Captions as the dataset keeps them, and those that are rejected, whose file is yet to be named.

    All are looked up at once, since a look-up goes through all pictures.
    """
    rows = called.rows(found["name"].cast(pa.large_string()).combine_chunks())
    reason = found["reason"]
    for row, why in ((UNKNOWN, NO_PICTURE), (SEVERAL, SEVERAL_PICTURES)):
        reason = pc.if_else(pc.and_(pc.equal(reason, ""), pa.array(rows == row)), why, reason)
    good = pc.equal(reason, "")
    kept, bad = found.filter(good), found.filter(pc.invert(good))
    count, left_out = kept.num_rows, bad.num_rows
    keys = reordered(called.images.select(["key"]), rows[np.asarray(good)])["key"]
    columns = [keys, kept["text"], pa.repeat(source, count), pa.nulls(count, pa.float32()), pa.nulls(count, pa.int32())]
    rejected = [bad["name"], pa.nulls(left_out, pa.string()), pa.repeat(tag, left_out), bad["text"]]
    return (
        pa.Table.from_arrays(columns, schema=CAPTIONS),
        pa.Table.from_arrays([*rejected, reason.filter(pc.invert(good))], schema=REJECTED),
    )


def _distinct(captions: pa.Table) -> pa.Table:
    """The captions without those that stand before at the same picture."""
    numbered = captions.select(["key", "text"]).append_column("row", pa.array(np.arange(captions.num_rows)))
    rows = numbered.group_by(["key", "text"], use_threads=False).aggregate([("row", "min")])["row_min"]
    first = np.zeros(captions.num_rows, bool)
    first[rows.to_numpy()] = True
    return captions.filter(pa.array(first))


def _words(captions: pa.Table) -> pa.ChunkedArray:
    """Each picture's key and caption as one string, by which captions are the same."""
    key, text = (captions[name].cast(pa.large_string()) for name in ("key", "text"))
    return pc.binary_join_element_wise(key, text, pa.scalar("\0", pa.large_string()))


def write_rejected(path: Path, file: str, rejected: pa.Table) -> None:
    """List what was left out of a table, in place of what was left out of it before."""
    rejected = rejected.set_column(1, "file", pa.repeat(file, rejected.num_rows))
    if path.exists():
        before = read_table(path, REJECTED)
        rejected = pa.concat_tables([before.filter(pc.not_equal(before["file"], file)), rejected])
    if rejected.num_rows or path.exists():
        with new_file(path) as partial:
            pq.write_table(rejected, partial, compression="zstd")


def stem(path: str) -> str:
    """The name of a table's file without what leads to it and without its endings."""
    return path.replace("\\", "/").rsplit("/", 1)[-1].split("?")[0].split(".")[0] or "table"
