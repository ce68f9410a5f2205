"""The thorough check of a dataset: every caption is read and every picture decoded."""

import hashlib
import io
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa
import pyarrow.compute
from PIL import Image, UnidentifiedImageError

from isogloss.data.tables import check_captions, check_images, many, rows_of
from isogloss.errors import UserError

if TYPE_CHECKING:
    from isogloss.data.dataset import Dataset

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# What Pillow's decoders raise on damaged bytes; a damaged header may also claim a size that is refused.
UNDECODABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    struct.error,
    Image.DecompressionBombError,
)


def validate(dataset: "Dataset", progress: Callable[[int, int], None] | None = None) -> None:
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
    for language in dataset.languages:
        _check_language(dataset, language, images["key"])
    _check_pictures(dataset, images, progress)


def reason(error: Exception) -> str:
    """Why bytes could not be decoded, in words; Pillow itself names the buffer that it was given."""
    return "no format that is known" if isinstance(error, UnidentifiedImageError) else str(error)


def _check_language(dataset: "Dataset", language: str, keys: pa.ChunkedArray) -> None:
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


def _check_pictures(dataset: "Dataset", images: pa.Table, progress: Callable[[int, int], None] | None) -> None:
    faults = 0
    first = ""
    checked = 0
    for batch in images.to_batches(max_chunksize=1024):
        for row in batch.to_pylist():
            fault = _fault(dataset, row)
            if fault:
                first = first or f"picture '{row['key']}', {dataset.locate(row['file'])}, {fault}"
                faults += 1
            checked += 1
            if progress:
                progress(checked, images.num_rows)
    if faults:
        raise UserError(
            f"{faults:,} of {images.num_rows:,} pictures in {dataset.root} cannot be used; the first, "
            f"{first}: restore them or make the dataset again."
        )


def _fault(dataset: "Dataset", row: Mapping[str, Any]) -> str:
    """What is wrong with a picture, or nothing."""
    try:
        source: Any = fsspec.open(dataset.locate(row["file"]), "rb")
        with source as opened:
            opened.seek(row["offset"])
            content = opened.read(row["length"])
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error})"
    if len(content) < row["length"]:
        return f"has {len(content):,} of {row['length']:,} bytes"
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            size = picture.size
    except UNDECODABLE as error:
        return f"is no picture that can be decoded ({reason(error)})"
    if size != (row["width"], row["height"]):
        return f"measures {size[0]} × {size[1]} and is listed as {row['width']} × {row['height']}"
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        return "has other bytes than when it was listed (its SHA-256 differs)"
    return ""
