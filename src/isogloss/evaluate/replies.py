"""The replies of an evaluated run as a table, a row a reply.

key, language, asked, instruction, reply, references [reference]
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from isogloss.data.tables import many
from isogloss.errors import UserError
from isogloss.evaluate.filled import filled, read_filled, write_filled
from isogloss.evaluate.provenance import evaluation_file

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

DESCRIPTIONS, ANSWERS = "descriptions", "answers"

# key: of the picture that the reply is about. language: of the instruction. asked: the language that the reply should be
# in. references: whatever would be right, at least one.
REPLIES = pa.schema(
    {
        "key": pa.string(),
        "language": pa.string(),
        "asked": pa.string(),
        "instruction": pa.string(),
        "reply": pa.string(),
        "references": pa.list_(pa.string()),
    }
)


def replies_file(run: Path, kind: str, split: str, dataset: str | Path | None = None) -> Path:
    """Where the replies of a split lie, beside their figures.

    kind: DESCRIPTIONS or ANSWERS; dataset: as of `provenance.evaluation_file`.
    """
    path = evaluation_file(run, split, dataset)
    return path.with_name(f"replies-{path.stem}-{kind}.parquet")


def reply_table(
    *,
    key: Sequence[str],
    language: Sequence[str],
    instruction: Sequence[str],
    reply: Sequence[str],
    references: Sequence[Sequence[str]],
    asked: Sequence[str] | None = None,
) -> pa.Table:
    """A table of replies from its columns; without `asked`, replies should be in the language of their instruction."""
    columns = [key, language, language if asked is None else asked, instruction, reply, references]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, REPLIES, strict=True)], REPLIES)


def write_replies(path: Path, replies: pa.Table) -> None:
    """Write a table of replies, whole or not at all; further columns are left out.

    Raises:
        UserError: the table lacks a column or a cell, the disk is full, or the place cannot be written.
    """
    write_filled(path, _checked(replies, path))


def read_replies(path: Path) -> pa.Table:
    """The replies of a run.

    Raises:
        UserError: the file is missing, damaged, or no table of replies.
    """
    return _checked(read_filled(path, REPLIES), path)


def _checked(replies: pa.Table, path: Path) -> pa.Table:
    table = filled(replies, REPLIES, path, "make the replies again")
    references = table["references"]
    without = pc.equal(pc.list_value_length(references), 0)
    if pc.any(without).as_py():
        lost = table["key"].filter(without)
        raise UserError(
            f"{path} has {many(len(lost), 'row')} without a reference, the first about '{lost[0]}'; give each at least one."
        )
    if pc.list_flatten(references).null_count:
        raise UserError(f"{path} has an empty cell among the references; make the replies again.")
    return table
