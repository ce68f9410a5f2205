"""Translations in another script than their language's."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import regex

from isogloss.languages import MADE_OF, Language
from isogloss.translate.quality.pairs import Fails, Pairs

_LETTER = regex.compile(r"\p{L}")
_WORD = regex.compile(r"[\p{L}\p{M}]+")
# What is written alike in all scripts: OK and SOS, names with a capital inside, the sign of a unit behind its number.
_SIGN = regex.compile(r"(?<=\d\s?)\p{L}{1,2}\b|\b\p{L}*\p{Ll}\p{Lu}\p{L}*(?:['’]s)?\b|\b\p{Lu}+\b")


def wrong_script(pairs: Pairs, share: float) -> Fails:
    """Where more than a share of the letters are of a foreign script.

    Words that the source has too are left aside, such as STOP on a sign or the name of a firm; but a text of nothing
    else has to be of what is written alike everywhere, as OK, iPhone and 5 km are.
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
    if own == 0 and foreign.search(_SIGN.sub("", text)):
        return True
    shared = set(_WORD.findall(source.casefold()))
    other = sum(len(run) for run in runs if run.casefold() not in shared)
    return other > share * (own + other)


def without_letters(texts: Sequence[str], target: Language) -> Fails:
    """Which texts have no letter of the script of their language, as numbers and names have none: [text]."""
    own = regex.compile(f"[{_own(target.script)}]")
    return np.fromiter((own.search(text) is None for text in texts), dtype=bool, count=len(texts))


@cache
def _foreign(script: str) -> "regex.Pattern[str]":
    """Letters that are not of a script, nor of none, as the long vowel of katakana."""
    return regex.compile(rf"[\p{{L}}--[{_own(script)}\p{{Zyyy}}\p{{Zinh}}]]+", regex.V1)


def _own(script: str) -> str:
    return "".join(rf"\p{{Script={name}}}" for name in sorted(MADE_OF.get(script, {script})))
