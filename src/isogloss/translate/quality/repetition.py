"""Loops: what a decoder falls into, the same words or letters over and over."""

from collections.abc import Sequence

import numpy as np
import regex

from isogloss.translate.quality.pairs import Fails, Pairs

# As much of a text as is looked at: a loop that begins later is one in a text that length rejects.
READ = 600

# The longest unit of a loop, in characters.
UNIT = 60

# Texts looked at at a time: it bounds the memory.
PART = 50_000

_LETTERS = r"\p{L}\p{M}"
# A unit and what follows of it, at once: four times a unit of several letters or a letter that is a word by itself
# (的的的的), six times any other letter (aaaargh is none), three times a phrase.
_UNIT = regex.compile(rf"((?=[^{_LETTERS}]*[{_LETTERS}])(?:.{{2,40}}?))\1{{3,}}")
_WORD = regex.compile(r"([\p{Hani}\p{Thai}])\1{3,}")
_LETTER = regex.compile(rf"([{_LETTERS}])\1{{5,}}")
_PHRASE = regex.compile(rf"((?:[{_LETTERS}]+[^{_LETTERS}]+){{2,8}}?)\1\1")
_TWICE = regex.compile(rf"\W*([{_LETTERS}].{{9,}}?)\W+\1\W*")


def repetitions(pairs: Pairs) -> Fails:
    """Where a translation repeats itself as its source does not.

    "Ha ha ha ha" may be said in any language: what loops in the source may loop in the translation.
    """
    fails = np.zeros(len(pairs), dtype=bool)
    for first in range(0, len(pairs), PART):
        folded = [text[:READ].casefold() + " " for text in pairs.texts[first : first + PART]]
        for row in np.flatnonzero(_periodic(folded)).tolist():
            fails[first + row] = _loops(folded[row]) and not _loops(pairs.sources[first + row].casefold() + " ")
    return fails


def _periodic(texts: Sequence[str]) -> Fails:
    """Which texts have three units in a row that are alike, or end as they begin: all loops do, and few others."""
    letters = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
    ends = np.cumsum([len(text) for text in texts])
    found = np.zeros(len(texts), dtype=bool)
    for period in range(1, UNIT + 1):
        # Between two places where a letter differs from the one a period before, all is alike.
        breaks = np.flatnonzero(letters[period:] != letters[:-period])
        alike = np.diff(np.concatenate([[-1], breaks, [max(len(letters) - period, 0)]])) - 1
        inside = np.concatenate([[0], breaks + 1])[alike >= 2 * period] + period  # the text may begin after the run
        found[np.minimum(np.searchsorted(ends, inside, side="right"), len(texts) - 1)] = True
    for row, text in enumerate(texts):
        if text.find(text[:10], 10) >= 0:
            found[row] = True
    return found


def _loops(folded: str) -> bool:
    return any(pattern.search(folded) for pattern in (_UNIT, _WORD, _LETTER, _PHRASE)) or bool(_TWICE.fullmatch(folded))
