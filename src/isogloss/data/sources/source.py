"""What a source of pictures and captions is to the import: units of work that can be read anywhere, in any order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

# What splits are called elsewhere, and how a dataset calls them.
SPLITS = {"dev": "validation", "val": "validation", "valid": "validation", "restval": "train"}


@dataclass(frozen=True, slots=True)
class Found:
    """A picture with its captions, as a source has them; nothing is checked yet.

    key: by which the dataset will know it.
    file: an absolute path or a URL; empty for a picture that lies in no file of its own, such as a cell of a table, whose
        `content` is then kept in the dataset folder.
    captions: (language, text), any number.
    split: "train", "validation", "test" or another; empty where the source has none, and the import decides.
    offset: of its bytes in the file. content: the bytes themselves where they were read already; None for the whole file.
    place: what tells two pictures of one key apart, such as the name of the archive; empty where keys are unique.
    conversations: about this picture alone, each as a line of JSON (`isogloss.data.sources.beside`).
    """

    key: str
    file: str
    captions: tuple[tuple[str, str], ...] = ()
    split: str = ""
    offset: int = 0
    content: bytes | None = None
    place: str = ""
    conversations: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type["Found"], tuple[Any, ...]]:
        # Listings go to other processes; what dataclasses do by themselves takes twice the time of this.
        one = (
            self.key,
            self.file,
            self.captions,
            self.split,
            self.offset,
            self.content,
            self.place,
            self.conversations,
        )
        return Found, one


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that a source has and a dataset cannot take.

    reason: one of few, which are counted, such as "missing picture"; detail: what exactly, such as a line number.
    """

    reason: str
    key: str = ""
    file: str = ""
    language: str = ""
    text: str = ""
    detail: str = ""


@runtime_checkable
class Unit(Protocol):
    """A part of a source that one process reads at a time: an archive, or some thousand rows. It can be pickled."""

    def read(self) -> Iterator[Found | Skipped]:
        """Its pictures, one after the other, always in the same order."""
        ...


@runtime_checkable
class Source(Protocol):
    """A collection that can be read in units."""

    def identity(self) -> Mapping[str, Any]:
        """What is read and how, as JSON: an import goes on, or is found finished, only where this is equal."""
        ...

    def provenance(self) -> Mapping[str, str]:
        """Its name, version, url and licence, as dataset.json keeps them."""
        ...

    def units(self) -> Iterator[Unit]:
        """Its units, always the same ones in the same order.

        Raises:
            UserError: it is not there, or not what it should be.
        """
        ...


@dataclass(frozen=True)
class Listing:
    """A unit that is a list: pictures which lie somewhere, with captions that were read already."""

    entries: tuple[Found | Skipped, ...]

    def read(self) -> Iterator[Found | Skipped]:
        return iter(self.entries)


# Pictures of a unit: enough that the writing of its part is no matter, few enough that a stop loses seconds.
LISTED = 4000
# A picture that has to be fetched takes as long as so many that lie here.
_FETCHED = 10


def listings(entries: Iterator[Found | Skipped]) -> Iterator[Listing]:
    """Entries in units of `LISTED`, or fewer where their pictures have to be fetched."""
    unit: list[Found | Skipped] = []
    weight = 0
    for entry in entries:
        unit.append(entry)
        weight += _FETCHED if "://" in entry.file else 1
        if weight >= LISTED:
            yield Listing(tuple(unit))
            unit, weight = [], 0
    if unit:
        yield Listing(tuple(unit))
