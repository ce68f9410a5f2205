"""Whether a file is still the one that it was."""

from collections.abc import Mapping
from typing import Any

import fsspec

from isogloss.data.sources.places import reached
from isogloss.errors import UserError


def stamp(path: str) -> Mapping[str, Any]:
    """By what a file is known to be the one that it was: its size, and when or as what it was written."""
    with reached(path):
        system, place = fsspec.core.url_to_fs(path)
        try:
            information = system.info(place)
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"{path} is missing or cannot be reached; name a file that can be read.") from None
    written = next((information[name] for name in ("mtime", "ETag", "LastModified", "etag") if name in information), "")
    return {"size": information.get("size"), "written": str(written)}
