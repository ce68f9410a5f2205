"""Which word of one language goes with which of another, learnt from the captions themselves by counting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isogloss.translate.quality.words import Words

# Captions that are counted, evenly over all: more teach little, and every caption has some hundred pairs of words.
SAMPLE = 100_000
PART = 5_000
# A word of fewer captions teaches nothing sure.
CAPTIONS = 8


@dataclass(frozen=True, eq=False)
class Lexicon:
    """What the words of translations come from.

    origin: [word], the source word that a word of the translations comes from, or -1 where none is sure.
    linked: the pairs (source word * size + word) that go together more than by chance. size: of the vocabulary.
    """

    origin: NDArray[np.int64]
    linked: NDArray[np.int64]
    size: int

    def goes_with(self, source: int, word: int) -> bool:
        """Whether a word of a translation may come from a source word."""
        key = source * self.size + word
        at = int(np.searchsorted(self.linked, key))
        return at < len(self.linked) and int(self.linked[at]) == key


def learn(source: Words, text: Words, size: int, sure: float, lift: float) -> Lexicon:
    """Counts words that stand together in a caption and its translation.

    Args:
        source, text: aligned. size: of their vocabulary.
        sure: a word comes from a source word that stands beside it in this share of its captions at least,
        lift: and this many times as often as in all captions.
    """
    step = max(1, -(-(len(source.offsets) - 1) // SAMPLE))
    rows = np.arange(0, len(source.offsets) - 1, step)
    of_source, of_text = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    keys, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    for first in range(0, len(rows), PART):
        some = rows[first : first + PART]
        left, right = _once(source, some, size), _once(text, some, size)
        of_source += np.bincount(left % size, minlength=size)
        of_text += np.bincount(right % size, minlength=size)
        together, times = np.unique(_beside(left, right, size), return_counts=True)
        keys, counts = _added(keys, counts, together, times)
    often = (of_text[keys % size] >= CAPTIONS) & (counts >= 2)
    keys, counts = keys[often], counts[often]
    given = counts / of_text[keys % size]
    usual = of_source[keys // size] / max(len(rows), 1)
    dice = 2 * counts / (of_source[keys // size] + of_text[keys % size])
    best = np.argsort(dice, kind="stable")  # so that the best of a word is written last
    origin = np.full(size, -1, dtype=np.int64)
    is_sure = (given >= sure) & (given >= lift * usual)
    origin[keys[best] % size] = np.where(is_sure, keys // size, -1)[best]
    return Lexicon(origin, keys[given >= lift * usual], size)


def _once(side: Words, rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The words of some texts, each once a text, as text * size + word, in order."""
    return np.unique(
        np.concatenate([np.asarray(side.of(row), dtype=np.int64) + at * size for at, row in enumerate(rows.tolist())])
    )


def _beside(left: NDArray[np.int64], right: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """All pairs of a word of the left and one of the right in the same text, as left word * size + right word."""
    first = np.searchsorted(right, left // size * size)
    count = np.searchsorted(right, (left // size + 1) * size) - first
    start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return np.repeat(left % size, count) * size + right[start + np.arange(count.sum())] % size


def _added(
    keys: NDArray[np.int64], counts: NDArray[np.int64], more: NDArray[np.int64], times: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    merged, where = np.unique(np.concatenate([keys, more]), return_inverse=True)
    return merged, np.bincount(where, weights=np.concatenate([counts, times])).astype(np.int64)
