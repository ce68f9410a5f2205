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

_PIECE = regex.compile(rf"([{UNSPACED}]+)|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+", regex.V1)


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation; numbers in ASCII digits.

    >>> words("L'été, ৪২ 公園で")
    ['l', 'été', '42', '公園', '園で']
    """
    found: list[str] = []
    for match in _PIECE.finditer(text):
        piece: str = match[0]
        if match[1]:
            found += [piece[at : at + 2] for at in range(len(piece) - 1)] or [piece]
        else:
            found.append(str(int(piece)) if piece.isdecimal() and len(piece) < 20 else piece.casefold())
    return found


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
    found: list[Words] = []
    for texts in sides:
        ids, ends = array("i"), array("q", [0])
        for text in texts:
            ids.extend(known.setdefault(word, len(known)) for word in words(text))
            ends.append(len(ids))
        found.append(Words(np.array(ids, dtype=np.int64), np.array(ends, dtype=np.int64)))
    return found, list(known)
