"""Translations that break off where their source does not."""

from collections.abc import Sequence

import numpy as np
import regex

from isogloss.translate.quality.pairs import Fails, Pairs

_CLOSED = regex.compile(r"[.!?…。！？।॥؟۔။።:：]['\"”’»)）」』\]]*\s*$")

# A pair's habit is known from this many captions.
CAPTIONS = 100
# A word is known from this many places in the translations.
PLACES = 50


def breaks_off(pairs: Pairs, closed: float, last: float) -> Fails:
    """Where a translation has no full stop though its source has, or ends with a word that none ends with.

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
    text = pairs.text_words
    if len(text.ids):
        rows = np.flatnonzero(text.counts)
        ends = text.ids[text.offsets[rows + 1] - 1]
        places = np.bincount(text.ids, minlength=len(pairs.vocabulary))
        ending = np.bincount(ends, minlength=len(pairs.vocabulary))
        fails[rows] |= ((places >= PLACES) & (ending <= last * places))[ends] & ~kept[rows]
    return fails


def closes(texts: Sequence[str]) -> Fails:
    """Where a text ends with a full stop, of any script."""
    return np.fromiter((_CLOSED.search(text) is not None for text in texts), dtype=bool, count=len(texts))
