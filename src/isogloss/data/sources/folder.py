"""A folder of pictures with text beside them: NAME.txt, NAME.LANGUAGE.txt, NAME.json, or one table for all."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec

from isogloss.data.images import read_bytes
from isogloss.data.sources.clean import NOT_UNICODE
from isogloss.data.sources.columns import CaptionColumns
from isogloss.data.sources.places import Folder, reached
from isogloss.data.sources.rows import TableFile
from isogloss.data.sources.source import LISTED, SPLITS, Found, Skipped, Source
from isogloss.data.sources.table import Table
from isogloss.data.sources.webdataset import PICTURES, Captions
from isogloss.errors import UserError
from isogloss.languages import LANGUAGES
from isogloss.languages import language as known_language

# Tables of captions at the top of a folder: Hugging Face's imagefolder calls them metadata.
TABLES = tuple(f"{name}.{kind}" for name in ("metadata", "captions") for kind in ("jsonl", "csv", "tsv", "parquet"))


@dataclass(frozen=True)
class Beside:
    """A picture and the files beside it.

    name: within the folder. texts: (name, language) of text files. fields: the name of a JSON file, or nothing.
    """

    name: str
    key: str
    split: str
    texts: tuple[tuple[str, str], ...] = ()
    fields: str = ""


@dataclass(frozen=True)
class Pictures:
    """Some pictures of a folder, whose text is read where the pictures are."""

    folder: Folder
    pictures: tuple[Beside, ...]
    captions: Captions
    skipped: tuple[Skipped, ...] = ()

    def read(self) -> Iterator[Found | Skipped]:
        yield from self.skipped
        for one in self.pictures:
            captions: list[tuple[str, str]] = []
            for name, language in one.texts:
                text = self._text(name)
                if isinstance(text, Skipped):
                    yield text
                else:
                    captions += [(language, line) for line in text.splitlines() if line.strip()]
            if one.fields:
                fields = self._fields(one.fields)
                if isinstance(fields, Skipped):
                    yield fields
                else:
                    captions += self.captions.read(None, fields)
            yield Found(one.key, f"{self.folder.path}/{one.name}", tuple(captions), one.split)

    def _text(self, name: str) -> str | Skipped:
        try:
            content = read_bytes(f"{self.folder.path}/{name}")
            return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
        except UnicodeDecodeError as error:
            return Skipped(NOT_UNICODE, file=name, detail=error.reason)
        except UserError as error:
            return Skipped("unreadable text", file=name, detail=str(error))

    def _fields(self, name: str) -> Mapping[str, Any] | Skipped:
        text = self._text(name)
        if isinstance(text, Skipped):
            return text
        try:
            fields = json.loads(text)
        except ValueError as error:
            return Skipped("damaged JSON", file=name, detail=str(error))
        return fields if isinstance(fields, dict) else {"captions": fields}


@dataclass(frozen=True)
class PictureFolder:
    """A folder of pictures, each with text in files beside it."""

    folder: Folder
    captions: Captions
    licence: str = "unknown"

    def identity(self) -> Mapping[str, Any]:
        digest = hashlib.sha256()
        for name, stamp in sorted(_files(self.folder).items()):
            digest.update(f"{name}\0{stamp}\0".encode("utf-8", "surrogateescape"))
        return {
            "kind": "folder",
            "folder": self.folder.path,
            "digest": digest.hexdigest(),
            "captions": self.captions.columns,
            "language": self.captions.language,
            "licence": self.licence,
        }

    def provenance(self) -> Mapping[str, str]:
        return {"name": self.folder.path.rpartition("/")[2], "version": "", "url": "", "licence": self.licence}

    def units(self) -> Iterator[Pictures]:
        pictures, skipped = pair(sorted(_files(self.folder)), self.captions.language)
        if not pictures:
            raise UserError(
                f"{self.folder.path} has no picture by its name; name a folder with files ending in {', '.join(PICTURES)}."
            )
        for start in range(0, len(pictures), LISTED):
            some = tuple(pictures[start : start + LISTED])
            yield Pictures(self.folder, some, self.captions, () if start else tuple(skipped))


def open_folder(
    path: str, *, captions: Sequence[str] = (), language: str = "en", table: str = "", licence: str = "unknown"
) -> Source:
    """The source of a folder: the table at its top, if there is one, or the files beside the pictures.

    captions: columns of the table, or keys of the JSON files, as caption or es=leyenda. table: its name, if it is not a
    usual one.

    Raises:
        UserError: there is no such folder, or a language or column is not known.
    """
    folder = Folder.of(path)
    with reached(path):
        system, place = fsspec.core.url_to_fs(folder.path)
        if not system.isdir(place):
            raise UserError(f"{path} is no folder; name the folder of the pictures.")
        found = table or next((name for name in TABLES if system.exists(f"{place}/{name}")), "")
    if found:
        file = TableFile(f"{folder.path}/{found}")
        return Table.open(file, captions=captions, language=language, folder=folder.path, licence=licence)
    usual = known_language(language).tag
    return PictureFolder(folder, Captions(tuple(CaptionColumns.named(captions, usual)), usual), licence)


def _files(folder: Folder) -> dict[str, str]:
    """The files below a folder by their names in it, each with what changes when it is written; hidden ones are none."""
    if "://" not in folder.path:
        return dict(_walk(folder.path, ""))
    with reached(folder.path):
        system, place = fsspec.core.url_to_fs(folder.path)
        found: dict[str, Any] = system.find(place, detail=True)
    start = len(place.rstrip("/")) + 1
    return {
        name[start:]: f"{one.get('size')} {one.get('ETag') or one.get('mtime') or one.get('LastModified') or ''}"
        for name, one in found.items()
        if not any(part.startswith(".") for part in name[start:].split("/"))
    }


def _walk(folder: str, above: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):  # a link to a folder may lead round in a circle
                yield from _walk(entry.path, f"{above}{entry.name}/")
            elif entry.is_file():
                status = entry.stat()
                yield above + entry.name, f"{status.st_size} {status.st_mtime_ns}"


def pair(names: Sequence[str], language: str) -> tuple[list[Beside], list[Skipped]]:
    """The pictures among the files of a folder, each with its text files; and text that belongs to none.

    language: of the files that name none.
    """
    pictures = [name for name in names if name.rpartition(".")[2].lower() in PICTURES]
    stems: defaultdict[str, list[str]] = defaultdict(list)
    for name in pictures:
        stems[name.rpartition(".")[0]].append(name)
    texts: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    fields: dict[str, str] = {}
    skipped: list[Skipped] = []
    for name in names:
        stem, _, ending = name.rpartition(".")
        if ending.lower() not in ("txt", "json"):
            continue
        whose, _, tag = stem.rpartition(".")
        if ending.lower() == "json":
            if stem in stems:
                fields[stem] = name
        elif stem in stems:
            texts[stem].append((name, language))
        elif whose in stems and (tag in LANGUAGES or _known(tag)):
            texts[whose].append((name, known_language(tag).tag))
        elif whose in stems:
            skipped.append(Skipped("unknown language", whose, name, tag))
        else:
            skipped.append(Skipped("captions without a picture", stem, name))
    splits = _splits(pictures)
    found: list[Beside] = []
    for stem, some in stems.items():
        for name in some:
            key = stem if len(some) == 1 else name  # beach.jpg and beach.png are two pictures with the same text
            split = splits.get(name.partition("/")[0], "")
            found.append(Beside(name, key, split, tuple(texts[stem]), fields.get(stem, "")))
    return found, skipped


def _known(tag: str) -> bool:
    try:
        known_language(tag)
    except UserError:
        return False
    return True


def _splits(pictures: Sequence[str]) -> dict[str, str]:
    """The splits that the folders at the top are named for, where one is called train and all are splits."""
    tops = {name.partition("/")[0] if "/" in name else "" for name in pictures}
    named = {top: SPLITS.get(top.lower(), top.lower()) for top in tops}
    return named if "train" in tops and set(named.values()) <= {"train", "validation", "test"} else {}
