"""Unicode CLDR's annotations: the name and keywords of every emoji, written by people in over a hundred languages.

Read as published: the JSON packages cldr-annotations-full and cldr-annotations-derived-full (folders or .tgz), or the
XML of Debian's unicode-cldr-core. https://www.unicode.org/reports/tr35/tr35-general.html#Annotations
"""

import json
import re
import tarfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from isogloss.errors import UserError

# Derived annotations name the compositions (skin tones, families, flags): nearly two thirds of all emoji.
PARTS = ("annotations", "annotationsDerived")

# How CLDR writes "as in the parent locale".
_INHERITED = "↑↑↑"

# Marks that are not seen and are no letters: soft hyphens, zero-width spaces, directions. Joiners are letters' business.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

_LOCALE = re.compile(r"[a-z]{2,3}([-_][A-Z][a-z]{3})?")


@dataclass(frozen=True)
class Annotation:
    """What one language calls an emoji, and further words for it, none of which is the name."""

    name: str
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """One locale's file: where it lies, in words for messages, and its bytes when they are asked for."""

    where: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Annotations:
    """A copy of CLDR's annotations; documents: of each locale tag, the plain and the derived one, unread."""

    version: str
    licence: str
    documents: Mapping[str, tuple[Document, ...]]

    @property
    def languages(self) -> list[str]:
        """The tags that are languages of their own (with a script where that makes one), not regional varieties."""
        return [tag for tag in self.documents if tag != "und" and _LOCALE.fullmatch(tag)]

    @property
    def regional(self) -> list[str]:
        """The tags of regional varieties, which hold only what differs from their language."""
        return [tag for tag in self.documents if tag != "und" and not _LOCALE.fullmatch(tag)]

    def read(self, tag: str) -> dict[str, Annotation]:
        """The annotations of one locale, by emoji in the spelling of `bare`.

        Raises:
            UserError: a file of this locale is damaged.
        """
        found: dict[str, Annotation] = {}
        for document in self.documents[tag]:
            for emoji, name, keywords in _parse(document):
                name = plain(name)
                if name and name != _INHERITED:
                    words = dict.fromkeys(map(plain, keywords))
                    lowered = name.casefold()
                    further = tuple(word for word in words if word and word.casefold() != lowered)
                    found[bare(emoji)] = Annotation(name, further)
        return found


def bare(emoji: str) -> str:
    """An emoji without U+FE0F, which CLDR leaves out of its keys and keyboards do not."""
    return emoji.replace("\ufe0f", "")


# Keywords recur from one emoji to the next: skin tones, "person", "face".
@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """Text in NFC without invisible marks, its spaces (narrow and unbreakable ones too) single and ordinary.

    >>> plain("drapeau\\u202f:  Cuba")
    'drapeau : Cuba'
    """
    return unicodedata.normalize("NFC", " ".join(_UNSEEN.sub("", text).split()))


def open_annotations(path: Path) -> Annotations:
    """Open CLDR's annotations in a folder or .tgz, a folder that holds them, or beside the half that is named.

    Raises:
        UserError: nothing is there, or one of the two parts is missing.
    """
    if not path.exists():
        raise UserError(f"There is nothing at {path}; name a folder with Unicode CLDR's annotations.")
    parts = {part: _find(path, part) for part in PARTS}
    if not any(parts.values()):
        raise UserError(
            f"{path} holds no CLDR annotations; name the folder of the packages cldr-annotations-full and "
            "cldr-annotations-derived-full, or Debian's /usr/share/unicode/cldr."
        )
    for part, found in parts.items():
        if not found:
            raise UserError(
                f"{path} has only one half of CLDR's annotations, and '{part}' is missing; put the packages "
                "cldr-annotations-full and cldr-annotations-derived-full beside each other."
            )
    collections = [_richest(found) for found in parts.values()]
    tags = sorted({tag for collection in collections for tag in collection.documents})
    documents = {
        tag: tuple(collection.documents[tag] for collection in collections if tag in collection.documents)
        for tag in tags
    }
    versions = dict.fromkeys(collection.version for collection in collections)
    return Annotations(" and ".join(versions), collections[0].licence, documents)


@dataclass(frozen=True)
class _Collection:
    """One part as it lies in one place."""

    version: str
    licence: str
    documents: Mapping[str, Document]


def _richest(collections: list[_Collection]) -> _Collection:
    # A folder may also hold the "modern" packages, which have fewer languages.
    return max(collections, key=lambda collection: len(collection.documents))


def _find(path: Path, part: str) -> list[_Collection]:
    """The collections of one part at or below a path, or else beside it."""
    if path.is_file():
        archives = [path, *(other for other in sorted(path.parent.glob("*.tgz")) if other != path)]
        return list(filter(None, (_archive(archive, part) for archive in archives)))
    below = [path] if path.name == part else []
    for depth in range(4):
        below += sorted(path.glob("*/" * depth + part))
    found = list(filter(None, (_folder(folder, part) for folder in below)))
    if not found:
        found = list(filter(None, (_archive(archive, part) for archive in sorted(path.glob("*.tgz")))))
    if not found:
        patterns = (part, f"*cldr*/{part}", f"*cldr*/package/{part}")
        beside = [
            other for up in list(path.resolve().parents)[:2] for pattern in patterns for other in up.glob(pattern)
        ]
        found = list(filter(None, (_folder(folder, part) for folder in sorted(beside))))
    return found


def _folder(folder: Path, part: str) -> _Collection | None:
    documents = {
        _tag(file.stem if file.suffix == ".xml" else file.parent.name): Document(str(file), file.read_bytes)
        for file in (*sorted(folder.glob("*/annotations.json")), *sorted(folder.glob("*.xml")))
    }
    if not documents:
        return None
    package = folder.parent / "package.json"
    if package.is_file():
        return _Collection(*_packaged(package.read_bytes(), str(package)), documents)
    definition = folder.parent / "dtd" / "ldml.dtd"
    version = _first(r'cldrVersion CDATA #FIXED "([^"]+)"', definition) if definition.is_file() else None
    licence = _first(r"SPDX-License-Identifier: (\S+)", next(iter(folder.glob("*.xml")), folder / "none"))
    return _Collection(version or "unknown", licence or "Unicode-3.0", documents)


def _archive(archive: Path, part: str) -> _Collection | None:
    documents: dict[str, Document] = {}
    version, licence = "unknown", "Unicode-3.0"
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                names = member.name.split("/")
                stream = opened.extractfile(member)
                if stream is None:
                    continue
                if names[1:] == ["package.json"]:
                    version, licence = _packaged(stream.read(), f"{archive} ({member.name})")
                elif len(names) == 4 and names[1] == part and names[3] == "annotations.json":
                    documents[_tag(names[2])] = Document(f"{archive} ({member.name})", _kept(stream.read()))
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UserError(f"{archive} cannot be read as a .tgz ({error}); fetch it again.") from error
    return _Collection(version, licence, documents) if documents else None


def _kept(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def _tag(locale: str) -> str:
    """CLDR's locale as a BCP-47 tag; its Norwegian is Bokmål, beside which Nynorsk has a tag of its own."""
    return {"root": "und", "no": "nb"}.get(locale, locale.replace("_", "-"))


def _packaged(content: bytes, where: str) -> tuple[str, str]:
    try:
        package = json.loads(content)
        return str(package.get("version", "unknown")), str(package.get("license", "Unicode-3.0"))
    except (ValueError, AttributeError) as error:
        raise UserError(f"{where} cannot be read ({error}); fetch CLDR's annotations again.") from error


def _first(pattern: str, file: Path) -> str | None:
    if not file.is_file():
        return None
    match = re.search(pattern, file.read_text(encoding="utf-8", errors="replace"))
    return match[1] if match else None


def _parse(document: Document) -> Iterator[tuple[str, str, list[str]]]:
    """Every (emoji, name, keywords) in a file; those without a name are passed over."""
    try:
        content = document.read()
        if document.where.endswith(".xml"):
            yield from _parse_xml(ElementTree.fromstring(content))
        else:
            yield from _parse_json(json.loads(content))
    except (OSError, ValueError, ElementTree.ParseError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{document.where} is damaged ({error}); fetch CLDR's annotations again.") from error


def _parse_json(content: Any) -> Iterator[tuple[str, str, list[str]]]:
    (part,) = (part for part in PARTS if part in content)
    # Locales that only inherit have an identity and nothing else.
    for emoji, annotation in content[part].get("annotations", {}).items():
        names, keywords = annotation.get("tts", []), annotation.get("default", [])
        if not all(isinstance(word, str) for word in (*names, *keywords)):
            raise TypeError(f"the words for '{emoji}' are not all text")
        if names:
            yield emoji, names[0], keywords


def _parse_xml(root: ElementTree.Element) -> Iterator[tuple[str, str, list[str]]]:
    if root.tag != "ldml":
        raise ValueError(f"its root is '{root.tag}' and not 'ldml'")
    keywords: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for annotation in root.iter("annotation"):
        emoji, text = annotation.attrib["cp"], annotation.text or ""
        if annotation.get("type") == "tts":
            names[emoji] = text
        else:
            keywords[emoji] = text.split("|")
    for emoji, name in names.items():
        yield emoji, name, keywords.get(emoji, [])
