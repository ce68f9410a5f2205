"""Pictures: bytes at (file, offset, length), decoded and brought to a vision tower's size."""

import io
import math
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import fsspec
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from isogloss.data.dataset import Dataset, Split
from isogloss.errors import UserError

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


def reason(error: Exception) -> str:
    """Why bytes could not be decoded, in words; Pillow itself names the buffer that it was given."""
    return "no format that is known" if isinstance(error, UnidentifiedImageError) else str(error)


def read_bytes(location: str, offset: int = 0, length: int | None = None) -> bytes:
    """The bytes of a picture, from any file system that fsspec knows; without a length, up to the end of the file.

    Raises:
        UserError: the file is missing, unreadable or shorter than offset + length.
    """
    try:
        source: Any = fsspec.open(location, "rb")
        with source as file:
            file.seek(offset)
            content = file.read() if length is None else file.read(length)
    except OSError as error:
        raise UserError(
            f"The picture {location} cannot be read ({error.strerror or error}); restore the file."
        ) from error
    except (ImportError, ValueError) as error:  # of fsspec: a protocol that is not installed, or not known
        raise UserError(
            f"The picture {location} cannot be read ({error}); install what it needs or move it."
        ) from error
    if length is not None and len(content) < length:
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
            if picture.mode == "I" or picture.mode.startswith("I;16"):  # Pillow would cut 16 bits off at 255: to white
                picture = Image.fromarray((np.asarray(picture) // 256).clip(0, 255).astype(np.uint8))
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return picture.convert("RGB")
    except UNDECODABLE as error:
        raise UserError(
            f"{location} is not a picture that can be decoded ({reason(error)}); replace it or leave it out of the dataset."
        ) from error


@dataclass(frozen=True)
class PictureSize:
    """How a picture of any shape becomes the square that a vision tower reads, as Transformers' processors do it.

    Args:
        side: of the square, which is the centre of the resized picture, in pixels.
        resized: the length of the resized picture's shorter side; of both its sides without `keep_shape`.
        keep_shape: whether both sides are resized alike.
        resample: the filter.
    """

    side: int
    resized: int
    keep_shape: bool = True
    resample: Image.Resampling = Image.Resampling.BICUBIC


def fit(picture: Image.Image, size: PictureSize, place: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """The picture as a square.

    Args:
        place: where the square lies in the resized picture, from 0 at its left and top to 1 at its right and bottom.
    """
    box: list[float] = []
    for length, share in zip(picture.size, place, strict=True):
        resized = size.resized * length // min(picture.size) if size.keep_shape else size.resized
        start = math.floor((resized - size.side) * share)
        # Only what is kept is resized, so that a very long picture costs no more than any other.
        box += [start * length / resized, min(length, (start + size.side) * length / resized)]
    left, right, top, bottom = box
    return picture.resize((size.side, size.side), size.resample, box=(left, top, right, bottom))


@dataclass
class Pictures:
    """The pictures of a split as pixels of one size.

    Args:
        dataset: the folder they belong to.
        split: which of them, and in which order.
        size: what each is brought to.
        keep: keep decoded pictures in memory (side² × 3 bytes each), for sets that are small beside it.
        threads: that read and decode one batch together.
    """

    dataset: Dataset
    split: Split
    size: PictureSize
    keep: bool = False
    threads: int = 1
    _kept: dict[int, NDArray[np.uint8]] = field(default_factory=dict[int, NDArray[np.uint8]], repr=False)

    def __len__(self) -> int:
        return len(self.split)

    def _one(self, image: int, place: tuple[float, float] | None = None) -> NDArray[np.uint8]:
        if place is None and image in self._kept:
            return self._kept[image]
        table = self.split.images
        location = self.dataset.locate(table["file"][image].as_py())
        content = read_bytes(location, table["offset"][image].as_py(), table["length"][image].as_py())
        pixels = np.asarray(fit(decode(content, location), self.size, place or (0.5, 0.5))).transpose(2, 0, 1)
        if self.keep and place is None:
            self._kept[image] = np.ascontiguousarray(pixels)
        return pixels

    def batch(
        self, images: NDArray[np.int64], places: NDArray[np.float64] | None = None
    ) -> UInt8[np.ndarray, "image channel height width"]:
        """The pixels of some pictures, rows of the split, as uint8.

        Args:
            places: where in each picture the square lies, [image, 2] as `fit` takes them; None for the centre. Such pictures
                are not kept.

        Raises:
            UserError: a picture is missing, cut short or cannot be decoded; the message names it.
        """
        rows = [int(image) for image in images]
        wanted = [None] * len(rows) if places is None else [(float(across), float(down)) for across, down in places]
        each: Callable[[int, tuple[float, float] | None], NDArray[np.uint8]] = self._one
        if self.threads > 1:
            with ThreadPoolExecutor(self.threads) as pool:
                return np.stack(list(pool.map(each, rows, wanted)))
        return np.stack([each(row, place) for row, place in zip(rows, wanted, strict=True)])
