"""The tables of conversations: conversations/<language>.parquet beside captions/, a row a conversation.

    key, images [picture], roles [turn], texts [turn], source, score, split

A conversation lies in the split of its pictures; one without any lies in that of its row, or in "train".
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.conversations import Conversation, Role, Turn, fault
from isogloss.data.tables import check_columns, conform, many, read_footer, read_table
from isogloss.errors import UserError

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# score: of a translation, the least of its turns; null elsewhere.
CONVERSATIONS = pa.schema(
    {
        "key": pa.string(),
        "images": pa.list_(pa.string()),
        "roles": pa.list_(pa.string()),
        "texts": pa.list_(pa.string()),
        "source": pa.string(),
        "score": pa.float32(),
        "split": pa.string(),
    }
)
ROLES: tuple[str, ...] = get_args(Role)
# The field of dataset.json that counts them.
COUNTED = "conversations"
# The split of a conversation without a picture whose row names none.
USUAL_SPLIT = "train"
# Conversations that are Python's own objects at a time.
_PART = 1 << 13


def table_path(root: Path, language: str) -> Path:
    """Where the conversations of a language lie in a dataset folder."""
    return root / "conversations" / f"{language}.parquet"


def conversation_languages(root: str | Path) -> tuple[str, ...]:
    """The tags that have a table of conversations in a dataset folder, in alphabetical order.

    Raises:
        UserError: a table that dataset.json counts is missing.
    """
    root = Path(root)
    found = tuple(sorted(path.stem for path in (root / "conversations").glob("*.parquet")))
    # Read here and not by `read_information`, which writing.py's folder that is not whole yet has not got.
    described = root / "dataset.json"
    counted = json.loads(described.read_text(encoding="utf-8")).get(COUNTED, {}) if described.exists() else {}
    missing = [language for language in counted if language not in found]
    if missing:
        raise UserError(
            f"{table_path(root, missing[0])} is missing, a table of conversations that dataset.json names; restore it, or "
            f"take it out with `isogloss data remove {root} --language {missing[0]} --what conversations`."
        )
    return found


def table_of(
    conversations: Iterable[Conversation], language: str, source: str, splits: Mapping[str, str] | None = None
) -> pa.Table:
    """A table of conversations, not checked yet.

    Raises:
        UserError: a conversation is in another language, or its text is no Unicode.
    """
    remaining = iter(conversations)
    parts = [CONVERSATIONS.empty_table()]
    while some := list(islice(remaining, _PART)):
        other = next((one for one in some if one.language != language), None)
        if other:
            raise UserError(f"The conversation '{other.key}' is in '{other.language}'; write each language by itself.")
        columns: list[list[Any]] = [
            [one.key for one in some],
            [one.images for one in some],
            [[turn.role for turn in one.turns] for one in some],
            [[turn.text for turn in one.turns] for one in some],
            [source] * len(some),
            [None] * len(some),
            [None if one.images else (splits or {}).get(one.key, USUAL_SPLIT) for one in some],
        ]
        try:
            arrays = [pa.array(column, field.type) for column, field in zip(columns, CONVERSATIONS, strict=True)]
        except UnicodeEncodeError:
            bad = next(one for one in some if not _is_unicode(one))
            raise UserError(
                f"The conversation '{bad.key.encode('utf-8', 'replace').decode()}' holds half a character, which is no "
                "Unicode; correct or remove it."
            ) from None
        parts.append(pa.Table.from_arrays(arrays, schema=CONVERSATIONS))
    return pa.concat_tables(parts)


def prepare_conversations(root: Path, language: str, table: pa.Table, images: pa.Table) -> pa.Table:
    """A table as it is written: checked, with the format's types, texts in NFC.

    images: key and split of the dataset's pictures.

    Raises:
        UserError: a conversation cannot be used, or a picture is not there.
    """
    path = table_path(root, language)
    check_columns(table.schema, CONVERSATIONS, path)
    table = conform(table, CONVERSATIONS, path)
    check_conversations(table, images, path)
    texts = [_normal(chunk) for chunk in table["texts"].chunks]
    return table.set_column(table.column_names.index("texts"), "texts", pa.chunked_array(texts, pa.list_(pa.string())))


def read_conversation_table(root: Path, language: str) -> pa.Table:
    """The whole table of one language, whose columns are right, and no more.

    Raises:
        UserError: the table is missing or damaged.
    """
    path = table_path(root, language)
    check_columns(read_footer(path), CONVERSATIONS, path)
    table = read_table(path, CONVERSATIONS)
    _check_filled(table, path)
    return table


def conversations_of(table: pa.Table, language: str) -> Iterator[Conversation]:
    """The conversations of a table one after the other."""
    for batch in table.select(["key", "images", "roles", "texts"]).to_batches(max_chunksize=_PART):
        for row in batch.to_pylist():
            yield conversation_of(row, language)


def conversation_of(row: Mapping[str, Any], language: str) -> Conversation:
    """The conversation of one row."""
    turns = zip(row["roles"], row["texts"], strict=True)
    return Conversation(row["key"], language, tuple(row["images"]), tuple(Turn(role, text) for role, text in turns))


def conversation_counts(table: pa.Table) -> dict[str, int]:
    """What dataset.json counts: conversations, their turns, and the different pictures that they are about."""
    return {
        "conversations": table.num_rows,
        "turns": pc.sum(pc.list_value_length(table["roles"])).as_py() or 0,
        "images": pc.count_distinct(pc.list_flatten(table["images"])).as_py(),
    }


def check_conversations(table: pa.Table, images: pa.Table, path: Path) -> None:
    """Check that every conversation can be used, is there once of a source, and has its pictures in one split.

    Raises:
        UserError: the first that cannot, and why.
    """
    _check_filled(table, path)
    faults = ((one.key, *fault(one)) for one in conversations_of(table, ""))
    bad = [(key, reason, detail) for key, reason, detail in faults if reason]
    if bad:
        key, reason, detail = bad[0]
        raise UserError(
            f"{path} has {many(len(bad), 'conversation')} that cannot be used, the first '{key}' ({reason}: {detail}); "
            "correct or remove the rows."
        )
    counts = table.group_by(["key", "source"]).aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts["count_all"], 1))["key"]
    if len(twice):
        raise UserError(
            f"{path} has {many(len(twice), 'key')} that several conversations of one source have, the first '{twice[0]}'; "
            "give each its own."
        )
    splits_of(table, images, path)


def splits_of(table: pa.Table, images: pa.Table, path: Path) -> NDArray[np.object_]:
    """The split of every conversation: [conversation].

    images: key and split of the dataset's pictures.

    Raises:
        UserError: a picture is not there, or those of one conversation are in several splits.
    """
    lengths = pc.list_value_length(table["images"]).to_numpy()
    owners = np.repeat(np.arange(table.num_rows), lengths)
    asked = pc.list_flatten(table["images"])
    rows = pc.index_in(asked, value_set=images["key"])
    if rows.null_count:
        place = int(np.flatnonzero(pc.is_null(rows).to_numpy())[0])
        raise UserError(
            f"{path} has {many(rows.null_count, 'place')} for pictures that images.parquet does not list, the first for "
            f"'{asked[place]}' in the conversation '{table['key'][int(owners[place])]}'; remove the rows or add the pictures."
        )
    named = pc.dictionary_encode(images["split"]).unify_dictionaries().combine_chunks()
    codes = np.zeros(0, np.int64) if not len(named) else named.indices.to_numpy()[rows.to_numpy().astype(np.int64)]
    names = np.array(named.dictionary.to_pylist() if len(named) else [], object)
    starts = np.cumsum(lengths) - lengths
    first = codes[starts[owners].astype(np.int64)] if len(codes) else codes
    apart = np.flatnonzero(codes != first)
    if len(apart):
        place = int(apart[0])
        raise UserError(
            f"The pictures of the conversation '{table['key'][int(owners[place])]}' in {path} are in the splits "
            f"'{names[first[place]]}' and '{names[codes[place]]}'; put them into one."
        )
    found = np.array(pc.fill_null(table["split"], USUAL_SPLIT).to_pylist(), object)
    found[owners] = names[codes] if len(codes) else found[owners]
    return found


def _check_filled(table: pa.Table, path: Path) -> None:
    """Check that no cell is empty, that there are as many roles as texts, and that the roles are known."""
    for name in ("key", "images", "roles", "texts", "source"):
        cells = table[name]
        empty = cells.null_count
        if pa.types.is_list(cells.type):
            empty += pc.list_flatten(cells).null_count
        if empty:
            raise UserError(f"{path} has {many(empty, 'row')} with nothing in '{name}'; fill in or remove.")
    other = pc.not_equal(pc.list_value_length(table["roles"]), pc.list_value_length(table["texts"]))
    if pc.any(other).as_py():
        key = table["key"].filter(other)[0]
        raise UserError(
            f"{path} has not as many roles as texts in the conversation '{key}'; correct or remove the row."
        )
    strangers = set(pc.unique(pc.list_flatten(table["roles"])).to_pylist()) - set(ROLES)
    if strangers:
        raise UserError(f"{path} has turns of '{min(strangers)}'; the roles are {', '.join(ROLES)}.")


def _normal(texts: pa.ListArray) -> pa.ListArray:
    return pa.ListArray.from_arrays(
        pc.subtract(texts.offsets, texts.offsets[0]), pc.utf8_normalize(pc.list_flatten(texts), form="NFC")
    )


def _is_unicode(conversation: Conversation) -> bool:
    words = (conversation.key, *conversation.images, *(turn.text for turn in conversation.turns))
    try:
        "".join(words).encode()
    except UnicodeEncodeError:
        return False
    return True
