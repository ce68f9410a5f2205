"""Conversations of a language from a file into a dataset that exists, such as translations of those that it has."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from isogloss.data.add import NO_PICTURE, REJECTED, SEVERAL_PICTURES, Added, stem, write_rejected
from isogloss.data.called import SEVERAL, UNKNOWN, Called
from isogloss.data.conversation_tables import (
    CONVERSATIONS,
    conversation_languages,
    conversations_of,
    read_conversation_table,
    table_of,
    table_path,
)
from isogloss.data.conversations import Conversation, fault
from isogloss.data.dataset import Dataset
from isogloss.data.sources.json_values import json_values
from isogloss.data.sources.llava import BAD_ROW, TWICE
from isogloss.data.sources.llava_entry import Entry, read_entry
from isogloss.data.sources.rows import KINDS, BadRow, TableFile
from isogloss.data.sources.source import Skipped
from isogloss.data.writing import only_writer, write_conversation_table
from isogloss.errors import UserError
from isogloss.languages import language as known_language

# Columns by which a file is known to hold conversations.
COLUMNS = ("conversations", "messages")


@dataclass(frozen=True)
class _Known:
    """What the conversations of a key are about, and the split that one without a picture lies in."""

    images: tuple[str, ...]
    split: str | None


def holds_conversations(file: TableFile) -> bool:
    """Whether a file is one of conversations: JSON that is no table, or a table with a column of them."""
    return not _is_table(file) or bool(set(COLUMNS) & set(file.names()))


def add_conversations(
    root: str | Path, language: str, file: TableFile, *, source: str = "", replace: bool = False
) -> Added:
    """Add the conversations of a file to a dataset, in place of those of the same source and key.

    An entry is as LLaVA has them, or has messages. One that names no picture is about those of the conversation that has
    its id as key, in whatever language, so that translations need none. What cannot be used is listed in
    rejected/added/<language>.parquet.

    Args:
        root: the dataset folder. language: of all conversations of the file. file: JSON, JSON lines or Parquet.
        source: that they are kept under; the file's name without its ending, where empty.
        replace: put them in place of all conversations that the language has.

    Raises:
        UserError: an unknown language, a damaged dataset or file, or a file without a conversation that can be used.
    """
    tag = known_language(language).tag
    dataset = Dataset.open(root)
    source = source or stem(file.path)
    known = _known(dataset)
    good, skipped = _judged(dataset, file, tag, known)
    if not good:
        why = f": the first is '{skipped[0].reason}'" if skipped else ""
        raise UserError(f"No conversation of {file.path} can be added to {dataset.root}{why}; name another file.")
    splits = {key: one.split for key, one in known.items() if one.split}
    table = table_of(good.values(), tag, source, splits)
    with only_writer(dataset.root):
        path = table_path(dataset.root, tag)
        present = read_conversation_table(dataset.root, tag) if path.exists() else CONVERSATIONS.empty_table()
        own = present.filter(pa.array([one == source for one in present["source"].to_pylist()], pa.bool_()))
        before = {one.key: one for one in conversations_of(own, tag)}
        kept = own.filter(pa.array([key not in good for key in before], pa.bool_()))
        if replace:
            kept, sources = kept.slice(0, 0), list({source, *present["source"].to_pylist()})
        else:
            sources = [source]
        write_conversation_table(dataset.root, tag, pa.concat_tables([kept, table]), sources)
        rows = [(one.key, "", tag, one.text, one.reason) for one in skipped]
        rejected = pa.Table.from_pylist([dict(zip(REJECTED.names, row, strict=True)) for row in rows], REJECTED)
        write_rejected(dataset.root / "rejected" / "added" / f"{tag}.parquet", file.path, rejected)
    same = sum(before.get(key) == one for key, one in good.items())
    return Added(tag, len(good) - same, same, dict(Counter(one.reason for one in skipped).most_common()))


def _known(dataset: Dataset) -> dict[str, _Known]:
    """Of each key, the first conversation that there is."""
    found: dict[str, _Known] = {}
    for tag in conversation_languages(dataset.root):
        table = read_conversation_table(dataset.root, tag)
        for key, images, split in zip(*(table[name].to_pylist() for name in ("key", "images", "split")), strict=True):
            found.setdefault(key, _Known(tuple(images), split))
    return found


def _judged(
    dataset: Dataset, file: TableFile, tag: str, known: Mapping[str, _Known]
) -> tuple[dict[str, Conversation], list[Skipped]]:
    """The conversations that can be used, by key, and the others."""
    entries = list(_entries(file))
    names = sorted({name for one in entries if isinstance(one, Entry) for name in one.pictures})
    images = dataset.images(columns=["key", "file"])
    rows = Called(images).rows(pa.array(names, pa.large_string()))
    pictures = dict(zip(names, rows.tolist(), strict=True))
    keys = images["key"]
    good: dict[str, Conversation] = {}
    skipped: list[Skipped] = []
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, Skipped):
            skipped.append(entry)
            continue
        key = entry.identity or f"row-{number}"
        found = [pictures[name] for name in entry.pictures]
        if found:
            about = tuple(keys[row].as_py() for row in found if row >= 0)
        else:
            about = known[key].images if key in known else ()
        one = Conversation(key, tag, about, entry.turns)
        reason = next((why for row, why in ((UNKNOWN, NO_PICTURE), (SEVERAL, SEVERAL_PICTURES)) if row in found), "")
        reason = reason or fault(one)[0] or (TWICE if key in good else "")
        if reason:
            skipped.append(Skipped(reason, key, text=entry.turns[0].text[:1000] if entry.turns else ""))
        else:
            good[key] = one
    return good, skipped


def _entries(file: TableFile) -> Iterator[Entry | Skipped]:
    rows: Iterator[Any] = file.rows() if _is_table(file) else json_values(file)
    for row in rows:
        yield Skipped(BAD_ROW, text=f"row {row.number:,}: {row.reason}") if isinstance(row, BadRow) else read_entry(row)


def _is_table(file: TableFile) -> bool:
    suffixes = {suffix.lower() for suffix in PurePosixPath(file.path.split("?")[0]).suffixes}
    return bool(file.kind or suffixes & set(KINDS))
