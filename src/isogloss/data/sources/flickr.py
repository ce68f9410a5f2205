"""Flickr8k and Flickr30k: captions as Karpathy's split file, a token file or a results table, with a folder of pictures."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import fsspec

from isogloss.data.sources.karpathy import read_karpathy
from isogloss.data.sources.places import OUTSIDE, Folder, key_of
from isogloss.data.sources.rows import BadRow, TableFile
from isogloss.data.sources.source import SPLITS, Found, Listing, Skipped, listings
from isogloss.data.sources.stamp import stamp
from isogloss.data.sources.tagged import in_language, tag_and_name
from isogloss.errors import UserError
from isogloss.languages import language as known_language

UNLISTED = "picture in no split file"

# How a token file numbers the captions of a picture: 1000092795.jpg#0, and in other languages also #en#0.
_TOKEN = re.compile(r"(?P<name>[^\t]+?)#(?:\w+#)?\d+")
# What the columns are called in the first line of the comma-separated editions.
_NAMES = ("image", "image_name")
_CAPTIONS = ("caption", "comment")
# The part of a split that a file's name tells of, as in Flickr_8k.devImages.txt and test_2016_flickr.lst.
_PART = re.compile(r"train|validation|valid|val|dev|test", re.IGNORECASE)


@dataclass(slots=True)
class _Picture:
    split: str = ""
    captions: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(frozen=True)
class Flickr:
    """Flickr8k or Flickr30k.

    Args:
        folder: of the pictures.
        tokens: files of captions, (path, language).
        splits: files that list the pictures of a split, (path, split); pictures in none of them are left out.
        karpathy: a split file with captions and splits in one; its captions stand in for a language without tokens.
        language: of the captions in the split file.
        licence: of pictures and captions.
    """

    folder: Folder
    tokens: tuple[tuple[str, str], ...] = ()
    splits: tuple[tuple[str, str], ...] = ()
    karpathy: str = ""
    language: str = "en"
    licence: str = "unknown"

    @classmethod
    def open(
        cls,
        images: str,
        *,
        tokens: Sequence[str] = (),
        splits: Sequence[str] = (),
        karpathy: str = "",
        language: str = "en",
        licence: str = "unknown",
    ) -> "Flickr":
        """Flickr's captions from what a command line has: FILE or LANGUAGE=FILE for tokens, FILE or SPLIT=FILE for splits.

        Raises:
            UserError: nothing is named, a language is not known, or a file's name does not tell its split.
        """
        if not tokens and not karpathy:
            raise UserError(
                "No captions are named; give --karpathy dataset_flickr30k.json or --tokens results_20130124.token."
            )
        if not images:
            raise UserError("No folder of pictures is named; give it as --images flickr30k-images.")
        usual = known_language(language).tag
        files = tuple(in_language(word, usual) for word in tokens)
        return cls(Folder.of(images), files, tuple(_split_file(word) for word in splits), karpathy, usual, licence)

    def identity(self) -> Mapping[str, Any]:
        files = [path for path, _ in (*self.tokens, *self.splits)] + ([self.karpathy] if self.karpathy else [])
        return {
            "kind": "flickr",
            "folder": self.folder.path,
            "tokens": self.tokens,
            "splits": self.splits,
            "karpathy": self.karpathy,
            "language": self.language,
            "licence": self.licence,
            "stamps": [stamp(path) for path in files],
        }

    def provenance(self) -> Mapping[str, str]:
        name = PurePosixPath(self.karpathy or self.tokens[0][0]).name
        return {"name": name, "version": "", "url": "", "licence": self.licence}

    def units(self) -> Iterator[Listing]:
        return listings(self._entries())

    def _entries(self) -> Iterator[Found | Skipped]:
        pictures: dict[str, _Picture] = {}
        if self.karpathy:
            told = any(language == self.language for _, language in self.tokens)
            for listed in read_karpathy(self.karpathy):
                if isinstance(listed, Skipped):
                    yield listed
                    continue
                picture = pictures.setdefault(listed.name, _Picture(listed.split))
                if not told:
                    picture.captions += [(self.language, text) for text in listed.captions]
        for path, language in self.tokens:
            for one in read_captions(path, language):
                if isinstance(one, Skipped):
                    yield one
                elif not self.karpathy or one[0] in pictures:
                    pictures.setdefault(one[0], _Picture()).captions.append((language, one[1]))
                else:
                    yield Skipped("caption of an unknown picture", one[0], path, language, one[1][:1000])
        listed = self._listed()
        for name, picture in pictures.items():
            key, place = key_of(name), self.folder.locate(name)
            split = listed.get(name, listed.get(key, "")) or picture.split
            if place is None:
                yield Skipped(OUTSIDE, key, name, detail=f"outside {self.folder.path}")
            elif self.splits and not split:
                yield Skipped(UNLISTED, key, name)
            else:
                yield Found(key, place, tuple(picture.captions), split)

    def _listed(self) -> dict[str, str]:
        """The split of every picture that a split file lists, by its name or its number."""
        found: dict[str, str] = {}
        for path, split in self.splits:
            for _, line in _lines(path):
                if isinstance(line, str) and line.strip():
                    found.setdefault(line.strip(), split)
        return found


def _split_file(word: str) -> tuple[str, str]:
    split, path = tag_and_name(word)
    if split:
        return path, SPLITS.get(split, split)
    parts = [match[0].lower() for match in _PART.finditer(PurePosixPath(word).name)]
    if not parts:
        raise UserError(f"The name of {word} does not say which split it lists; give it as train={word}.")
    return word, SPLITS.get(parts[-1], parts[-1])


def read_captions(path: str, language: str) -> Iterator[tuple[str, str] | Skipped]:
    """The captions of a token file or results table, (name of the picture, text), whichever of its kinds it is.

    Raises:
        UserError: it is missing, or is none of these kinds.
    """
    lines = _lines(path)
    first = next((line for _, line in _lines(path) if isinstance(line, str) and line.strip()), "")
    if "\t" in first and _TOKEN.fullmatch(first.split("\t", 1)[0]):
        rows = _tokens(lines)
    elif "|" in first:
        rows = _piped(lines)
    elif first.split(",", 1)[0].strip().lower() in _NAMES:
        rows = _commas(path)
    else:
        raise UserError(
            f"{path} is no file of Flickr's captions: a line should be like 'name.jpg#0<tab>caption' or 'name.jpg| 0| caption', "
            f"and the first is '{first[:80]}'."
        )
    for number, row in rows:
        if row is None:
            yield Skipped("row that cannot be read", file=path, language=language, detail=f"row {number:,}")
        else:
            yield row


_Rows = Iterator[tuple[int, tuple[str, str] | None]]


def _lines(path: str) -> Iterator[tuple[int, str | None]]:
    """The lines of a file with their numbers; None for a line that is not UTF-8."""
    try:
        source: Any = fsspec.open(path, "rb", compression="infer")
        with source as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError:
                    yield number, None
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is missing; name a file of Flickr's captions or splits.") from None
    except (OSError, ImportError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); make it readable.") from error


def _tokens(lines: Iterator[tuple[int, str | None]]) -> _Rows:
    for number, line in lines:
        if line == "":
            continue
        name, found, text = (line or "").partition("\t")
        token = _TOKEN.fullmatch(name)
        yield number, (token["name"], text) if token and found else None


def _piped(lines: Iterator[tuple[int, str | None]]) -> _Rows:
    for number, line in lines:
        cells = [cell.strip() for cell in (line or "").split("|", 2)]
        if line == "" or cells[0] in _NAMES:
            continue
        yield number, (cells[0], cells[2]) if len(cells) == 3 and cells[0] else None


def _commas(path: str) -> _Rows:
    """Rows with a header, whose captions are quoted where they hold a comma."""
    table = TableFile(path, kind="csv")
    names = table.names()
    caption = next((name for name in names if name.lower() in _CAPTIONS), None)
    if caption is None:
        raise UserError(
            f"{path} has no column called {' or '.join(_CAPTIONS)}, among {', '.join(names)}; name another file."
        )
    for number, row in enumerate(table.rows(), start=2):
        yield number, None if isinstance(row, BadRow) or not row[names[0]] else (row[names[0]].strip(), row[caption])
