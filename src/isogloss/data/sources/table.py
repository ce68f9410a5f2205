"""A table with a picture's path or URL and its captions in each row: CSV, TSV, JSON lines or Parquet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isogloss.data.sources.columns import PICTURES, CaptionColumns
from isogloss.data.sources.places import OUTSIDE, Folder, key_of
from isogloss.data.sources.rows import BadRow, Row, TableFile
from isogloss.data.sources.source import SPLITS, Found, Listing, Skipped, listings
from isogloss.data.sources.stamp import stamp
from isogloss.errors import UserError, unknown

# Rows of one picture need not stand together; so many pictures wait for more of their captions.
WAITING = 1_000_000


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
        if not names:
            raise UserError(f"{file.path} is empty; name a table with rows.")
        if folder is not None and "://" not in str(folder) and not Path(folder).is_dir():
            raise UserError(f"There is no folder {folder}; name the folder of the pictures with --images.")
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
