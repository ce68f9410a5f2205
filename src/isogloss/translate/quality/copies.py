"""Translations that are copies of their source: what an engine gives that does not know the language or the words."""

import numpy as np

from isogloss.translate.quality.pairs import Fails, Pairs

# Texts compared at a time: it bounds the memory.
PART = 100_000


def copies(pairs: Pairs, share: float, least: int) -> Fails:
    """Where a translation consists of its source's words.

    Names, numbers and short cognates are rightly the same in two languages ("Costa Rica", "taxi"), so only words that
    the source writes without a capital count, and fewer than `least` of them prove nothing.

    Args:
        pairs: the captions.
        share: of the translation's words that stand in the source too.
        least: how many of them there must be.
    """
    fails = np.zeros(len(pairs), dtype=bool)
    size = max(len(pairs.vocabulary), 1)
    for (first, source), (_, text) in zip(pairs.source_words.parts(PART), pairs.text_words.parts(PART), strict=True):
        same = np.isin(text.owners * size + text.ids, source.owners * size + source.ids)
        copied = np.bincount(text.owners[same], minlength=len(text.counts))
        fails[first : first + len(text.counts)] = (copied >= least) & (copied >= share * text.counts)
    for row in np.flatnonzero(fails).tolist():
        fails[row] = _ordinary(pairs.sources[row], pairs.texts[row]) >= least
    return fails


def _ordinary(source: str, text: str) -> int:
    """How many words of the text stand in the source, there without a capital and without digits."""
    plain = {word.strip(".,;:!?\"'()*") for word in source.split()}
    plain = {word for word in plain if word == word.lower() and not any(letter.isdigit() for letter in word)}
    return sum(word.strip(".,;:!?\"'()*").lower() in plain for word in text.split())
