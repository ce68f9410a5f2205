"""Captions as numbers of words, so that what is asked of millions of them is asked of arrays."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

# Scripts without spaces between words. Their text is read as pairs of neighbouring characters, which stand for words
# well enough to count and to compare. The long vowel of katakana belongs to no script.
UNSPACED = r"\p{Hani}\p{Hira}\p{Kana}\p{Thai}\p{Laoo}\p{Khmr}\p{Mymr}ー"

_RUN = regex.compile(rf"[{UNSPACED}]")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_EITHER = regex.compile(rf"([{UNSPACED}]+)|([[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+)", regex.V1)


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation; numbers in ASCII digits.

    >>> words("L'été, ৪২ 公園で")
    ['l', 'été', '42', '公園', '園で']
    """
    return [_plain(piece) for piece in _pieces(text)]


def _pieces(text: str) -> list[str]:
    lower = text.casefold()
    if not _RUN.search(lower):
        return _WORD.findall(lower)
    found: list[str] = []
    for run, word in _EITHER.findall(lower):
        found += [run[at : at + 2] for at in range(len(run) - 1)] or [run or word]
    return found


def _plain(piece: str) -> str:
    return str(int(piece)) if piece.isdecimal() and not piece.isascii() else piece


@dataclass(frozen=True, eq=False)
class Words:
    """The words of many texts: those of text i are ids[offsets[i] : offsets[i + 1]].

    ids: [word]; equal words have equal numbers, in all texts that were numbered together. offsets: [text + 1].
    """

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many words a text has: [text]."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> NDArray[np.int64]:
        """Which text a word stands in: [word]."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    def of(self, text: int) -> list[int]:
        """The words of one text."""
        return self.ids[self.offsets[text] : self.offsets[text + 1]].tolist()

    def between(self, first: int, last: int) -> "Words":
        """Those of the texts from first on, before last."""
        offsets = self.offsets[first : last + 1]
        return Words(self.ids[offsets[0] : offsets[-1]], offsets - offsets[0])

    def parts(self, texts: int) -> Iterator[tuple[int, "Words"]]:
        """The same in parts of some texts each, with the number of the first text."""
        for first in range(0, len(self.offsets) - 1, texts):
            yield first, self.between(first, first + texts)


def number(sides: Sequence[Sequence[str]]) -> tuple[list[Words], list[str]]:
    """Texts of several sides with one numbering, and the words by their numbers."""
    known: dict[str, int] = {}
    plain: dict[str, int] = {}
    found: list[Words] = []
    for texts in sides:
        ids, ends = array("i"), array("q", [0])
        for text in texts:
            pieces = _pieces(text)
            for piece in pieces:
                if piece not in known:
                    known[piece] = plain.setdefault(_plain(piece), len(plain))
            ids.extend([known[piece] for piece in pieces])
            ends.append(len(ids))
        found.append(Words(np.array(ids, dtype=np.int64), np.array(ends, dtype=np.int64)))
    return found, list(plain)


def once(side: Words, size: int) -> NDArray[np.int64]:
    """The words of each text, every word once a text, as text * size + word, in order. size: of the vocabulary."""
    return np.unique(side.owners * size + side.ids)


def beside(left: NDArray[np.int64], right: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of words of the same text, of what `once` gave for two sides.

    Returns: the place in left, and left word * size + right word: [pair].
    """
    first = np.searchsorted(right, left // size * size)
    count = np.searchsorted(right, (left // size + 1) * size) - first
    start = np.repeat(first - np.cumsum(count) + count, count)
    place = np.repeat(np.arange(len(left)), count)
    return place, left[place] % size * size + right[start + np.arange(len(start))] % size
