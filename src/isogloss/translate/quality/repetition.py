"""Loops: what a decoder falls into, the same words or letters over and over."""

import regex

# As much of a text as is looked at: a loop that begins later is one in a text that length rejects.
READ = 600

_LETTERS = r"\p{L}\p{M}"
# A unit and what follows of it, at once: four times a unit of several letters or a letter that is a word by itself
# (的的的的), six times any other letter (aaaargh is none), three times a phrase.
_UNIT = regex.compile(rf"((?=[^{_LETTERS}]*[{_LETTERS}])(?:.{{2,40}}?))\1{{3,}}")
_WORD = regex.compile(r"([\p{Hani}\p{Thai}])\1{3,}")
_LETTER = regex.compile(rf"([{_LETTERS}])\1{{5,}}")
_PHRASE = regex.compile(rf"((?:[{_LETTERS}]+[^{_LETTERS}]+){{2,8}}?)\1\1")
_TWICE = regex.compile(rf"\W*([{_LETTERS}].{{9,}}?)\W+\1\W*")


def loops(source: str, text: str) -> bool:
    """Whether a translation repeats itself as no source does.

    "Ha ha ha ha" may be said in any language: what loops in the source may loop in the translation.
    """
    return _loops(text) and not _loops(source)


def _loops(text: str) -> bool:
    folded = text[:READ].casefold() + " "
    return any(pattern.search(folded) for pattern in (_UNIT, _WORD, _LETTER, _PHRASE)) or bool(_TWICE.fullmatch(folded))
