"""Words that crossed from one caption into its neighbour, as they do in engines that read lines as one text."""

import numpy as np

from isogloss.translate.quality.lexicon import Lexicon, has
from isogloss.translate.quality.pairs import Fails, Pairs
from isogloss.translate.quality.words import once

# Captions looked at together: it bounds the memory.
PART = 100_000


def leaks(pairs: Pairs, lexicon: Lexicon) -> Fails:
    """Where a caption has a word of its neighbour's, and the neighbour has lost it: both fail.

    Two kinds of words show it. One has an origin that the captions themselves teach (`lexicon`): it stands where its
    origin does not, the origin stands in the neighbour, and nothing in the neighbour's translation comes from it. The
    other is a name or a number, which is the same in both languages. Synonyms are why a word alone proves nothing: it
    has to be missing where it belongs.

    Args:
        pairs: in the order in which an engine got them; in any other, nothing is found.
        lexicon: learnt from them.
    """
    fails = np.zeros(len(pairs), dtype=bool)
    for first in range(0, len(pairs), PART):
        begin, end = max(first - 1, 0), min(first + PART + 1, len(pairs))
        for row, neighbour in _crossings(pairs, lexicon, begin, end):
            fails[[row, neighbour]] = True
    return fails


def _crossings(pairs: Pairs, lexicon: Lexicon, begin: int, end: int) -> list[tuple[int, int]]:
    """The captions between two rows that have a neighbour's word, and the neighbour."""
    size = lexicon.size
    source, text = pairs.source_words.between(begin, end), pairs.text_words.between(begin, end)
    in_source, in_text = once(source, size), once(text, size)
    owner, word = in_text // size, in_text % size
    found: list[tuple[int, int]] = []
    for origins, known in ((lexicon.origin[word], True), (word, False)):
        strange = (origins >= 0) & ~has(in_source, owner * size + origins)
        for side in (-1, 1):
            beside = (owner + side) * size
            crossed = strange & has(in_source, beside + origins) & ~has(in_text, beside + word)
            for at in np.flatnonzero(crossed).tolist():
                row, neighbour = int(owner[at]) + begin, int(owner[at]) + side + begin
                if known:
                    proof = _moved(pairs, lexicon, row, neighbour, int(word[at]), int(origins[at]))
                else:
                    proof = _name(pairs, row, neighbour, pairs.vocabulary[word[at]])
                if proof:
                    found.append((row, neighbour))
    return found


def _moved(pairs: Pairs, lexicon: Lexicon, row: int, neighbour: int, word: int, origin: int) -> bool:
    """Whether nothing else in its caption explains a word, and nothing in the neighbour comes from its origin."""
    explained = any(lexicon.goes_with(one, word) for one in pairs.source_words.of(row))
    return not explained and not any(lexicon.goes_with(origin, one) for one in pairs.text_words.of(neighbour))


def _name(pairs: Pairs, row: int, neighbour: int, word: str) -> bool:
    """Whether a word is a number of two digits or more, or a name: written with a capital within both texts."""
    if word.isdecimal():
        return len(word) > 1
    capital = word[0].upper() + word[1:]
    inside = pairs.sources[neighbour].split()[1:]
    return capital != word and any(one.startswith(capital) for one in inside) and capital in pairs.texts[row]
