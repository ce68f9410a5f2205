"""The rows of a table in any of the usual files: CSV, TSV, JSON lines and Parquet, local or remote, clean or not."""

import codecs
import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.errors import UserError, unknown

# By the ending of a file's name, or the one before .gz, .bz2, .xz or .zst.
KINDS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# A cell longer than this is a quote that was never closed.
_LONGEST_CELL = 2**24

Row = dict[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read: its number, from 1, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class TableFile:
    """A file of rows.

    Args:
        path: a path or a URL.
        kind: "csv", "tsv", "jsonl" or "parquet"; empty to go by the name.
        encoding: of text; empty for UTF-8, or UTF-16 where the file begins with its byte-order mark.
        columns: names of a CSV's or TSV's columns, where its first line is a row already.
        quotes: whether a cell of a TSV may be quoted; tables of captions often have lone quotation marks instead.
    """

    path: str
    kind: str = ""
    encoding: str = ""
    columns: tuple[str, ...] = ()
    quotes: bool = True

    def names(self) -> tuple[str, ...]:
        """The names of its columns; for JSON lines those of the first row.

        Raises:
            UserError: the file is not there, or is no such table.
        """
        if self._kind() == "parquet":
            with self._told(), _opened(self.path, "rb") as file:
                return tuple(pq.read_schema(file).names)
        if self._kind() == "jsonl":
            return tuple(next((row for row in self.rows() if isinstance(row, dict)), {}))
        return self.columns or tuple(self._lines_header())

    def rows(self) -> Iterator[Row | BadRow]:
        """Its rows as dictionaries, in order, with those that cannot be read between them.

        Raises:
            UserError: the file is not there, or is no such table.
        """
        with self._told():
            yield from {"csv": self._separated, "tsv": self._separated, "jsonl": self._json, "parquet": self._parquet}[
                self._kind()
            ]()

    def text(self, size: int) -> Generator[str]:
        """Its text in pieces of so many characters, of a file that is no table but has the same faults.

        Raises:
            UserError: the file is not there, or is no text.
        """
        with self._told(), self._text() as text:
            while piece := text.read(size):
                yield piece

    def _kind(self) -> str:
        if self.kind:
            if self.kind not in KINDS.values():
                raise unknown("kind of table", self.kind, KINDS.values())
            return self.kind
        suffixes = [suffix.lower() for suffix in PurePosixPath(self.path.split("?")[0]).suffixes]
        if suffixes and suffixes[-1] in _COMPRESSED:
            suffixes.pop()
        if not suffixes or suffixes[-1] not in KINDS:
            raise UserError(f"{self.path} is no table by its name; it should end in one of {', '.join(KINDS)}.")
        return KINDS[suffixes[-1]]

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except UserError:
            raise
        except FileNotFoundError:
            raise UserError(f"{self.path} is missing; name the file of a table.") from None
        except UnicodeError as error:
            raise UserError(
                f"{self.path} is not {self.encoding or 'UTF-8'} text ({error.__class__.__name__} at byte "
                f"{getattr(error, 'start', '?')}); give its --encoding, such as latin-1, or write it again as UTF-8."
            ) from error
        except LookupError:
            raise UserError(
                f"There is no encoding '{self.encoding}'; name one such as latin-1, or leave --encoding out."
            ) from None
        except (OSError, ImportError, ValueError, csv.Error) as error:
            raise UserError(f"{self.path} cannot be read as a table ({error}); restore it.") from error

    @contextmanager
    def _text(self) -> Generator[io.TextIOWrapper]:
        with _opened(self.path, "rb") as file:
            start = file.read(4)
            file.seek(0)
            marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), "utf-8")
            # Line ends are left to the CSV reader, which knows those within quotes.
            yield io.TextIOWrapper(file, encoding=self.encoding or marked, newline="")

    def _reader(self, text: io.TextIOWrapper) -> Iterator[list[str]]:
        csv.field_size_limit(_LONGEST_CELL)
        separator = "\t" if self._kind() == "tsv" else self._separator()
        quoting = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        return csv.reader(text, delimiter=separator, quoting=quoting)

    def _separator(self) -> str:
        """A comma, unless the first line has none: spreadsheets of many countries write semicolons."""
        with self._text() as text:
            line = text.readline()
        return next((sign for sign in ",;|" if sign in line), ",")

    def _lines_header(self) -> Sequence[str]:
        with self._told(), self._text() as text:
            return [name.strip() for name in next(self._reader(text), [])]

    def _separated(self) -> Iterator[Row | BadRow]:
        with self._text() as text:
            reader = self._reader(text)
            names = self.columns or [name.strip() for name in next(reader, [])]
            first = 1 if self.columns else 2
            for number, cells in enumerate(reader, start=first):
                if len(cells) == len(names):
                    yield dict(zip(names, cells, strict=True))
                elif cells:  # an empty line is none
                    yield BadRow(number, f"{len(cells)} cells instead of {len(names)}")

    def _json(self) -> Iterator[Row | BadRow]:
        with self._text() as text:
            for number, line in enumerate(text, start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except ValueError as error:
                    yield BadRow(number, f"no JSON ({error})")
                    continue
                yield row if isinstance(row, dict) else BadRow(number, "no JSON object")

    def _parquet(self) -> Iterator[Row]:
        with _opened(self.path, "rb") as file:
            try:
                for batch in pq.ParquetFile(file).iter_batches():
                    yield from batch.to_pylist()
            except pa.ArrowException as error:
                raise UserError(f"{self.path} cannot be read as Parquet ({error}); restore it.") from error


@contextmanager
def _opened(path: str, mode: str) -> Generator[Any]:
    source: Any = fsspec.open(path, mode, compression="infer")
    with source as file:
        yield file
