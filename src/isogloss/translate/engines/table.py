"""A file of existing translations: CSV, TSV, JSON lines or Parquet, with a column a language, or with source and target.

Columns that are named by language tags make a translation of each row in every direction; columns `source` and `target`
(and `language`, the tag of the target, where there are several) make one. Of several translations the first counts.
"""

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isogloss.errors import UserError
from isogloss.languages import Language, language
from isogloss.saved import read_rows
from isogloss.translate.engine import Translation
from isogloss.translate.engines import EngineChoice

_SEPARATORS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_ENDINGS = (*_SEPARATORS, ".jsonl", ".ndjson", ".parquet")
# One cell of a CSV file; the library's own limit is 131,072.
_LARGEST_CELL = 10_000_000


def open_engine(choice: EngineChoice) -> "ExistingTranslations":
    """The file that `choice.model` names.

    Raises:
        UserError: none is named, or it is missing, of another kind, or damaged.
    """
    if not choice.model:
        raise UserError("The engine 'table' wants the file of translations, as in --engine table:translations.csv.")
    path = Path(choice.model)
    columns = _read_columns(path)
    return ExistingTranslations(path, columns)


@dataclass(frozen=True)
class ExistingTranslations:
    """A table of translations, in memory.

    columns: every column of the file, by its name.
    """

    path: Path
    columns: dict[str, list[str]] = field(repr=False)
    texts_per_call: int = 100_000
    price: float = 0.0
    _found: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """ "table:" and the name of the file."""
        return f"table:{self.path.name}"

    def check(self, source: Language, target: Language) -> None:
        """Look for the two languages among the columns.

        Raises:
            UserError: a column is missing, or there is no row of the target language.
        """
        self._translations(source, target)

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        """What the table has for each text, and an empty translation where it has none."""
        known = self._translations(source, target)
        return [Translation(known.get(_key(text), "")) for text in texts]

    def _translations(self, source: Language, target: Language) -> dict[str, str]:
        pair = (source.tag, target.tag)
        if pair not in self._found:
            known: dict[str, str] = {}
            for text, translation in self._pairs(source, target):
                if translation.strip():
                    known.setdefault(_key(text), translation)
            self._found[pair] = known
        return self._found[pair]

    def _pairs(self, source: Language, target: Language) -> Iterable[tuple[str, str]]:
        if "source" in self.columns and "target" in self.columns:
            pairs = list(zip(self.columns["source"], self.columns["target"], strict=True))
            if "language" not in self.columns:
                return pairs
            tags = self.columns["language"]
            wanted = {tag for tag in set(tags) if tag.strip() and language(tag) == target}
            if not wanted:
                raise UserError(f"{self.path} has no row whose language is {target.tag} ({target.name}); add some.")
            return (pair for pair, tag in zip(pairs, tags, strict=True) if tag in wanted)
        return zip(self._column(source), self._column(target), strict=True)

    def _column(self, one: Language) -> list[str]:
        for name, cells in self.columns.items():
            if _is_language(name, one):
                return cells
        raise UserError(
            f"{self.path} has no column '{one.tag}' ({one.name}); its columns are {', '.join(self.columns)}: name them by "
            "language tags, or 'source' and 'target'."
        )


def _is_language(name: str, one: Language) -> bool:
    try:
        return language(name) == one
    except UserError:
        return False


def _key(text: str) -> str:
    """Two texts are the same one if only spaces and Unicode's ways to compose a letter differ."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _read_columns(path: Path) -> dict[str, list[str]]:
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise UserError(f"{path} is no table that can be read; give a file that ends in {', '.join(_ENDINGS)}.")
    if not path.is_file():
        raise UserError(f"There is no file {path}; name the table of translations, as in --engine table:FILE.")
    if ending == ".parquet":
        return _parquet_columns(path)
    if ending in _SEPARATORS:
        return _separated_columns(path, _SEPARATORS[ending])
    rows = read_rows(path)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_cell(row.get(name)) for row in rows] for name in names}


def _separated_columns(path: Path, separator: str) -> dict[str, list[str]]:
    csv.field_size_limit(_LARGEST_CELL)
    # utf-8-sig, because spreadsheets write a mark before the first column's name.
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, delimiter=separator) if row]
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except (OSError, csv.Error) as error:
        raise UserError(f"{path} cannot be read ({error}); mend it.") from error
    if not rows:
        raise UserError(f"{path} is empty; its first line should name the columns.")
    names = [name.strip() for name in rows[0]]
    return {name: [row[place] if place < len(row) else "" for row in rows[1:]] for place, name in enumerate(names)}


def _parquet_columns(path: Path) -> dict[str, list[str]]:
    try:
        table: Any = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read ({str(error).splitlines()[0]}); restore it.") from error
    return {name: [_cell(cell) for cell in table[name].to_pylist()] for name in table.column_names}


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
