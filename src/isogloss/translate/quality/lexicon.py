"""Which word of one language goes with which of another, learnt from the captions themselves by counting."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isogloss.translate.quality.words import Words, beside, once

# Captions that are counted, in blocks evenly over all: more teach little, and each has some hundred pairs of words.
SAMPLE = 50_000
BLOCK = 2_500
# A word of fewer captions teaches nothing sure.
CAPTIONS = 8


@dataclass(frozen=True, eq=False)
class Lexicon:
    """What the words of translations come from.

    origin: [word], the source word that a word of the translations comes from, or -1 where none is sure.
    linked: the pairs (source word * size + word) that go together more than by chance, in order.
    size: of the vocabulary.
    """

    origin: NDArray[np.int64]
    linked: NDArray[np.int64]
    size: int

    def goes_with(self, source: int, word: int) -> bool:
        """Whether a word of a translation may come from a source word."""
        return bool(has(self.linked, np.array([source * self.size + word]))[0])


def learn(source: Words, text: Words, size: int, sure: float, lift: float) -> Lexicon:
    """Counts words that stand together in a caption and its translation.

    Args:
        source, text: aligned. size: of their vocabulary.
        sure: a word comes from a source word that stands beside it in this share of its captions at least,
        lift: and this many times as often as in all captions.
    """
    of_source, of_text = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    keys, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    captions = len(source.offsets) - 1
    blocks = range(0, captions, BLOCK)
    counted = 0
    for first in blocks[:: max(1, -(-captions // SAMPLE))]:
        last = min(first + BLOCK, captions)
        left, right = once(source.between(first, last), size), once(text.between(first, last), size)
        of_source += np.bincount(left % size, minlength=size)
        of_text += np.bincount(right % size, minlength=size)
        together, times = np.unique(beside(left, right, size)[1], return_counts=True)
        merged, where = np.unique(np.concatenate([keys, together]), return_inverse=True)
        counts = np.bincount(where, weights=np.concatenate([counts, times])).astype(np.int64)
        keys, counted = merged, counted + last - first
    often = (of_text[keys % size] >= CAPTIONS) & (counts >= 2)
    keys, counts = keys[often], counts[often]
    given = counts / of_text[keys % size]
    usual = of_source[keys // size] / max(counted, 1)
    dice = 2 * counts / (of_source[keys // size] + of_text[keys % size])
    best = np.argsort(dice, kind="stable")  # so that the best of a word is written last
    origin = np.full(size, -1, dtype=np.int64)
    is_sure = (given >= sure) & (given >= lift * usual)
    origin[keys[best] % size] = np.where(is_sure, keys // size, -1)[best]
    return Lexicon(origin, keys[given >= lift * usual], size)


def has(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which are among some sorted keys."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
