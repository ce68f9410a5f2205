"""The conversations of an export: those about one picture stand beside it, all others in files of their own.

    OUT/conversations/<language>-<split>.parquet    id, language, source, images [picture], messages [role, content]

`isogloss data add DIR --language <language> --table FILE` reads such a file back.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages, table_path
from isogloss.data.dataset import Dataset
from isogloss.data.tables import reordered, rows_of
from isogloss.saving import new_file

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# What LLaVA's files call those who speak.
SPEAKERS = {"user": "human", "assistant": "gpt", "system": "system"}
# The folder of those that stand beside no picture.
APART = "conversations"
_COLUMNS = ("key", "roles", "texts", "source", "score")
MESSAGES = pa.list_(pa.struct({"role": pa.string(), "content": pa.string()}))
_APART = pa.schema(
    {
        "id": pa.string(),
        "language": pa.string(),
        "source": pa.string(),
        "images": pa.list_(pa.string()),
        "messages": MESSAGES,
    }
)


def beside_pictures(
    dataset: Dataset, language: str, keys: pa.ChunkedArray, place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], pa.Table]:
    """The conversations of a language about one picture, in the order of the pictures: int64 [picture + 1], where each
    one's begin, and the table of them.

    keys: of the dataset's pictures; place: of each in the order that is wanted.
    """
    table = read_conversations(dataset.root, language).table
    table = table.filter(_about_one(table))
    owners = place[rows_of(pc.list_flatten(table["images"]), keys, table_path(dataset.root, language))]
    offsets = np.zeros(len(place) + 1, np.int64)
    np.cumsum(np.bincount(owners, minlength=len(place)), out=offsets[1:])
    return offsets, reordered(table.select(_COLUMNS), np.argsort(owners, kind="stable"))


def as_llava(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A conversation as an entry of LLaVA's files, with its language and source."""
    score = {} if row["score"] is None else {"score": row["score"]}
    turns = [
        {"from": SPEAKERS.get(role, role), "value": text} for role, text in zip(row["roles"], row["texts"], strict=True)
    ]
    return {"id": row["key"], "language": language, "source": row["source"], **score, "conversations": turns}


def as_messages(roles: Sequence[str], texts: Sequence[str]) -> list[dict[str, str]]:
    """Turns as chat templates read them."""
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]


def write_apart(
    dataset: Dataset,
    folder: Path,
    splits: Mapping[str, str],
    rejected: Collection[str],
    named: Callable[[str], str],
) -> tuple[dict[str, int], int]:
    """Write the conversations about no picture or several.

    Args:
        folder: of the export.
        splits: their names as files may bear them.
        rejected: keys of pictures that are not in the export; a conversation about one of them is left out.
        named: what a picture is called in the export, by its key.

    Returns:
        How many conversations each split has, and how many were left out.
    """
    counts: dict[str, int] = {}
    left_out = 0
    for language in conversation_languages(dataset.root):
        table = read_conversations(dataset.root, language).table
        table = table.filter(pc.invert(_about_one(table)))
        lost = pc.is_in(pc.list_flatten(table["images"]), value_set=pa.array(rejected, pa.string()))
        whole = np.ones(table.num_rows, bool)
        whole[pc.list_parent_indices(table["images"]).filter(lost).to_numpy()] = False
        left_out += int((~whole).sum())
        table = table.filter(pa.array(whole))
        for split in pc.unique(table["split"]).to_pylist():
            name = splits.get(split, split)
            rows = table.filter(pc.equal(table["split"], split))
            counts[name] = counts.get(name, 0) + rows.num_rows
            with new_file(folder / APART / f"{language}-{name}.parquet") as path:
                pq.write_table(
                    pa.Table.from_pylist(list(_apart(rows, language, named)), _APART), path, compression="zstd"
                )
    return counts, left_out


def _apart(rows: pa.Table, language: str, named: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    for row in rows.to_pylist():
        messages = as_messages(row["roles"], row["texts"])
        about = {"id": row["key"], "language": language, "source": row["source"]}
        yield {**about, "images": [named(key) for key in row["images"]], "messages": messages}


def _about_one(table: pa.Table) -> Any:
    return pc.equal(pc.list_value_length(table["images"]), 1)
