"""The members of an uncompressed tar with the offsets of their bytes, read once from its beginning to its end."""

import tarfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import fsspec

DAMAGED = "damaged archive"

# What a file begins with that holds a tar in a compressed form.
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
# Of a remote file at a time.
_BLOCK = 2**22


@dataclass(eq=False)
class ArchiveError(Exception):
    """An archive cannot be read from here on: a reason that is counted, and what exactly."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive; its bytes can be read until the next one is asked for.

    plain: whether it is a file with bytes of its own, and no link or folder.
    """

    name: str
    offset: int
    size: int
    plain: bool
    folder: bool
    file: Any = field(repr=False)

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            ArchiveError: the archive ends before they do.
        """
        self.file.seek(self.offset)
        content: bytes = self.file.read(self.size)
        if len(content) < self.size:
            raise ArchiveError(DAMAGED, f"it ends after {len(content):,} of {self.size:,} bytes of {self.name}")
        return content

    def head(self) -> bytes:
        """Its first bytes, by which a format is known."""
        self.file.seek(self.offset)
        return self.file.read(min(self.size, 16))


def members(file: Any) -> Iterator[Member]:
    """The members of an open archive in their order, none of which is kept.

    Raises:
        ArchiveError: it is no uncompressed tar, or is cut short or damaged; the members before were given already.
    """
    start = file.read(8)
    file.seek(0)
    kind = next((kind for mark, kind in _COMPRESSED.items() if start.startswith(mark)), None)
    if kind is not None:
        raise ArchiveError(
            "compressed archive", f"decompress it, as it is {kind} and pictures are read at their offset"
        )
    try:
        tar: Any = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115, the file is the caller's
        while (one := tar.next()) is not None:
            tar.members.clear()  # which tarfile keeps for looking up by name
            name = one.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            plain = one.isreg() and one.sparse is None
            yield Member(name, one.offset_data, one.size, plain, one.isdir(), file)
    except tarfile.TarError as error:
        raise ArchiveError(DAMAGED, str(error)) from error
    # tarfile takes a header that it cannot read for the end, as it does where the file was cut between two members.
    file.seek(tar.offset)
    block: bytes = file.read(tarfile.BLOCKSIZE)
    if block.strip(b"\0") or len(block) < tarfile.BLOCKSIZE:
        raise ArchiveError(
            DAMAGED, f"it {'is damaged' if block else 'ends without an end mark'} at byte {tar.offset:,}"
        )


@contextmanager
def opened(path: str) -> Generator[Any]:
    """A file at a path or URL, of which most will be read."""
    if "://" not in path:
        with open(path, "rb", buffering=2**18) as file:  # noqa: PTH123
            yield file
    else:
        source: Any = fsspec.open(path, "rb", block_size=_BLOCK, cache_type="readahead")
        with source as file:
            yield file
