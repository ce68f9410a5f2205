"""The index of a large dataset: what a split needs of its tables, in its order, in files that are mapped.

    DIR/.index/images-<split and sources>.arrow
    DIR/.index/<language>-<split and sources>.arrow

It is made once, when a split is first opened, and again when a table has changed. It can be removed at any time.
"""

import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Collection, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from numpy.typing import NDArray

from isogloss.data.mapped import MappedTable, open_mapped, write_mapped
from isogloss.data.split import Captions, align, inside
from isogloss.data.tables import CAPTIONS, IMAGES, check_captions, check_images, conform, read_table, rows_of
from isogloss.errors import UserError
from isogloss.lock import only_one
from isogloss.saving import remove_abandoned

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Rows of all tables that a split is read from. Up to so many are read into memory, where each takes about a hundred
# bytes, and no index is made.
IN_MEMORY = 4_000_000
# What is read of a caption table, and how many rows at once.
_COLUMNS = ["key", "text", "source"]
_PART = 1 << 17
_FOLDER = ".index"
_VERSION = 1


@dataclass(frozen=True)
class Tables:
    """The tables of one split: what it is made of, read from them, or from the index where they are large.

    root: the dataset folder; split: its name, None for every picture; sources: only captions whose source is among
    these, all when None; kept: whether there is an index.
    """

    root: Path
    split: str | None
    sources: frozenset[str] | None
    kept: bool

    @classmethod
    def of(cls, root: Path, split: str | None, languages: Collection[str], sources: Collection[str] | None) -> "Tables":
        """The tables of a split in some languages, which their sizes say whether to keep an index of."""
        named = None if sources is None else frozenset(sources)
        tables = cls(root, split, named, kept=False)
        rows = sum(map(_rows, (tables.pictures, *map(tables.captions_in, languages))))
        return cls(root, split, named, kept=rows > IN_MEMORY)

    @property
    def pictures(self) -> Path:
        return self.root / "images.parquet"

    def captions_in(self, language: str) -> Path:
        return self.root / "captions" / f"{language}.parquet"

    def images(self) -> pa.Table:
        """The pictures of the split: the columns of images.parquet but the hash."""
        return self._kept("images", (self.pictures,), self._read_images).table

    def captions(self, language: str) -> Captions:
        """The captions of the split in one language."""
        path = self.captions_in(language)
        return Captions.of_table(
            self._kept(language, (self.pictures, path), lambda: self._read_captions(path).as_table())
        )

    def _read_images(self) -> pa.Table:
        columns = [column for column in IMAGES.names if column != "sha256"]
        images = read_table(self.pictures, IMAGES, columns)
        check_images(images, self.pictures)
        for name in ("split", "file"):  # few splits, and often few archives
            images = images.set_column(columns.index(name), name, pc.dictionary_encode(images[name]))
        return images.filter(inside(images, self.split)).unify_dictionaries()

    @cached_property
    def _order(self) -> tuple[pa.ChunkedArray, NDArray[np.int64], int]:
        """The key of every picture, its place in the split (negative where it is in another), and how many have one."""
        images = read_table(self.pictures, IMAGES, ["key", "split"])
        rows = np.flatnonzero(np.asarray(inside(images, self.split)))
        place = np.full(images.num_rows, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        return images["key"], place, len(rows)

    def _read_captions(self, path: Path) -> Captions:
        keys, place, images = self._order
        try:
            owners = place[rows_of(read_table(path, CAPTIONS, ["key"])["key"], keys, path)]
            return align(_parts(path), owners, images, self.sources)
        except (OSError, pa.ArrowException, UserError):
            # The whole is read for the sentence that tells how many faults there are, and where.
            check_captions(read_table(path, CAPTIONS, _COLUMNS), path)
            raise

    def _kept(self, name: str, tables: tuple[Path, ...], make: Callable[[], pa.Table]) -> MappedTable:
        """A table that is made of others: from the index, if that has it of these very tables, or made and put there."""
        if not self.kept:
            return MappedTable(make(), None)
        chosen = [self.split, sorted(self.sources) if self.sources is not None else None]
        return kept(self.root, name, chosen, tables, make)


def kept(root: Path, name: str, chosen: Any, tables: tuple[Path, ...], make: Callable[[], pa.Table]) -> MappedTable:
    """A table that is made of others: from the index, if that has it of these very tables, or made and put there.

    Args:
        root: the dataset folder.
        name: of the table; chosen: what of the others it is made of, as JSON. Both tell it from its like.
        tables: the files that it is made of.
        make: makes it.

    Raises:
        UserError: a table cannot be read.
    """
    stamps = [_stamp(table) for table in tables]
    mark = json.dumps([_VERSION, name, chosen, stamps])
    digest = hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:12]
    path = root / _FOLDER / f"{name}-{digest}.arrow"
    found = open_mapped(path, mark)
    if found is not None:
        return found
    with _one_process(path.parent):
        found = open_mapped(path, mark)  # another process may have made it meanwhile
        if found is None:
            print(f"isogloss: making the index of {tables[-1]}, once", file=sys.stderr, flush=True)
            table = make()
            try:
                write_mapped(path, table, mark)
            except UserError as error:
                warnings.warn(f"{error} Until then {table.num_rows:,} rows stay in memory.", stacklevel=2)
                return MappedTable(table, None)
            del table
            pa.default_memory_pool().release_unused()
            found = open_mapped(path, mark)
    if found is None:
        raise UserError(f"{path} was changed while it was made; remove the folder {path.parent} and run this again.")
    return found


def _parts(path: Path) -> Generator[pa.Table]:
    """A caption table in parts, checked."""
    schema = pa.schema([CAPTIONS.field(name) for name in _COLUMNS])
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_PART, columns=_COLUMNS):
            part = conform(pa.Table.from_batches([batch]), schema, path)
            check_captions(part, path)
            yield part


def _rows(path: Path) -> int:
    try:
        return pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException):  # reading it will tell what is wrong with it
        return 0


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); restore it or make the dataset again.") from error
    return found.st_size, found.st_mtime_ns


@contextmanager
def _one_process(folder: Path) -> Generator[None]:
    """Wait until no other process makes an index here, as far as the place allows, and clear away what a kill left."""
    with ExitStack() as stack:
        with suppress(UserError):  # where nothing can be written, nobody else can either
            stack.enter_context(only_one(folder / "lock"))
            remove_abandoned(folder)
        yield
