"""The thorough check of a dataset: every caption is read and every picture decoded."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from isogloss.data.conversation_tables import (
    COUNTED,
    check_conversations,
    conversation_counts,
    conversation_languages,
    read_conversation_table,
    table_path,
)
from isogloss.data.dataset import Dataset
from isogloss.data.images import decode, read_bytes
from isogloss.data.tables import check_captions, check_images, many, rows_of
from isogloss.errors import UserError
from isogloss.languages import language as known_language

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# What ISO 639-2 keeps free for local use, as for languages that are made up.
_LOCAL_USE = re.compile("q[a-t][a-z]")


def validate(dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> None:
    """Read and check everything in a dataset.

    progress: called with (pictures checked, pictures).

    Raises:
        UserError: the first kind of fault that was found, with the first offender and how many there are.
    """
    path = dataset.root / "images.parquet"
    images = dataset.images()
    check_images(images, path)
    splits = {count["values"]: count["counts"] for count in images["split"].value_counts().to_pylist()}
    if splits != dict(dataset.splits):
        raise UserError(
            f"dataset.json in {dataset.root} counts {dict(dataset.splits)} pictures, and {path} lists {splits}."
        )
    spoken = conversation_languages(dataset.root)
    for language in dataset.languages:
        _check_tag(dataset.root / "captions" / f"{language}.parquet", language)
    for language in spoken:
        _check_tag(table_path(dataset.root, language), language)
    for language in dataset.languages:
        _check_language(dataset, language, images["key"])
    for language in spoken:
        _check_spoken(dataset, language, images)
    _check_pictures(dataset, images, progress)


def _check_tag(path: Path, language: str) -> None:
    if _LOCAL_USE.fullmatch(language):
        return
    try:
        tag = known_language(language).tag
    except UserError as error:
        raise UserError(f"The name of {path} should be a language's tag. {error}") from None
    if tag != language:
        raise UserError(f"The language of {path} is written '{tag}' in a dataset; rename the file to {tag}.parquet.")


def _check_language(dataset: Dataset, language: str, keys: pa.ChunkedArray) -> None:
    path = dataset.root / "captions" / f"{language}.parquet"
    captions = dataset.captions(language)
    if not captions.num_rows:
        raise UserError(f"{path} holds no caption; remove the file or fill it.")
    check_captions(captions, path)
    rows_of(captions["key"], keys, path)
    text = captions["text"]
    other = pc.not_equal(pc.utf8_normalize(text, form="NFC"), text)
    if pc.any(other).as_py():
        offenders = captions["key"].filter(other)
        raise UserError(
            f"{path} has {many(len(offenders), 'caption')} not in Unicode's form NFC, the first for picture "
            f"'{offenders[0]}'; normalise them, or equal words will count as different ones."
        )
    # A language that was added as a file is not counted there, which is no fault.
    counted = dataset.information["languages"].get(language)
    found = {"captions": captions.num_rows, "images": pc.count_distinct(captions["key"]).as_py()}
    if counted is not None and counted != found:
        raise UserError(
            f"dataset.json in {dataset.root} counts {counted} for '{language}', and {path} holds {found}; correct the "
            "counts or restore the table."
        )


def _check_spoken(dataset: Dataset, language: str, images: pa.Table) -> None:
    path = table_path(dataset.root, language)
    table = read_conversation_table(dataset.root, language)
    if not table.num_rows:
        raise UserError(f"{path} holds no conversation; remove the file or fill it.")
    check_conversations(table, images, path)
    counted, found = dataset.information.get(COUNTED, {}).get(language), conversation_counts(table)
    if counted is not None and counted != found:
        raise UserError(
            f"dataset.json in {dataset.root} counts {counted} in the conversations of '{language}', and {path} holds "
            f"{found}; correct the counts or restore the table."
        )


def _check_pictures(dataset: Dataset, images: pa.Table, progress: Callable[[int, int], None] | None) -> None:
    faults = 0
    first = ""
    checked = 0
    for batch in images.to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            fault = _fault(dataset, row)
            if fault:
                first = first or f"'{row['key']}': {fault}"
                faults += 1
            checked += 1
            if progress:
                progress(checked, images.num_rows)
    if faults:
        raise UserError(
            f"{faults:,} of {images.num_rows:,} pictures in {dataset.root} cannot be used; restore them or make the dataset "
            f"again. The first is {first}"
        )


def _fault(dataset: Dataset, row: Mapping[str, Any]) -> str:
    """What is wrong with a picture, or nothing."""
    location = dataset.locate(row["file"])
    try:
        content = listed_bytes(location, row)
        size = decode(content, location).size
    except UserError as error:
        return str(error)
    if size != (row["width"], row["height"]):
        return f"{location} measures {size[0]} × {size[1]} and is listed as {row['width']} × {row['height']}."
    return ""


def listed_bytes(location: str, row: Mapping[str, Any]) -> bytes:
    """The bytes of a picture, which are those that images.parquet lists.

    row: its offset, length and sha256.

    Raises:
        UserError: the file is missing, unreadable or too short, or has other bytes than when it was listed.
    """
    content = read_bytes(location, row["offset"], row["length"])
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise UserError(
            f"{location} has other bytes than when it was listed (its SHA-256 differs); restore the file or make the "
            "dataset again."
        )
    return content
