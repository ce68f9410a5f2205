"""Small pictures that a page holds in itself."""

import base64
import io
from collections.abc import Collection
from pathlib import Path

from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.images import decode, read_bytes
from isogloss.errors import UserError

# Pixels: twice the size shown, for screens with two dots a pixel.
_SIDE = 320
# A PNG of at most so many bytes is put into the page as it is.
_MOST_BYTES, _PNG = 20_000, b"\x89PNG\r\n"


def thumbnail(location: str, offset: int, length: int, side: int, *, remote: bool = False) -> str | None:
    """A small WebP as a data URI, or None where the picture is elsewhere or damaged.

    A page is written long after its dataset; that a picture has gone since is no reason to have none.

    side: the most pixels of its longer side; remote: whether a picture is fetched that lies at a URL.
    """
    if "://" in location and not remote:
        return None
    try:
        small = decode(read_bytes(location, offset, length), location)
    except UserError:
        return None
    except Exception:  # each remote file system's client has its own
        if "://" not in location:
            raise
        return None
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "WEBP", quality=82, method=6)
    return "data:image/webp;base64," + base64.b64encode(written.getvalue()).decode("ascii")


def embedded(location: str, offset: int = 0, length: int | None = None) -> str | None:
    """A picture as a data URI, or None where it is elsewhere, missing or damaged; a small PNG stays as sharp as it was drawn.

    length: of its bytes; None for all of the file from offset on.
    """
    if "://" in location or not Path(location).is_file():
        return None
    size = Path(location).stat().st_size - offset if length is None else length
    small = thumbnail(location, offset, size, _SIDE)
    if small is None or size > _MOST_BYTES:
        return small
    content = read_bytes(location, offset, size)
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}" if content.startswith(_PNG) else small


def embedded_of(place: str, split: str, keys: Collection[str]) -> dict[str, str | None]:
    """Pictures of a dataset by their keys, as `embedded` gives them; none where it no longer lies there."""
    try:
        dataset = Dataset.open(place)
        rows = dataset.images(split, ["key", "file", "offset", "length"]).to_pylist()
    except UserError:
        return {}
    return {
        row["key"]: embedded(dataset.locate(row["file"]), row["offset"], row["length"])
        for row in rows
        if row["key"] in set(keys)
    }
