"""Files of conversations about pictures, as those that LLaVA was trained on (arXiv 2304.08485): JSON, JSON lines or Parquet."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from isogloss.data.conversations import Conversation, fault
from isogloss.data.sources.json_values import json_values
from isogloss.data.sources.llava_entry import Entry, read_entry
from isogloss.data.sources.places import OUTSIDE, Folder, key_of
from isogloss.data.sources.rows import KINDS, BadRow, TableFile
from isogloss.data.sources.source import Found, Listing, Skipped, listings
from isogloss.data.sources.stamp import stamp
from isogloss.errors import UserError
from isogloss.languages import language as known_language

BAD_ROW, TWICE = "row that cannot be read", "conversation that is listed twice"


@dataclass(frozen=True)
class _Picture:
    """key: in the dataset; place: where it lies, None outside the folder; name: as the file has it."""

    key: str
    place: str | None
    name: str


@dataclass
class _Keys:
    """Pictures by the places where they lie, and conversations by their ids, each with a key of its own.

    The same file passes here in the same order every time, and so has the same keys.
    """

    folder: Folder
    pictures: dict[str, _Picture] = field(default_factory=dict[str, _Picture])
    taken: set[str] = field(default_factory=set[str])
    identities: dict[str, int] = field(default_factory=dict[str, int])
    told: set[bytes] = field(default_factory=set[bytes])

    def picture(self, name: str) -> _Picture:
        place = self.folder.locate(name)
        found = self.pictures.get(place or name)
        if found is None:
            key = key_of(name)
            found = _Picture(name if key in self.taken else key, place, name)  # as of a.jpg and a.png
            self.taken.add(found.key)
            self.pictures[place or name] = found
        return found

    def conversation(self, entry: Entry, number: int) -> str:
        """The key of an entry; nothing where the same one was there before.

        Ids are those of the picture in LLaVA's own files, so that several conversations have one.
        """
        identity = entry.identity or f"row-{number}"
        digest = hashlib.sha256(repr((identity, entry.pictures, entry.turns)).encode("utf-8", "replace")).digest()
        if entry.identity and digest in self.told:
            return ""
        self.told.add(digest)
        key = identity
        while key in self.identities:
            self.identities[identity] += 1
            key = f"{identity}#{self.identities[identity]}"
        self.identities[key] = 1
        return key


@dataclass(frozen=True)
class Llava:
    """A file of conversations.

    Args:
        file: its rows. folder: of the pictures.
        language: of all that is said.
        licence: of pictures and conversations.
    """

    file: TableFile
    folder: Folder
    language: str = "en"
    licence: str = "unknown"

    @classmethod
    def open(cls, file: str, *, images: str | None = None, language: str = "en", licence: str = "unknown") -> "Llava":
        """A file, whose pictures lie beside it where no folder is given.

        Raises:
            UserError: there is no such folder or language.
        """
        if images is not None and "://" not in images and not Path(images).is_dir():
            raise UserError(f"There is no folder {images}; name the folder of the pictures with --images.")
        beside = file.rpartition("/")[0] or "."
        return cls(
            TableFile(file), Folder.of(images if images is not None else beside), known_language(language).tag, licence
        )

    def identity(self) -> Mapping[str, Any]:
        return {"kind": "llava", **asdict(self), "stamp": stamp(self.file.path)}

    def provenance(self) -> Mapping[str, str]:
        return {"name": Path(self.file.path).name, "version": "", "url": "", "licence": self.licence}

    def units(self) -> Iterator[Listing]:
        yield Listing(())  # so that a file without a picture has a unit, too
        yield from listings(self._pictures())

    def conversations(self) -> Iterator[Conversation | Skipped]:
        for one in self._told():
            yield one if isinstance(one, Skipped) else one[0]

    def _pictures(self) -> Iterator[Found | Skipped]:
        seen: set[str] = set()
        for one in self._told():
            for picture in () if isinstance(one, Skipped) else one[1]:
                if picture.key in seen:
                    continue
                seen.add(picture.key)
                if picture.place is None:
                    yield Skipped(OUTSIDE, picture.key, picture.name, detail=f"outside {self.folder.path}")
                else:
                    yield Found(picture.key, picture.place)

    def _told(self) -> Iterator[tuple[Conversation, tuple[_Picture, ...]] | Skipped]:
        """Each conversation with its pictures, or why it cannot be used."""
        keys = _Keys(self.folder)
        for number, row in enumerate(self._rows(), start=1):
            if isinstance(row, BadRow):
                yield Skipped(BAD_ROW, detail=f"row {row.number:,}: {row.reason}")
                continue
            entry = read_entry(row)
            if isinstance(entry, Skipped):
                yield Skipped(entry.reason, entry.key, language=self.language, detail=f"row {number:,}: {entry.detail}")
                continue
            first = entry.turns[0].text[:1000] if entry.turns else ""
            draft = Conversation(entry.identity, self.language, entry.pictures, entry.turns)
            reason, detail = fault(draft)
            key = "" if reason else keys.conversation(entry, number)
            if not key:
                reason = reason or TWICE
                yield Skipped(
                    reason, entry.identity, ", ".join(entry.pictures), self.language, first, f"row {number:,}: {detail}"
                )
                continue
            pictures = tuple(map(keys.picture, entry.pictures))
            yield Conversation(key, self.language, tuple(one.key for one in pictures), entry.turns), pictures

    def _rows(self) -> Iterator[Any]:
        """The rows of the file: by its name a table, or else JSON."""
        suffixes = {suffix.lower() for suffix in PurePosixPath(self.file.path.split("?")[0]).suffixes}
        return self.file.rows() if suffixes & set(KINDS) else json_values(self.file)
