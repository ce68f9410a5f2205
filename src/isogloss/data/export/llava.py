"""Conversations as files that LLaVA's and most other trainers read: a JSON array a language and split, beside pictures.

    OUT/images/<key>.<ending>          the very bytes of a picture
    OUT/<language>-<split>.json        entries with id, image (a list where there are several) and conversations
    OUT/rejected.parquet               what was left out, and why

`isogloss data llava OUT/<language>-<split>.json DIR --images OUT/images` reads them back.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from isogloss.data.conversation_set import Conversations, read_conversations
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import Dataset
from isogloss.data.export.conversations import SPEAKERS
from isogloss.data.export.pictures import read_pictures
from isogloss.data.export.webdataset import sample_name
from isogloss.data.sources.source import Skipped
from isogloss.errors import UserError
from isogloss.saving import new_folder, refuse_existing

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

PLAIN = "plain text"
_REJECTED = pa.schema({name: pa.string() for name in ("key", "language", "reason", "detail")})


@dataclass(frozen=True)
class ExportedConversations:
    """What was written: files of conversations, conversations, pictures; and how many conversations were left out."""

    files: int
    conversations: int
    pictures: int
    rejected: int


def export_llava(
    root: str | Path, target: str | Path, progress: Callable[[int, int], None] | None = None
) -> ExportedConversations:
    """Write a dataset's conversations and their pictures as LLaVA has them, a folder that appears whole or not at all.

    Plain text, which is said by nobody, is left out, and so is a conversation of which a picture cannot be read.

    progress: called with (pictures written, pictures).

    Raises:
        UserError: there is no conversation that can be written, a table is damaged, or the disk is full.
    """
    dataset, target = Dataset.open(root), Path(target)
    languages = conversation_languages(dataset.root)
    if not languages:
        raise UserError(f"{dataset.root} has no conversations; export its captions with another --format.")
    refuse_existing(target)
    rejected: list[dict[str, str]] = []
    counts = {"files": 0, "conversations": 0}
    with new_folder(target) as folder:
        files = _write_pictures(dataset, folder, languages, progress or (lambda done, total: None))
        for language in languages:
            for split in _splits(dataset, language):
                entries = _entries(read_conversations(dataset.root, language, split), files, rejected)
                written = _write_array(folder / f"{language}-{split}.json", entries)
                counts["files"] += written > 0
                counts["conversations"] += written
        if not counts["conversations"]:
            raise UserError(f"No conversation of {dataset.root} can be exported; the first: {rejected[0]['detail']}")
        if rejected:
            pq.write_table(pa.Table.from_pylist(rejected, _REJECTED), folder / "rejected.parquet")
    written = sum(isinstance(file, str) for file in files.values())
    return ExportedConversations(**counts, pictures=written, rejected=len(rejected))


def _write_pictures(
    dataset: Dataset, folder: Path, languages: tuple[str, ...], progress: Callable[[int, int], None]
) -> dict[str, str | Skipped]:
    """Write the pictures that conversations are about; each one's file, or why it has none, by its key."""
    wanted = pa.concat_arrays(
        [pc.unique(pc.list_flatten(read_conversations(dataset.root, one).table["images"])) for one in languages]
    )
    images = dataset.images()
    images = images.filter(pc.is_in(images["key"], value_set=wanted))
    (folder / "images").mkdir()
    files: dict[str, str | Skipped] = {}
    for pictures in read_pictures(dataset, images, 0, images.num_rows):
        for one in pictures:
            key = one.listed["key"]
            if one.fault:
                files[key] = Skipped("picture that cannot be read", key, detail=one.fault)
                continue
            files[key] = f"{sample_name(key)}.{one.ending}"
            (folder / "images" / f"{sample_name(key)}.{one.ending}").write_bytes(one.content)
        progress(len(files), images.num_rows)
    return files


def _splits(dataset: Dataset, language: str) -> list[str]:
    """The splits that conversations of a language may lie in."""
    return sorted(pc.unique(read_conversations(dataset.root, language).table["split"]).to_pylist())


def _entries(
    conversations: Conversations, files: Mapping[str, str | Skipped], rejected: list[dict[str, str]]
) -> Iterator[dict[str, Any]]:
    for one in conversations:
        lost = next((file for key in one.images if isinstance(file := files[key], Skipped)), None)
        if lost is None and one.turns[0].role == "text":
            lost = Skipped(PLAIN, one.key, detail="it is said by nobody")
        if lost is not None:
            named = {"key": one.key, "language": one.language, "reason": lost.reason, "detail": lost.detail}
            rejected.append(named)
            continue
        names = [files[key] for key in one.images]
        pictures = {} if not names else {"image": names[0] if len(names) == 1 else names}
        said = [{"from": SPEAKERS[turn.role], "value": turn.text} for turn in one.turns]
        yield {"id": one.key, **pictures, "conversations": said}


def _write_array(path: Path, entries: Iterator[dict[str, Any]]) -> int:
    """Write a JSON array an entry a line, or no file where there is none; returns how many entries there were."""
    written = 0
    file = None
    for entry in entries:
        file = file or path.open("w", encoding="utf-8")
        file.write(("[\n" if not written else ",\n") + json.dumps(entry, ensure_ascii=False))
        written += 1
    if file:
        file.write("\n]\n")
        file.close()
    return written
