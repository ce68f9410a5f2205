"""WebDataset tars as img2dataset writes them: the files of a sample stand together and share a name up to its first dot."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from isogloss.data.sources.archive import ArchiveError, Member, members, opened
from isogloss.data.sources.beside import read_beside
from isogloss.data.sources.clean import NOT_UNICODE
from isogloss.data.sources.columns import CAPTIONS, CaptionColumns, texts
from isogloss.data.sources.places import reached
from isogloss.data.sources.source import SPLITS, Found, Skipped
from isogloss.data.sources.stamp import stamp
from isogloss.data.sources.tagged import tag_and_name
from isogloss.errors import UserError
from isogloss.languages import LANGUAGES
from isogloss.languages import language as known_language

# Endings of pictures, and what the bytes of the commoner ones begin with.
PICTURES = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "jfif", "jpe")
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*", re.DOTALL)
_COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
# As --captions names the text file of a sample.
TEXT = "txt"
# Stamps of remote archives are asked for so many at a time.
_ASKED_AT_ONCE = 16


@dataclass(frozen=True)
class Captions:
    """Where the captions of a sample stand.

    columns: (key, language) of the JSON file, or "txt" for the text file; none for whichever usual place has some.
    language: of captions in a place that names none.
    """

    columns: tuple[tuple[str, str], ...] = ()
    language: str = "en"

    def read(self, text: str | None, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The captions, (language, text), from a sample's text file and the object of its JSON file."""
        if self.columns:
            row = {**fields, TEXT: text} if text is not None else fields
            yield from CaptionColumns(self.columns).read(row)
            return
        by_language = fields.get("captions")
        if isinstance(by_language, dict) and by_language and all(tag in LANGUAGES for tag in by_language):
            for tag, cell in by_language.items():  # as isogloss itself exports them
                yield from ((tag, caption) for caption in texts(cell))
        elif text is not None:
            yield self.language, text
        else:
            name = next((name for name in CAPTIONS if name in fields), None)
            yield from ((self.language, caption) for caption in texts(fields.get(name or "")))


@dataclass
class _Sample:
    """The files of one key: a picture, and what is said of it."""

    key: str
    picture: Member | None = None
    content: bytes = b""
    text: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    endings: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Tar:
    """One archive, read from its beginning to its end.

    place: what tells its keys from those of other archives.
    """

    path: str
    place: str
    split: str
    captions: Captions

    def read(self) -> Iterator[Found | Skipped]:
        try:
            with opened(self.path) as file:
                yield from self._samples(members(file))
        except FileNotFoundError:
            yield Skipped("missing archive", file=self.path)
        except Exception as error:  # each file system's client has its own
            yield Skipped("unreadable archive", file=self.path, detail=f"{type(error).__name__}: {error}"[:1000])

    def _samples(self, stream: Iterator[Member]) -> Iterator[Found | Skipped]:
        sample = _Sample("")
        try:
            for member in stream:
                named = _named(member)
                if isinstance(named, Skipped):
                    yield Skipped(named.reason, file=self.path, detail=named.detail)
                if not isinstance(named, tuple):
                    continue
                key, ending = named
                if key != sample.key or ending in sample.endings:
                    yield from self._finished(sample)
                    sample = _Sample(key)
                sample.endings.add(ending)
                yield from self._add(sample, member, ending)
        except ArchiveError as fault:
            yield from self._finished(sample)
            yield Skipped(fault.reason, file=self.path, detail=fault.detail)
        else:
            yield from self._finished(sample)

    def _add(self, sample: _Sample, member: Member, ending: str) -> Iterator[Skipped]:
        """Put a file to its sample; other kinds than pictures and captions are no fault and are passed over."""
        if ending == "txt":
            try:
                sample.text = member.read().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                yield Skipped(NOT_UNICODE, sample.key, self.path, detail=f"{member.name}: {error.reason}")
        elif ending == "json":
            try:
                fields = json.loads(member.read().decode("utf-8-sig"))
            except ValueError as error:
                yield Skipped("damaged JSON", sample.key, self.path, detail=f"{member.name}: {error}")
            else:
                sample.fields = fields if isinstance(fields, dict) else {}
        elif ending.rpartition(".")[2] in PICTURES or not ending:
            if sample.picture is None:
                sample.content, sample.picture = member.read(), member
            else:
                yield Skipped("further picture of a sample", sample.key, self.path, detail=member.name)

    def _finished(self, sample: _Sample) -> Iterator[Found | Skipped]:
        if sample.picture is None:
            if sample.text is not None or sample.fields:
                yield Skipped("captions without a picture", sample.key, self.path, text=(sample.text or "")[:1000])
            return
        captions = tuple(self.captions.read(sample.text, sample.fields))
        told: list[str] = []
        for one in read_beside(sample.fields.get("conversations"), sample.key):
            if isinstance(one, Skipped):
                yield replace(one, file=self.path)
            else:
                told.append(one)
        offset, content = sample.picture.offset, sample.content
        yield Found(sample.key, self.path, captions, self.split, offset, content, self.place, tuple(told))


def _named(member: Member) -> tuple[str, str] | Skipped | None:
    """The key and ending of a member; None for what is no sample's file, as a folder or what a Mac adds."""
    folder, _, base = member.name.replace("\\", "/").rpartition("/")
    if member.folder or not base or base.startswith("."):
        return None
    if not member.plain:
        return Skipped("link in an archive", detail=member.name)
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    if ".." in parts:
        return Skipped("name that leads out of the archive", detail=member.name)
    stem, _, ending = base.partition(".")
    ending = ending.lower()
    if ending.rpartition(".")[2] not in (*PICTURES, "txt", "json"):
        # A picture under its bare key, as isogloss keeps those that lay in no file; or of no matter.
        return ("/".join([*parts, base]), "") if _MAGIC.match(member.head()) else None
    return "/".join([*parts, stem]), ending


@dataclass(frozen=True)
class WebDataset:
    """Tars of pictures and captions.

    archives: in the order in which they are read.
    """

    archives: tuple[Tar, ...]
    captions: Captions
    licence: str = "unknown"

    @classmethod
    def open(
        cls, paths: Sequence[str], *, captions: Sequence[str] = (), language: str = "en", licence: str = "unknown"
    ) -> "WebDataset":
        """Archives from what a command line has: paths, URLs, folders and patterns, each perhaps with SPLIT= before it.

        Raises:
            UserError: an archive is missing or compressed, or a language is not known.
        """
        if not paths:
            raise UserError(
                "No archive is named; give tars, a folder of them, or a pattern such as 'shards/{000..099}.tar'."
            )
        usual = known_language(language).tag
        columns = Captions(tuple(CaptionColumns.named(captions, usual)), usual)
        found: dict[str, str] = {}
        for word in paths:
            split, pattern = _split_of(word)
            for path in _archives(pattern):
                found.setdefault(path, split)
        for path in found:
            if path.split("?")[0].lower().endswith(_COMPRESSED):
                raise UserError(
                    f"{path} is compressed, and pictures are read at their offset; decompress it, as with gunzip."
                )
        stems = [PurePosixPath(path.split("?")[0]).stem for path in found]
        unique = len(set(stems)) == len(stems)
        tars = tuple(
            Tar(path, stem if unique else f"{PurePosixPath(path).parent.name}/{stem}", split, columns)
            for (path, split), stem in zip(found.items(), stems, strict=True)
        )
        return cls(tars, columns, licence)

    def identity(self) -> Mapping[str, Any]:
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as threads:
            stamps = list(threads.map(stamp, (tar.path for tar in self.archives)))
        listed = [[tar.path, tar.split, known] for tar, known in zip(self.archives, stamps, strict=True)]
        return {
            "kind": "webdataset",
            "archives": len(self.archives),
            "digest": hashlib.sha256(
                json.dumps(listed).encode()
            ).hexdigest(),  # of thousands, it keeps dataset.json short
            "captions": self.captions.columns,
            "language": self.captions.language,
            "licence": self.licence,
        }

    def provenance(self) -> Mapping[str, str]:
        first = PurePosixPath(self.archives[0].path)
        return {"name": first.parent.name or first.stem, "version": "", "url": "", "licence": self.licence}

    def units(self) -> Iterator[Tar]:
        return iter(self.archives)


def _split_of(word: str) -> tuple[str, str]:
    split, pattern = tag_and_name(word)
    return (SPLITS.get(split, split), pattern) if split and not Path(word).exists() else ("", word)


def _archives(pattern: str) -> list[str]:
    """The archives that a path, URL, folder, or pattern of braces or stars names, in the order of their names."""
    found: list[str] = []
    for path in expand(pattern):
        with reached(path):
            found += _matching(path)
    return found


def _matching(path: str) -> list[str]:
    remote = "://" in path
    system, place = fsspec.core.url_to_fs(path) if remote else (fsspec.filesystem("file"), str(Path(path).absolute()))
    if "*" in path:
        found = sorted(system.glob(place))
    elif path.endswith("/") or (not path.split("?")[0].endswith((".tar", *_COMPRESSED)) and system.isdir(place)):
        found = sorted(one for one in system.find(place) if one.endswith((".tar", *_COMPRESSED)))
    else:
        return [path if remote else place]
    if not found:
        raise UserError(f"{path} holds no .tar; name a folder that has some, or the archives themselves.")
    return [system.unstrip_protocol(one) if remote else one for one in found]


def expand(pattern: str) -> Iterator[str]:
    """The names that braces stand for, as a shell would write them out.

    >>> list(expand("a{08..10}.{tar,tgz}"))
    ['a08.tar', 'a08.tgz', 'a09.tar', 'a09.tgz', 'a10.tar', 'a10.tgz']
    """
    braces = re.search(r"\{([^{}]*)\}", pattern)
    if braces is None:
        yield pattern
        return
    numbers = re.fullmatch(r"(\d+)\.\.(\d+)", braces[1])
    if numbers:
        first, last = int(numbers[1]), int(numbers[2])
        width = len(numbers[1]) if numbers[1].startswith("0") else 0
        inside = [f"{number:0{width}}" for number in range(first, last + 1)]
    else:
        inside = braces[1].split(",")
    for one in inside:
        yield from (f"{pattern[: braces.start()]}{one}{rest}" for rest in expand(pattern[braces.end() :]))
