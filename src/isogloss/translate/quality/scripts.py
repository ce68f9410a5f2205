"""Translations in another script than their language's."""

from functools import cache

import numpy as np
import regex

from isogloss.languages import MADE_OF
from isogloss.translate.quality.pairs import Fails, Pairs

_LETTER = regex.compile(r"\p{L}")
_WORD = regex.compile(r"[\p{L}\p{M}]+")


def wrong_script(pairs: Pairs, share: float) -> Fails:
    """Where more than a share of the letters are of a foreign script.

    Words that the source has too are left aside, such as STOP on a sign or the name of a firm; but a text of nothing
    else has to be of capitals, as OK and SOS are.
    """
    foreign = _foreign(pairs.target.script)
    fails = np.zeros(len(pairs), dtype=bool)
    for row, text in enumerate(pairs.texts):
        if foreign.search(text):
            fails[row] = _is_foreign(text, pairs.sources[row], foreign, share)
    return fails


def _is_foreign(text: str, source: str, foreign: "regex.Pattern[str]", share: float) -> bool:
    runs = [match[0] for match in foreign.finditer(text)]
    own = len(_LETTER.findall(text)) - sum(len(run) for run in runs)
    if own == 0 and any(run != run.upper() or run == run.lower() for run in runs):
        return True
    shared = set(_WORD.findall(source.casefold()))
    other = sum(len(run) for run in runs if run.casefold() not in shared)
    return other > share * (own + other)


@cache
def _foreign(script: str) -> "regex.Pattern[str]":
    """Letters that are not of a script, nor of none, as the long vowel of katakana."""
    own = "".join(rf"\p{{Script={name}}}" for name in sorted(MADE_OF.get(script, {script})))
    return regex.compile(rf"[\p{{L}}--[{own}\p{{Zyyy}}\p{{Zinh}}]]+", regex.V1)
