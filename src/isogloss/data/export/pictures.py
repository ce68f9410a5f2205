"""The pictures of a shard as their very bytes, each checked against the hash that the dataset lists."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.images import UNDECODABLE, reason
from isogloss.data.validate import listed_bytes
from isogloss.errors import UserError

# Remote pictures are fetched so many at a time: the wait for one is many times its transfer.
_FETCHED_AT_ONCE = 16
# At most so many pictures, and so many bytes of them, are in memory at a time.
_MOST_PICTURES, _MOST_BYTES = 1000, 64_000_000

# Endings that readers of archives look for, where they are not the format's own name. MPO is what cameras make that put a
# second, smaller JPEG behind the first.
_ENDINGS = {"JPEG": "jpg", "MPO": "jpg"}


@dataclass(frozen=True, slots=True)
class Read:
    """A picture that was read, with its row of the prepared pictures; `fault` says why it cannot be given away."""

    row: int
    listed: dict[str, Any]
    content: bytes = b""
    ending: str = ""
    fault: str = ""


def read_pictures(dataset: Dataset, images: pa.Table, first: int, last: int) -> Iterator[list[Read]]:
    """The pictures of rows `first` up to `last`, some at a time, in order."""
    with ThreadPoolExecutor(_FETCHED_AT_ONCE) as threads:
        for rows in _pieces(images, first, last):
            if any("://" in row["file"] for _, row in rows):
                yield list(threads.map(lambda numbered: _read(dataset, *numbered), rows))
            else:
                yield [_read(dataset, *numbered) for numbered in rows]


def _pieces(images: pa.Table, first: int, last: int) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    piece: list[tuple[int, dict[str, Any]]] = []
    size = 0
    for start in range(first, last, _MOST_PICTURES):
        for row, listed in enumerate(images.slice(start, min(_MOST_PICTURES, last - start)).to_pylist(), start):
            if piece and (size + listed["length"] > _MOST_BYTES or len(piece) == _MOST_PICTURES):
                yield piece
                piece, size = [], 0
            piece.append((row, listed))
            size += listed["length"]
    if piece:
        yield piece


def _read(dataset: Dataset, row: int, listed: dict[str, Any]) -> Read:
    try:
        content = listed_bytes(dataset.locate(listed["file"]), listed)
    except UserError as error:
        return Read(row, listed, fault=str(error))
    except Exception as error:  # each remote file system's client has its own
        return Read(row, listed, fault=f"{listed['file']} cannot be read ({type(error).__name__}: {error}).")
    try:
        with Image.open(io.BytesIO(content)) as opened:
            kind = str(opened.format)
    except UNDECODABLE as error:
        return Read(row, listed, fault=f"{listed['file']} is not a picture ({reason(error)}).")
    return Read(row, listed, content, _ENDINGS.get(kind, kind.lower()))
