"""What a picture's bytes are, found out without decoding the sound ones."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image

from isogloss.data.images import UNDECODABLE, decode, reason
from isogloss.data.sources.jpeg import plain_size
from isogloss.errors import UserError

# Orientations of EXIF that lay a picture on its side.
_SIDEWAYS = (5, 6, 7, 8)
# Without one of these a picture's bytes say nothing of its orientation, and reading EXIF would decode a PNG.
_ORIENTED = (b"Exif\0\0", b"eXIf", b"EXIF", b"tiff:Orientation", b"Raw profile type exif", b"Raw profile type APP1")

# Pixels; of larger pictures Pillow judges.
_SURELY_NO_BOMB = 2**24


@dataclass(frozen=True, slots=True)
class Probed:
    """A picture that can be used: upright size in pixels, and the SHA-256 of its bytes."""

    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A picture that cannot be used: a reason that is counted, and what exactly."""

    reason: str
    detail: str = ""


def probe(content: bytes, decoded: bool = False) -> Probed | Unusable:
    """Size and hash of a picture, or why it is none.

    A picture whose last bytes are those that end its format is taken for whole; any other is decoded to see.

    decoded: decode every picture, which also finds damage in the middle and takes ten times as long.
    """
    if not content:
        return Unusable("picture without bytes")
    plain = plain_size(content)
    if plain and not decoded and plain[0] * plain[1] <= _SURELY_NO_BOMB and _ends(content, "JPEG"):
        return Probed(*plain, hashlib.sha256(content).hexdigest())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # an error follows at twice the size
            with Image.open(io.BytesIO(content)) as opened:
                width, height = opened.size
                kind = opened.format or ""
                if _oriented(opened, content) and opened.getexif().get(0x0112) in _SIDEWAYS:
                    width, height = height, width
            if decoded or not _ends(content, kind):
                decode(content, "it")
    except Image.DecompressionBombError as error:
        return Unusable("decompression bomb", str(error))
    except UserError as error:
        return Unusable("damaged picture", str(error.__cause__ or error))
    except UNDECODABLE as error:
        return Unusable("not a picture", reason(error))
    return Probed(width, height, hashlib.sha256(content).hexdigest())


def _oriented(opened: Image.Image, content: bytes) -> bool:
    """Whether a picture may say how it lies."""
    if opened.format in ("JPEG", "MPO"):
        return "exif" in opened.info or "xmp" in opened.info
    return any(mark in content for mark in _ORIENTED)


def _ends(content: bytes, kind: str) -> bool:
    """Whether the bytes end as a file of this format does, which a file that was cut short does not."""
    if kind in ("JPEG", "MPO"):
        return content[-64:].rstrip(b"\0\r\n ").endswith(b"\xff\xd9")
    if kind == "PNG":
        return b"IEND\xaeB`\x82" in content[-64:]
    if kind == "WEBP":
        return len(content) >= 8 + int.from_bytes(content[4:8], "little")
    return False
