"""Where the pictures that a source names lie: in its folder, at a URL, or outside, where nothing is taken from."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from isogloss.errors import UserError

OUTSIDE = "picture outside the folder"
# A name with nothing in it that could lead anywhere but down; most are so, and millions are asked for.
_PLAIN = re.compile(r"\w[\w-]*(?:[./][\w-]+)*").fullmatch


@dataclass(frozen=True)
class Folder:
    """A folder of pictures, local or remote, from which no name leads out.

    path: a path, or a URL such as s3://bucket/pictures.
    """

    path: str

    @classmethod
    def of(cls, path: str | Path) -> "Folder":
        text = str(path)
        return cls(text.rstrip("/") if "://" in text else os.path.abspath(text))  # noqa: PTH100, links are kept as they are

    def locate(self, name: str) -> str | None:
        """Where a picture of this name lies; None where the name leads out of the folder.

        A URL is its own place. A path that is absolute has to lie within the folder.

        >>> Folder("/pictures").locate("a/../b.jpg"), Folder("/pictures").locate("../b.jpg")
        ('/pictures/b.jpg', None)
        """
        if _PLAIN(name):
            return f"{self.path.rstrip('/')}/{name}"
        if "://" in name:
            return name
        name = name.replace("\\", "/").strip()
        if "://" in self.path:
            parts = PurePosixPath(os.path.normpath(name)).parts
            return None if parts[:1] in ((), ("..",), ("/",)) else f"{self.path}/{'/'.join(parts)}"
        path = os.path.normpath(os.path.join(self.path, name))  # noqa: PTH118, a fifth of Path's time
        root = self.path.rstrip("/") + "/"
        return path if path.startswith(root) and "\0" not in path else None


@contextmanager
def reached(place: str) -> Generator[None]:
    """Tell in one sentence that a path or URL cannot be reached, whatever its file system's client raises.

    Raises:
        UserError: the protocol is not known, its client is not installed, or nobody answers.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each file system's client has its own
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise UserError(
            f"{place} cannot be reached ({reason}); check the address, and that you may read there."
        ) from error


def key_of(name: str) -> str:
    """The key of a picture by its name in a folder or URL: without the ending, and without what leads to it.

    >>> key_of("./val2014/COCO_val2014_000000000042.jpg"), key_of("https://example.org/a/b.png?size=2")
    ('val2014/COCO_val2014_000000000042', 'example.org/a/b')
    """
    if not _PLAIN(name):
        if "://" in name:
            name = name.split("://", 1)[1].split("?")[0].split("#")[0]
        name = os.path.normpath(name.replace("\\", "/")).lstrip("/")
    stem, _, ending = name.rpartition(".")
    return stem if stem and "/" not in ending and len(ending) <= 5 else name
