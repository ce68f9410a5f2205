"""A table with a picture's path or URL and its captions in each row: CSV, TSV, JSON lines or Parquet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fsspec

from isogloss.data.sources.places import OUTSIDE, Folder, key_of
from isogloss.data.sources.rows import BadRow, Row, TableFile
from isogloss.data.sources.source import Found, Listing, Skipped, listings
from isogloss.data.sources.tagged import in_language
from isogloss.errors import UserError, unknown
from isogloss.languages import language

# What columns are mostly called, in order of preference.
PICTURES = ("image", "image_path", "file_name", "filename", "filepath", "path", "file", "image_url", "url")
CAPTIONS = ("caption", "captions", "text", "sentence", "description", "title")
SPLITS = {"dev": "validation", "val": "validation", "valid": "validation", "restval": "train"}

# Rows of one picture need not stand together; so many pictures wait for more of their captions.
WAITING = 1_000_000


@dataclass(frozen=True)
class CaptionColumns:
    """Which columns hold captions, and in which languages.

    columns: (column, language). by: a column that holds each row's language, and then stands for the languages above.
    """

    columns: tuple[tuple[str, str], ...]
    by: str = ""

    @classmethod
    def of(cls, given: Sequence[str], default: str, by: str, names: Sequence[str]) -> "CaptionColumns":
        """From what a command line has: COLUMN or LANGUAGE=COLUMN each; none for the first usual name there is.

        Raises:
            UserError: a column or language is not known, or no column is called as captions usually are.
        """
        pairs = cls.named(given, default)
        if not pairs:
            usual = next((name for name in CAPTIONS if name in names), None)
            if usual is None:
                raise UserError(
                    f"No column is called as captions usually are, among {', '.join(names)}; name it with --captions."
                )
            pairs.append((usual, language(default).tag))
        for column, _ in pairs:
            if column.split(".")[0] not in names:
                raise unknown("column", column, names)
        if by and by not in names:
            raise unknown("column", by, names)
        return cls(tuple(pairs), by)

    @staticmethod
    def named(given: Sequence[str], default: str) -> list[tuple[str, str]]:
        """Each COLUMN or LANGUAGE=COLUMN of a command line as (column, language).

        Raises:
            UserError: a language is not known.
        """
        return [in_language(word, default) for word in given]

    def read(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The captions of a row, (language, text); a cell may hold several in a list, or none.

        A column such as captions.es is a field of an object, where there is no column of that whole name.

        Raises:
            UserError: the row's language is not known.
        """
        tag = language(str(row.get(self.by) or "").strip()).tag if self.by else ""
        for column, usual in self.columns:
            for text in texts(_cell(row, column)):
                yield tag or usual, text


def _cell(row: Mapping[str, Any], column: str) -> Any:
    if column in row or "." not in column:
        return row.get(column)
    inside: Any = row
    for name in column.split("."):
        inside = inside.get(name) if isinstance(inside, Mapping) else None
    return inside


def texts(cell: Any) -> Iterator[str]:
    """The captions in a cell: a text, a list of such, or an object with one as `raw` or `text`."""
    if isinstance(cell, str):
        if cell:  # an empty cell is a caption that is missing, and no fault
            yield cell
    elif isinstance(cell, list | tuple):
        for one in cell:
            yield from texts(one)
    elif isinstance(cell, dict) and ("raw" in cell or "text" in cell):  # as Karpathy's files and our exports have them
        yield from texts(cell["raw"] if "raw" in cell else cell["text"])
    elif cell is not None:
        yield str(cell)


@dataclass(frozen=True)
class Table:
    """A table of pictures.

    Args:
        file: the table.
        captions: its columns of captions.
        picture: its column with a path, relative to `folder`, or a URL.
        folder: of the pictures.
        key, split: columns, where it has them.
        licence: of pictures and captions.
    """

    file: TableFile
    captions: CaptionColumns
    picture: str
    folder: Folder
    key: str = ""
    split: str = ""
    licence: str = "unknown"

    @classmethod
    def open(
        cls,
        file: TableFile,
        *,
        captions: Sequence[str] = (),
        language: str = "en",
        language_column: str = "",
        picture: str = "",
        folder: str | Path | None = None,
        key: str = "",
        split: str = "",
        licence: str = "unknown",
    ) -> "Table":
        """A table whose columns are found by their usual names where they are not given.

        Raises:
            UserError: the file is not there, or a column is missing.
        """
        names = file.names()
        picture = picture or next((name for name in PICTURES if name in names), "")
        if not picture:
            raise UserError(
                f"No column of {file.path} is called as pictures usually are, among {', '.join(names)}; name it with --image."
            )
        for column in filter(None, (picture, key, split)):
            if column not in names:
                raise unknown("column", column, names)
        columns = CaptionColumns.of(captions, language, language_column, names)
        beside = file.path.rpartition("/")[0] or "."
        return cls(file, columns, picture, Folder.of(folder if folder is not None else beside), key, split, licence)

    def identity(self) -> Mapping[str, Any]:
        return {"kind": "table", **asdict(self), "stamp": stamp(self.file.path)}

    def provenance(self) -> Mapping[str, str]:
        return {"name": Path(self.file.path).name, "version": "", "url": "", "licence": self.licence}

    def units(self) -> Iterator[Listing]:
        return listings(self._entries())

    def _entries(self) -> Iterator[Found | Skipped]:
        """The pictures in the order in which they come first, each with the captions of all its rows."""
        waiting: dict[str, tuple[Row, list[tuple[str, str]]]] = {}
        for row in self.file.rows():
            if isinstance(row, BadRow):
                yield Skipped("row that cannot be read", detail=f"row {row.number:,}: {row.reason}")
                continue
            name = str(row.get(self.picture) or "").strip()
            if not name:
                yield Skipped("row without a picture", key=str(row.get(self.key) or ""))
                continue
            if name not in waiting:
                if len(waiting) == WAITING:
                    yield from self._pictures(waiting)
                    waiting.clear()
                waiting[name] = (row, [])
            try:
                waiting[name][1].extend(self.captions.read(row))
            except UserError as error:
                yield Skipped("unknown language", file=name, detail=str(error))
        yield from self._pictures(waiting)

    def _pictures(self, waiting: Mapping[str, tuple[Row, list[tuple[str, str]]]]) -> Iterator[Found | Skipped]:
        for name, (row, captions) in waiting.items():
            key = str(row.get(self.key) or "").strip() if self.key else key_of(name)
            place = self.folder.locate(name)
            if place is None:
                yield Skipped(OUTSIDE, key, name, detail=f"outside {self.folder.path}")
                continue
            split = str(row.get(self.split) or "").strip() if self.split else ""
            yield Found(key or key_of(name), place, tuple(captions), SPLITS.get(split, split))


def stamp(path: str) -> Mapping[str, Any]:
    """By what a file is known to be the one that it was: its size, and when or as what it was written."""
    system, place = fsspec.core.url_to_fs(path)
    try:
        information = system.info(place)
    except (OSError, ValueError):
        raise UserError(f"{path} is missing or cannot be reached; name a file that can be read.") from None
    written = next((information[name] for name in ("mtime", "ETag", "LastModified", "etag") if name in information), "")
    return {"size": information.get("size"), "written": str(written)}
