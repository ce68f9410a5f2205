"""Translations that break off where their source does not."""

from collections.abc import Sequence

import numpy as np
import regex

from isogloss.translate.quality.pairs import Fails, Pairs
from isogloss.translate.quality.words import Words

_CLOSED = regex.compile(r"[.!?…。！？।॥؟۔။።:：]['\"”’»)）」』\]]*\s*$")

# A pair's habit is known from this many captions.
CAPTIONS = 100
# A word is known from this many places in the translations.
PLACES = 50


def breaks_off(pairs: Pairs, closed: float, last: float) -> Fails:
    """Where a translation has no full stop though its source has, or ends with a word that none ends with.

    Where the source, too, ends with a word that hardly any source ends with, as where all others end with a number, its
    translation may. A source of one word cannot be cut, and its translation may be a word that ends no caption, as "un".

    Both are judged by the pair's own habits, and not at all where they are not known. Words are of any language: that
    "the" or "on a" end no caption is seen in the captions themselves. The last word of a text without spaces is its
    last two characters.

    Args:
        pairs: the captions.
        closed: the share of sources with a full stop whose translations have one too, from which on it is a habit.
        last: the share of a word's places that are at an end, below which it ends nothing.
    """
    fails = np.zeros(len(pairs), dtype=bool)
    stop = closes(pairs.sources)
    kept = closes(pairs.texts)
    if stop.sum() >= CAPTIONS and kept[stop].mean() >= closed:
        fails |= stop & ~kept
    rare_source, rare_text = (_ends_rarely(words, last) for words in (pairs.source_words, pairs.text_words))
    return fails | (rare_text & ~rare_source & ~kept & (pairs.source_words.counts > 1))


def _ends_rarely(words: Words, last: float) -> Fails:
    """Where a text's last word, which is known from many places, is hardly ever the last."""
    found = np.zeros(len(words.counts), dtype=bool)
    rows = np.flatnonzero(words.counts)
    if len(rows):
        ends = words.ids[words.offsets[rows + 1] - 1]
        places, ending = (np.bincount(ids, minlength=int(words.ids.max()) + 1) for ids in (words.ids, ends))
        found[rows] = ((places >= PLACES) & (ending <= last * places))[ends]
    return found


def closes(texts: Sequence[str]) -> Fails:
    """Where a text ends with a full stop, of any script."""
    return np.fromiter((_CLOSED.search(text) is not None for text in texts), dtype=bool, count=len(texts))
