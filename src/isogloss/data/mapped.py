"""Tables in files that are mapped: opened in no time whatever their size, and in memory only where they are read."""

import mmap
import os
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from isogloss.errors import UserError
from isogloss.saving import new_file

# Bytes of files, those of the libraries included, that may stay in this process's memory: two gigabytes less what a
# training process holds besides.
LARGEST_RESIDENT = 1_600_000_000
_MARK = b"isogloss"
_OPEN: "weakref.WeakSet[mmap.mmap]" = weakref.WeakSet()


@dataclass(frozen=True, eq=False)
class MappedFile:
    """A file whose bytes are memory, and which can be read beside that.

    path, mark: by which it is opened; descriptor: of the open file; memory: its bytes; address: of the first of them.
    """

    path: Path
    mark: str
    descriptor: int
    memory: mmap.mmap
    address: int

    def texts(self, array: pa.LargeStringArray, rows: NDArray[np.int64]) -> list[str]:
        """Some texts of an array that lies in this file.

        They are read, not looked up in memory: the pages that random rows lie on are soon all pages, and each would
        count as memory of this process.
        """
        if not len(rows):
            return []
        _, places, characters = array.buffers()
        places = np.frombuffer(places, np.int64)[array.offset :]
        first = places[rows]
        start = characters.address - self.address
        lengths = (places[rows + 1] - first).tolist()
        return [
            os.pread(self.descriptor, length, place).decode()
            for place, length in zip((first + start).tolist(), lengths, strict=True)
        ]


@dataclass(frozen=True)
class MappedTable:
    """A table, and the file that it lies in; none where it could not be written and is in memory.

    For another process it is the file's path, and is opened there again.
    """

    table: pa.Table
    file: MappedFile | None

    def __reduce__(self) -> tuple[Any, ...]:
        if self.file is None:
            return MappedTable, (self.table, None)
        return reopen_mapped, (self.file.path, self.file.mark)


def write_mapped(path: Path, table: pa.Table, mark: str) -> None:
    """Write a table for `open_mapped`, in one step. It has the mark by which it is known to be the wanted one.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    seconds = int(time.time()) - 60
    with new_file(path) as partial:
        schema = table.schema.with_metadata({_MARK: f"{seconds} {mark}"})
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            writer.write_table(table.replace_schema_metadata(schema.metadata))
        os.utime(partial, (seconds, seconds))


def open_mapped(path: Path, mark: str) -> MappedTable | None:
    """A table as `write_mapped` wrote it with this mark; None where there is none, or it was changed since.

    Its rows are not read. That the file is the written one is known by its end, and by its time: it is a minute before
    it was written, is noted inside, and is changed by whatever else writes into the file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    file = None
    try:
        memory = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ)
        buffer = pa.py_buffer(memory)
        table = pa.ipc.open_file(pa.BufferReader(buffer)).read_all()
        table.validate()
        found = (table.schema.metadata or {}).get(_MARK, b"").decode()
        if found != f"{int(os.fstat(descriptor).st_mtime)} {mark}":
            return None
        _OPEN.add(memory)
        file = MappedFile(path.absolute(), mark, descriptor, memory, buffer.address)
        weakref.finalize(file, os.close, descriptor)
        return MappedTable(table.replace_schema_metadata(None), file)
    except (OSError, ValueError):  # of mmap: an empty file; of Arrow: anything damaged
        return None
    finally:
        if file is None:
            os.close(descriptor)


def reopen_mapped(path: Path, mark: str) -> MappedTable:
    """A table that another process has open.

    Raises:
        UserError: it was changed since.
    """
    found = open_mapped(path, mark)
    if found is None:
        raise UserError(f"{path} was changed while it was in use; run this again.")
    return found


def release_pages() -> None:
    """Give pages of mapped tables back to the system, where this process has more than LARGEST_RESIDENT of files.

    They stay in the system's cache as long as it has room for them, and come back when they are read.
    """
    try:
        shared = int(Path("/proc/self/statm").read_bytes().split()[2]) * mmap.PAGESIZE
    except OSError:  # no Linux: the system takes them back itself when memory is short
        return
    if shared > LARGEST_RESIDENT:
        for memory in list(_OPEN):
            memory.madvise(mmap.MADV_DONTNEED)
