"""The members of an uncompressed tar with the offsets of their bytes, read once from its beginning to its end."""

import tarfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import fsspec

# What a file begins with that holds a tar in a compressed form.
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
# Of a remote file at a time.
_BLOCK = 2**22


class ArchiveFault(Exception):
    """An archive cannot be read from here on; its message says why."""


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
    archive: "Archive" = field(repr=False)

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            ArchiveFault: the archive ends before they do.
        """
        return self.archive.read(self.offset, self.size)


class Archive:
    """An uncompressed tar as a stream of members.

    Members are not kept, so that an archive of any size takes the memory of its largest.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Its members in their order.

        Raises:
            ArchiveFault: it is no uncompressed tar, or is cut short or damaged; the members before were given already.
        """
        start = self._file.read(8)
        self._file.seek(0)
        kind = next((kind for mark, kind in _COMPRESSED.items() if start.startswith(mark)), None)
        if kind is not None:
            raise ArchiveFault(
                f"it is compressed with {kind}: decompress it first, since pictures are read at their offset"
            )
        try:
            tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115, the file is the caller's
            while (one := tar.next()) is not None:
                plain = one.isreg() and one.sparse is None
                name = one.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                yield Member(name, one.offset_data, one.size, plain, one.isdir(), self)
                tar.members.clear()  # which tarfile keeps for looking up by name
        except tarfile.TarError as error:
            raise ArchiveFault(str(error)) from error
        # tarfile takes a header that it cannot read for the end, as it does where the file was cut between two members.
        self._file.seek(tar.offset)
        block = self._file.read(tarfile.BLOCKSIZE)
        if block.strip(b"\0") or len(block) < tarfile.BLOCKSIZE:
            raise ArchiveFault(f"it {'is damaged' if block else 'ends without an end mark'} at byte {tar.offset:,}")

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the member that was given last.

        Raises:
            ArchiveFault: the archive ends before.
        """
        self._file.seek(offset)
        content: bytes = self._file.read(size)
        if len(content) < size:
            raise ArchiveFault(f"it ends after {len(content):,} of {size:,} bytes of a member")
        return content


@contextmanager
def opened(path: str) -> Generator[Archive]:
    """An archive at a path or URL.

    Raises:
        OSError: it cannot be opened.
    """
    if "://" not in path:
        with open(path, "rb", buffering=2**18) as file:  # noqa: PTH123
            yield Archive(file)
    else:
        source: Any = fsspec.open(path, "rb", block_size=_BLOCK, cache_type="readahead")
        with source as file:
            yield Archive(file)
