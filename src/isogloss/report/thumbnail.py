"""Small pictures that a page holds in itself."""

import base64
import io

from PIL import Image

from isogloss.data.images import decode, read_bytes
from isogloss.errors import UserError


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
