"""Writing a dataset: a whole folder, or the captions or conversations of one language into a folder that exists."""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from isogloss.data.conversation_tables import (
    COUNTED,
    conversation_counts,
    prepare_conversations,
    read_conversation_table,
    table_of,
    table_path,
)
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import FORMAT, VERSION, Dataset, read_information
from isogloss.data.tables import (
    CAPTIONS,
    IMAGES,
    check_captions,
    check_columns,
    check_images,
    conform,
    reordered,
    rows_of,
)
from isogloss.errors import UserError
from isogloss.languages import language as known_language
from isogloss.lock import only_one
from isogloss.saving import new_file, new_folder, refuse_existing, write_json, writing

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute


def write_dataset(
    root: str | Path,
    *,
    name: str,
    description: str,
    licence: str,
    sources: Sequence[Mapping[str, str]],
    images: pa.Table,
    captions: Mapping[str, pa.Table],
    notes: Mapping[str, Any],
    files: Iterable[tuple[str, bytes]] = (),
    conversations: Mapping[str, pa.Table] | None = None,
) -> Dataset:
    """Write a dataset folder that appears whole or not at all.

    sources: name, version, url, licence of whatever went in; notes: free counts, such as what was left out and why;
    files: pictures to put in the folder, (path relative to it, bytes), taken one at a time. Captions are brought to
    Unicode's form NFC and ordered by picture. conversations: tables as `table_of` makes them, by language; a folder of
    these alone has no row in `images`.

    Raises:
        UserError: something exists at `root`, the tables do not fit together, or the disk is full.
    """
    root = Path(root)
    refuse_existing(root)
    images, tables = _prepare(root, images, captions)
    spoken = {
        language: prepare_conversations(root, language, table, images)
        for language, table in sorted((conversations or {}).items())
    }
    described = information(
        name=name,
        description=description,
        licence=licence,
        sources=sources,
        splits={count["values"]: count["counts"] for count in images["split"].value_counts().to_pylist()},
        languages={language: _counts(table) for language, table in tables.items()},
        notes=notes,
    )
    if spoken:
        described[COUNTED] = {language: conversation_counts(table) for language, table in spoken.items()}
    with new_folder(root) as folder:
        for file, content in files:
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (folder / "captions").mkdir()
        pq.write_table(images, folder / "images.parquet", compression="zstd")
        for language, table in tables.items():
            pq.write_table(table, folder / "captions" / f"{language}.parquet", compression="zstd")
        for language, table in spoken.items():
            path = table_path(folder, language)
            path.parent.mkdir(exist_ok=True)
            pq.write_table(table, path, compression="zstd")
        (folder / "dataset.json").write_text(
            json.dumps(described, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    return Dataset.open(root)


def information(
    *,
    name: str,
    description: str,
    licence: str,
    sources: Sequence[Mapping[str, str]],
    splits: Mapping[str, int],
    languages: Mapping[str, Mapping[str, int]],
    notes: Mapping[str, Any],
) -> dict[str, Any]:
    """What dataset.json says of a dataset."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "description": description,
        "licence": licence,
        "sources": [dict(source) for source in sources],
        "splits": dict(splits),
        "languages": {language: dict(count) for language, count in languages.items()},
        "notes": dict(notes),
    }


def _prepare(root: Path, images: pa.Table, captions: Mapping[str, pa.Table]) -> tuple[pa.Table, dict[str, pa.Table]]:
    """The tables as they will be written: checked, with the format's types, captions in NFC and in picture order."""
    check_columns(images.schema, IMAGES, root / "images.parquet")
    images = conform(images, IMAGES, root / "images.parquet")
    check_images(images, root / "images.parquet")
    tables = {
        language: _prepare_captions(root, language, table, images["key"])
        for language, table in sorted(captions.items())
    }
    return images, tables


def _prepare_captions(root: Path, language: str, table: pa.Table, keys: pa.ChunkedArray) -> pa.Table:
    path = root / "captions" / f"{language}.parquet"
    check_columns(table.schema, CAPTIONS, path)
    table = conform(table, CAPTIONS, path)
    check_captions(table, path)
    table = table.set_column(1, "text", pc.utf8_normalize(table["text"], form="NFC"))
    rows = rows_of(table["key"], keys, path)
    return reordered(table, np.argsort(rows, kind="stable"))


def _counts(table: pa.Table) -> dict[str, int]:
    return {"captions": table.num_rows, "images": pc.count_distinct(table["key"]).as_py()}


@contextmanager
def only_writer(root: Path) -> Generator[None]:
    """Wait until no other process writes into a dataset folder, and keep others waiting until the block ends.

    Who changes what is there, and does not only replace it, reads it within the block.

    Raises:
        UserError: the folder cannot be written.
    """
    if not (root / "dataset.json").is_file():
        Dataset.open(root)  # which says what is wrong, where a lock would make a folder
    with only_one(root / ".lock"):
        yield


def write_captions(root: str | Path, language: str, table: pa.Table) -> Dataset:
    """Write the captions of one language into a dataset folder, in place of any that it had, in one step.

    Captions are brought to Unicode's form NFC and ordered by picture; dataset.json counts them.

    table: columns key, text, source, score and perhaps original.

    Raises:
        UserError: there is no such dataset or language, the tag is not the one that isogloss writes, a caption is empty,
            overlong or of a picture that is not there, or the disk is full.
    """
    root = Path(root)
    _as_written(language)
    with only_writer(root):
        dataset = Dataset.open(root)
        table = _prepare_captions(root, language, table, dataset.images(columns=["key"])["key"])
        with new_file(root / "captions" / f"{language}.parquet") as path:
            pq.write_table(table, path, compression="zstd")
        languages = {**dataset.information["languages"], language: _counts(table)}
        write_json(
            root / "dataset.json",
            {**dataset.information, "languages": {tag: languages[tag] for tag in sorted(languages)}},
        )
    return Dataset.open(root)


def remove_captions(root: str | Path, language: str) -> None:
    """Take a language out of a dataset folder, if it is there; its table may be gone already.

    Raises:
        UserError: there is no such dataset, or the folder cannot be written.
    """
    root = Path(root)
    with only_writer(root):
        information = read_information(root)
        languages = {tag: counts for tag, counts in information["languages"].items() if tag != language}
        # A table that is not counted is no fault, but a count without its table would be one.
        write_json(root / "dataset.json", {**information, "languages": languages})
        path = root / "captions" / f"{language}.parquet"
        with writing(path):
            path.unlink(missing_ok=True)


def write_conversations(
    root: str | Path,
    language: str,
    conversations: Iterable[Conversation],
    *,
    source: str,
    splits: Mapping[str, str] | None = None,
) -> None:
    """Write conversations of one language into a dataset folder, in place of any that the source had there, in one step.

    Texts are brought to Unicode's form NFC; dataset.json counts the conversations.

    Args:
        root: the dataset folder.
        language: its tag, which all conversations bear.
        conversations: taken one at a time, so that memory holds few of them as Python's objects.
        source: what they come from, such as a file or an engine.
        splits: of conversations without a picture, by key; "train" for those that are not named. The others lie in the
            split of their pictures.

    Raises:
        UserError: there is no such dataset or language, a conversation cannot be used, or the disk is full.
    """
    write_conversation_table(root, language, table_of(conversations, language, source, splits or {}), (source,))


def write_conversation_table(root: str | Path, language: str, table: pa.Table, sources: Sequence[str]) -> None:
    """Write a table of conversations as `table_of` makes it, in place of what these sources had there, in one step.

    A language that is left without a conversation is none.

    Raises:
        UserError: as for `write_conversations`.
    """
    root = Path(root)
    _as_written(language)
    path = table_path(root, language)
    with only_writer(root):
        dataset = Dataset.open(root)
        if path.exists():
            present = read_conversation_table(root, language)
            others = pc.invert(pc.is_in(present["source"], value_set=pa.array(sources, pa.string())))
            table = pa.concat_tables([present.filter(others), table])
        table = prepare_conversations(root, language, table, dataset.images(columns=["key", "split"]))
        counts = {tag: found for tag, found in dataset.information.get(COUNTED, {}).items() if tag != language}
        if table.num_rows:
            with new_file(path) as partial:
                pq.write_table(table, partial, compression="zstd")
            counts[language] = conversation_counts(table)
        write_json(
            root / "dataset.json", {**dataset.information, COUNTED: {tag: counts[tag] for tag in sorted(counts)}}
        )
        if not table.num_rows:
            with writing(path):
                path.unlink(missing_ok=True)


def _as_written(language: str) -> None:
    tag = known_language(language).tag
    if tag != language:
        raise UserError(f"The language '{language}' is written '{tag}' in a dataset; name it so.")
