"""Pictures: bytes at (file, offset, length), decoded and brought to a vision tower's size."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import fsspec
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image, ImageOps

from isogloss.data.dataset import Dataset, Split
from isogloss.data.validate import UNDECODABLE, reason
from isogloss.errors import UserError


def read_bytes(location: str, offset: int, length: int) -> bytes:
    """The bytes of a picture, from any file system that fsspec knows.

    Raises:
        UserError: the file is missing, unreadable or shorter than offset + length.
    """
    try:
        source: Any = fsspec.open(location, "rb")
        with source as file:
            file.seek(offset)
            content = file.read(length)
    except OSError as error:
        raise UserError(
            f"The picture {location} cannot be read ({error.strerror or error}); restore the file."
        ) from error
    if len(content) < length:
        raise UserError(
            f"The picture {location} ends after {len(content)} of {length} bytes at offset {offset}; restore the file."
        )
    return content


def decode(content: bytes, location: str) -> Image.Image:
    """A picture as RGB, upright by its EXIF orientation, transparency laid on white.

    Raises:
        UserError: the bytes are not a picture that Pillow reads, or it is damaged or a decompression bomb.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return picture.convert("RGB")
    except UNDECODABLE as error:
        raise UserError(
            f"{location} is not a picture that can be decoded ({reason(error)}); replace it or leave it out of the dataset."
        ) from error


def fit(
    picture: Image.Image, size: int, resample: Image.Resampling = Image.Resampling.BICUBIC
) -> Image.Image:
    """The picture's centre square, resized to size × size pixels."""
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    return picture.resize((size, size), resample, box=(left, top, left + side, top + side))


@dataclass
class Pictures:
    """The pictures of a split as pixels of one size.

    Args:
        dataset: the folder they belong to.
        split: which of them, and in which order.
        size: of the squares, in pixels.
        keep: keep decoded pictures in memory (size² × 3 bytes each), for sets that are small beside it.
        threads: that read and decode one batch together.
    """

    dataset: Dataset
    split: Split
    size: int
    keep: bool = False
    threads: int = 1
    _kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict[int, NDArray[np.uint8]], repr=False)

    def __len__(self) -> int:
        return len(self.split)

    def _one(self, image: int) -> NDArray[np.uint8]:
        if image in self._kept:
            return self._kept[image]
        table = self.split.images
        location = self.dataset.locate(table["file"][image].as_py())
        content = read_bytes(location, table["offset"][image].as_py(), table["length"][image].as_py())
        pixels = np.asarray(fit(decode(content, location), self.size)).transpose(2, 0, 1)
        if self.keep:
            self._kept[image] = np.ascontiguousarray(pixels)
        return pixels

    def batch(self, images: NDArray[np.int64]) -> UInt8[np.ndarray, "image channel height width"]:
        """The pixels of some pictures, rows of the split, as uint8.

        Raises:
            UserError: a picture is missing, cut short or cannot be decoded; the message names it.
        """
        rows = [int(image) for image in images]
        each: Callable[[int], NDArray[np.uint8]] = self._one
        if self.threads > 1:
            with ThreadPoolExecutor(self.threads) as pool:
                return np.stack(list(pool.map(each, rows)))
        return np.stack([each(row) for row in rows])
