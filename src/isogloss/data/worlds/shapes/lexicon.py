"""The words of scenes in a text, in any of their forms, whether or not the text is grammatical."""

import unicodedata
from dataclasses import dataclass
from functools import cache

import regex

from isogloss.data.worlds.shapes.grammar import grammar_of

# Japanese and Chinese write words without spaces between them.
UNSPACED = frozenset({"ja", "zh"})


@dataclass(frozen=True)
class Found:
    """A word in a folded text: of what it tells (colour, shape, size, count or relation), what it tells, and where."""

    attribute: str
    value: str
    start: int
    end: int


def folded(text: str, language: str) -> str:
    """A text in NFC and lower case, as the language has it, with straight apostrophes.

    In Turkish the capital of ı is I, and that of i is İ.
    """
    text = unicodedata.normalize("NFC", text).replace("’", "'")
    if language == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def found(text: str, language: str) -> list[Found]:
    """The words of scenes in a text, in order; where one holds another, the longer.

    Example:
        >>> [(word.attribute, word.value) for word in found("Two red STARS!", "en")]
        [('count', '2'), ('colour', 'red'), ('shape', 'star')]

    Raises:
        UserError: the shapes world does not speak the language.
    """
    pattern, meanings = _lexicon(language)
    return [
        Found(*meanings[match.group()], match.start(), match.end())
        for match in pattern.finditer(folded(text, language))
    ]


def meanings_of(language: str) -> dict[str, tuple[str, str]]:
    """Every form of every word of scenes, folded, with its attribute and value.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    words = grammar_of(language).WORDS
    tables = {
        "colour": words.colours,
        "shape": words.shapes,
        "size": words.sizes,
        "count": {str(number): forms for number, forms in words.counts.items()},
        "relation": words.relations,
    }
    return {
        folded(form, language): (attribute, value)
        for attribute, table in tables.items()
        for value, forms in table.items()
        for form in forms
    }


@cache
def _lexicon(language: str) -> tuple[regex.Pattern[str], dict[str, tuple[str, str]]]:
    meanings = meanings_of(language)
    forms = "|".join(regex.escape(form) for form in sorted(meanings, key=len, reverse=True))
    # `regex` counts the vowel signs of Hindi and Bengali as letters of their words; `re` does not.
    return regex.compile(forms if language in UNSPACED else rf"(?<!\w)(?:{forms})(?!\w)"), meanings
