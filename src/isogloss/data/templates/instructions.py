"""What a user asks about a picture, and in which language the answer is wanted, in the words of each language.

`instructions.csv` beside this file has a row a wording: language, use and text. "describe" asks for a caption; "reply" asks
for the language. A file of one's own with the same columns adds languages, or wordings in place of those that are here.
"""

import csv
import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from isogloss.errors import UserError
from isogloss.languages import language as known_language

DESCRIBE, REPLY = "describe", "reply"
_COLUMNS = ("language", "use", "text")

# By (language, use).
Wordings = Mapping[tuple[str, str], tuple[str, ...]]


def instructions(language: str, file: str | Path | None = None) -> tuple[str, ...]:
    """The wordings of "describe the picture" in a language.

    file: of further wordings.

    Raises:
        UserError: there is none in the language, which a file can give, or the file is damaged.

    >>> instructions("de")[:2]
    ('Beschreibe das Bild.', 'Was siehst du?')
    """
    return _wordings(language, DESCRIBE, file)


def reply_in(language: str, file: str | Path | None = None) -> str:
    """The sentence that asks for an answer in a language, in that language.

    Raises:
        UserError: as for `instructions`.

    >>> reply_in("es")
    'Responde en español.'
    """
    return _wordings(language, REPLY, file)[0]


def instructed_languages() -> tuple[str, ...]:
    """The tags of the languages that have wordings here, in alphabetical order."""
    return tuple(sorted({tag for tag, _ in _own()}))


def _wordings(language: str, use: str, file: str | Path | None) -> tuple[str, ...]:
    tag = known_language(language).tag
    known = {**_own(), **(_given(Path(file)) if file else {})}
    if (tag, use) not in known:
        lacking = f"{file} has none either" if file else "give them in a file"
        raise UserError(
            f"There are no wordings of '{use}' in {known_language(tag).name} ({tag}); {lacking}: CSV with the columns "
            f"language,use,text and rows such as {tag},{use},…, one a wording."
        )
    return known[tag, use]


@cache
def _own() -> Wordings:
    return _read(files("isogloss.data.templates").joinpath("instructions.csv").read_text(encoding="utf-8"), "it")


def _given(path: Path) -> Wordings:
    try:
        return _read(path.read_text(encoding="utf-8-sig"), str(path))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is missing; name a file of wordings.") from None
    except (OSError, UnicodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); write it as UTF-8.") from error


def _read(text: str, name: str) -> Wordings:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if set(_COLUMNS) - set(reader.fieldnames or ()):
        raise UserError(f"{name} should have the columns {', '.join(_COLUMNS)} in its first line; add them.")
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for number, row in enumerate(reader, start=2):
        tag, use, wording = ((row[column] or "").strip() for column in _COLUMNS)
        if use not in (DESCRIBE, REPLY) or not wording:
            raise UserError(
                f"Row {number} of {name} should have '{DESCRIBE}' or '{REPLY}' as use, and a text; correct it."
            )
        place = known_language(tag).tag, use
        found[place] = (*found.get(place, ()), wording)
    return found
