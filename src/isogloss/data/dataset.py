"""A dataset is tables beside images: pictures and their captions in any number of languages, as a folder.

    DIR/dataset.json                 name, licence, sources, counts
    DIR/images.parquet               one row a picture: where its bytes lie, its split, size and hash
    DIR/captions/<language>.parquet  any number of captions a picture

A picture is (file, offset, length), so that a file of a folder and a member of an uncompressed tar are the same thing.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from isogloss.data.index import Tables
from isogloss.data.split import Captions, Split
from isogloss.data.tables import (
    CAPTIONS,
    IMAGES,
    check_columns,
    read_footer,
    read_table,
)
from isogloss.errors import UserError, unknown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

__all__ = ["Captions", "Dataset", "Split"]

FORMAT = "isogloss-dataset"
VERSION = 1
# The name of all splits together.
ALL = "all"


@dataclass(frozen=True)
class Dataset:
    """A dataset folder, of which nothing but dataset.json and the tables' footers is in memory.

    languages: the tags that have a caption table, in alphabetical order; adding a language is adding a file.
    """

    root: Path
    information: Mapping[str, Any]
    languages: tuple[str, ...]

    @classmethod
    def open(cls, root: str | Path) -> "Dataset":
        """Open a dataset folder.

        Raises:
            UserError: there is none, or dataset.json or a table is damaged, missing or has other columns.
        """
        root = Path(root)
        information = read_information(root)
        check_columns(read_footer(root / "images.parquet"), IMAGES, root / "images.parquet")
        tables = sorted((root / "captions").glob("*.parquet"))
        for table in tables:
            check_columns(read_footer(table), CAPTIONS, table)
        languages = tuple(table.stem for table in tables)
        missing = [language for language in information["languages"] if language not in languages]
        if missing:
            raise UserError(
                f"{root / 'captions' / (missing[0] + '.parquet')} is missing, a caption table that dataset.json names; "
                f"restore it, or take the language out with `isogloss data remove {root} --language {missing[0]} "
                "--what captions`."
            )
        return cls(root, information, languages)

    @property
    def splits(self) -> Mapping[str, int]:
        """The number of pictures of every split."""
        return self.information["splits"]

    def locate(self, file: str) -> str:
        """Where a `file` of images.parquet lies: a URL and an absolute path are their own answer."""
        return file if "://" in file else str(self.root / file)

    def images(self, split: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """The table of pictures, in the order of the file: all of it, or one split, or some columns."""
        if split is None:
            return read_table(self.root / "images.parquet", IMAGES, columns)
        self._known_split(split)
        wanted = list(columns or IMAGES.names)
        table = read_table(self.root / "images.parquet", IMAGES, [*wanted, *({"split"} - set(wanted))])
        return table.filter(pc.equal(table["split"], split)).select(wanted)

    def captions(self, language: str) -> pa.Table:
        """The whole caption table of one language: key, text, source, score.

        Raises:
            UserError: there is no such language here (the nearest is named), or the table is damaged.
        """
        self._known_language(language)
        return read_table(self._table(language), CAPTIONS)

    def counts(self, language: str) -> tuple[int, int]:
        """How many captions a language has, and how many pictures have one, by its table and not by dataset.json.

        Raises:
            UserError: there is no such language here (the nearest is named), or the table is damaged.
        """
        self._known_language(language)
        keys = read_table(self._table(language), CAPTIONS, ["key"])["key"]
        return len(keys), pc.count_distinct(keys).as_py()

    def split(
        self,
        name: str,
        languages: Sequence[str],
        sources: Collection[str] | None = None,
        complete: bool = True,
    ) -> Split:
        """One split, or with "all" every picture, with its captions in `languages`, in the order of images.parquet.

        A large one is mapped, from an index beside the tables that is made when it is first asked for.

        sources: only captions whose source is among these (say {"cldr:name"}); all when None.
        complete: refuse a language that has no caption here.

        Raises:
            UserError: an unknown split or language, a language without captions here (if `complete`), captions that
                are empty, overlong, not UTF-8 or of unknown pictures, or a picture that is listed twice.
        """
        if name != ALL:
            self._known_split(name)
        # Known before a large table is read: a misspelt language should cost no time.
        for language in languages:
            self._known_language(language)
        tables = Tables.of(self.root, None if name == ALL else name, languages, sources)
        images = tables.images()
        captions = {language: tables.captions(language) for language in languages}
        for language, found in captions.items():
            if complete and not len(found):
                raise UserError(
                    f"{self._table(language)} holds no caption{' of these sources' if sources else ''} for the split "
                    f"'{name}'; choose another language or split."
                )
        return Split(name, images, captions)

    def _table(self, language: str) -> Path:
        return self.root / "captions" / f"{language}.parquet"

    def _known_language(self, language: str) -> None:
        if language not in self.languages:
            raise unknown("caption table for the language", language, self.languages)

    def _known_split(self, name: str) -> None:
        if name not in self.splits:
            raise unknown("split", name, self.splits)


def read_information(root: Path) -> dict[str, Any]:
    """What dataset.json says.

    Raises:
        UserError: there is none, or it is damaged or of another version.
    """
    path = root / "dataset.json"
    try:
        information = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{root} is no dataset folder: it has no dataset.json; name the folder that has.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); restore it or make the dataset again.") from error
    if not isinstance(information, dict) or information.get("format") != FORMAT:
        raise UserError(f"{path} does not describe a dataset: its 'format' should be '{FORMAT}'.")
    if information.get("version") != VERSION:
        raise UserError(
            f"{path} has version {information.get('version')}, and this program reads version {VERSION}; "
            "make the dataset again or use the program that made it."
        )
    for field in ("splits", "languages"):
        if not isinstance(information.get(field), dict):
            raise UserError(f"{path} lacks '{field}'; restore it or make the dataset again.")
    return information
