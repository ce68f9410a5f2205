"""One unit of a source as two files: the pictures that can be used, and what was skipped, with the reason."""

import io
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.data.images import read_bytes
from isogloss.data.sources.clean import clean_caption
from isogloss.data.sources.probe import Probed, Unusable, probe
from isogloss.data.sources.source import Found, Skipped, Unit
from isogloss.data.tables import IMAGES
from isogloss.errors import UserError
from isogloss.saving import new_file

# The pictures of a unit as its process found them; the split is empty where the source has none.
FOUND = pa.schema(
    [
        *IMAGES,
        pa.field("place", pa.string()),
        pa.field("language", pa.list_(pa.string())),
        pa.field("text", pa.list_(pa.string())),
        pa.field("conversations", pa.list_(pa.string())),
    ]
)
SKIPPED = pa.schema({name: pa.string() for name in ("reason", "key", "file", "language", "text", "detail")})

# Remote pictures are fetched so many at a time: the wait for one is many times its transfer.
FETCHED_AT_ONCE = 16


@dataclass(frozen=True)
class Part:
    """Where a unit's pictures, what it skipped, and pictures that lie in no file are kept until the import ends."""

    found: Path
    skipped: Path
    pictures: Path

    @classmethod
    def of(cls, folder: Path, number: int) -> "Part":
        return cls(
            *(
                folder / f"{kind}-{number:06}.{ending}"
                for kind, ending in (("found", "parquet"), ("skipped", "parquet"), ("pictures", "tar"))
            )
        )

    @property
    def finished(self) -> bool:
        """Its pictures' table is written last."""
        return self.found.exists()

    def counts(self) -> tuple[int, int]:
        """How many pictures were found, and how many entries skipped."""
        found, skipped = (pq.read_metadata(path).num_rows for path in (self.found, self.skipped))
        return found, skipped


@dataclass
class _Rows:
    """Columns that grow by one picture."""

    found: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in FOUND.names})
    skipped: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in SKIPPED.names})

    def skip(self, entry: Skipped) -> None:
        for name, column in self.skipped.items():
            column.append(getattr(entry, name).encode("utf-8", "backslashreplace").decode())

    def add(self, one: Found, probed: Probed, length: int, file: str, offset: int) -> None:
        captions: dict[tuple[str, str], None] = {}
        for language, text in one.captions:
            clean, fault = clean_caption(text)
            if fault:
                self.skip(Skipped(fault, one.key, one.file, language, text[:1000]))
            else:
                captions[language, clean] = None  # the same words twice say nothing more
        values = (one.key, one.split, file, offset, length, probed.width, probed.height, probed.sha256, one.place)
        tags, texts = ([pair[side] for pair in captions] for side in (0, 1))
        for column, value in zip(self.found.values(), (*values, tags, texts, one.conversations), strict=True):
            column.append(value)


def read_unit(unit: Unit, part: Part, decoded: bool) -> tuple[int, int]:
    """Read one unit and write its part.

    decoded: decode every picture to see whether it is whole.

    Returns:
        How many pictures were found, and how many entries skipped.

    Raises:
        UserError: the unit as a whole cannot be read, or the disk is full.
    """
    rows = _Rows()
    with ExitStack() as stack:  # which gives the kept pictures their name before the table that lists them has its own
        kept = _KeptPictures(part.pictures, stack)
        for one, content in _with_bytes(unit.read()):
            if isinstance(one, Skipped):
                rows.skip(one)
                continue
            if not _is_unicode(one.key + one.file + one.split + one.place):
                rows.skip(Skipped("name that is not Unicode", one.key, one.file))
                continue
            if isinstance(content, Unusable):
                rows.skip(Skipped(content.reason, one.key, one.file, detail=content.detail))
                continue
            probed = probe(content, decoded)
            if isinstance(probed, Unusable):
                rows.skip(Skipped(probed.reason, one.key, one.file, detail=probed.detail))
            elif one.file:
                rows.add(one, probed, len(content), one.file, one.offset)
            else:
                rows.add(one, probed, len(content), f"images/{part.pictures.name}", kept.add(one.key, content))
    with new_file(part.skipped) as path:
        pq.write_table(pa.table(rows.skipped, SKIPPED), path)
    with new_file(part.found) as path:
        pq.write_table(pa.table(rows.found, FOUND), path)
    return len(rows.found["key"]), len(rows.skipped["key"])


def _is_unicode(names: str) -> bool:
    """Whether a table can hold names; those of files may be any bytes, and JSON may hold half a character."""
    try:
        names.encode()
    except UnicodeEncodeError:
        return False
    return True


def _with_bytes(entries: Iterator[Found | Skipped]) -> Iterator[tuple[Found | Skipped, bytes | Unusable]]:
    """Entries with the bytes of their pictures, remote ones several at a time, in order."""
    waiting: list[Found | Skipped] = []
    with ThreadPoolExecutor(FETCHED_AT_ONCE) as threads:
        for entry in entries:
            if waiting or (isinstance(entry, Found) and entry.content is None and "://" in entry.file):
                waiting.append(entry)
                if len(waiting) == 4 * FETCHED_AT_ONCE:
                    yield from zip(waiting, threads.map(_bytes, waiting), strict=True)
                    waiting.clear()
            else:
                yield entry, _bytes(entry)
        yield from zip(waiting, threads.map(_bytes, waiting), strict=True)


def _bytes(entry: Found | Skipped) -> bytes | Unusable:
    if isinstance(entry, Skipped):
        return b""
    if entry.content is not None:
        return entry.content
    if "://" in entry.file:
        return _remote(entry.file)
    try:
        return _local(entry.file)
    except OSError as error:
        missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
        return Unusable("missing picture" if missing else "unreadable picture", error.strerror or str(error))


def _local(path: str) -> bytes:
    """A whole file, in half the time of Path.read_bytes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        content = os.read(handle, os.fstat(handle).st_size + 1)
        while more := os.read(handle, 2**20):  # a file that grows, or one that the system gives in pieces
            content += more
    finally:
        os.close(handle)
    return content


def _remote(url: str) -> bytes | Unusable:
    try:
        return read_bytes(url)
    except UserError as error:
        reason: BaseException = error.__cause__ or error
        # fsspec says of a server that cannot be reached, too, that the file is not found; behind it is what happened.
        behind = reason.__cause__
        missing = isinstance(reason, FileNotFoundError) and (behind is None or getattr(behind, "status", None) == 404)
        return Unusable("missing picture" if missing else "unreadable picture", str(behind or reason))
    except Exception as error:  # each file system's client has its own
        return Unusable("unreadable picture", f"{type(error).__name__}: {error}")


class _KeptPictures:
    """An uncompressed tar of the pictures that lie in no file; made when the first one comes."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._tar: tarfile.TarFile | None = None

    def add(self, key: str, content: bytes) -> int:
        """Append a picture and return the offset of its bytes."""
        if self._tar is None:
            partial = self._stack.enter_context(new_file(self._path))
            self._tar = self._stack.enter_context(tarfile.open(partial, "w"))  # noqa: SIM115, the stack closes it
        member = tarfile.TarInfo(key)
        member.size = len(content)
        self._tar.addfile(member, io.BytesIO(content))
        return self._tar.offset - -(-len(content) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
