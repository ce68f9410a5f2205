"""Which columns of a table hold captions, in which languages, and what a cell of them holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isogloss.data.sources.tagged import in_language
from isogloss.errors import UserError, unknown
from isogloss.languages import language

# What columns are mostly called, in order of preference.
PICTURES = ("image", "image_path", "file_name", "filename", "filepath", "path", "file", "image_url", "url")
CAPTIONS = ("caption", "captions", "text", "sentence", "description", "title")


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
