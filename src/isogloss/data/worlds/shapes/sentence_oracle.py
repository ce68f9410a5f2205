"""Sentences read back into scenes, exactly or word by word, and the language that they are in."""

import unicodedata
from collections.abc import Mapping
from functools import cache

import regex

from isogloss.data.worlds.shapes.grammar import GRAMMARS, answer_text, grammar_of, landmark, phrase
from isogloss.data.worlds.shapes.lexicon import Found, folded, found
from isogloss.data.worlds.shapes.questions import CONVERSE, KINDS, Answer
from isogloss.data.worlds.shapes.scene import (
    MOST_ALONE,
    MOST_BESIDE,
    RELATIONS,
    Group,
    Scene,
    every_group,
)

ATTRIBUTES = ("colour", "shape", "size", "count")
# Which group of a scene an attribute is of.
_PLACES = ("first", "second")
# The share of the letters of a text that a language's words must make up for the text to be in it.
_ENOUGH = 0.4


def read_sentence(text: str, language: str) -> Scene | None:
    """The scene whose caption in a language a text is, or None: the inverse of `caption`.

    Case, Unicode form, outer white space and a full stop make no difference.

    Example:
        >>> read_sentence("A red circle above two blue squares.", "en").key
        '1-medium-red-circle.above.2-medium-blue-square'

    Raises:
        UserError: the shapes world does not speak the language.
    """
    grammar = grammar_of(language)
    text = folded(_bare(text), language)
    phrases, landmarks = _phrases(language), _landmarks(language)
    if text in phrases:
        return Scene((phrases[text],))
    # No caption has two cuts: no landmark is the beginning (or end, where it comes last) of another one.
    for cut in range(1, len(text)):
        if grammar.SEPARATOR and text[cut] != grammar.SEPARATOR:
            continue
        parts = text[:cut], text[cut + len(grammar.SEPARATOR) :]
        place, first = parts if grammar.LANDMARK_FIRST else reversed(parts)
        if place in landmarks and first in phrases:
            second, relation = landmarks[place]
            return _scene(phrases[first], second, relation)
    return None


def attributes_right(intended: Scene, text: str, language: str) -> dict[str, bool]:
    """Which attributes of a scene a text gets right: a lenient reading, by the words found in any of their forms.

    The word of the relation parts the words of the two groups; "right of" and "below" are read as what they say. A text
    without such a word is read as one group, the first.

    Returns: whether each of "first.colour", "first.shape", "first.size", "first.count", the same of "second", and
        "relation" is right; the last ones only for a scene of two groups.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    read, relation = _parts(found(text, language), grammar_of(language).LANDMARK_FIRST)
    right = {
        f"{name}.{attribute}": place < len(read)
        and read[place].get(attribute) == _told(intended.groups[place], attribute)
        for place, name in enumerate(_PLACES[: len(intended.groups)])
        for attribute in ATTRIBUTES
    }
    if intended.relation is not None:
        right["relation"] = relation == intended.relation
    return right


def language_of(text: str) -> str | None:
    """The language of a caption or an answer, or None where none or several would do.

    What is a caption or an answer of just one language is in that one. Otherwise the words of scenes are looked for in
    each language, and the one whose words make up the most of the letters has it, if that is enough.
    """
    exact = [language for language in GRAMMARS if _is_sentence(text, language)]
    if len(exact) == 1:
        return exact[0]
    letters = len(regex.findall(r"\w", unicodedata.normalize("NFC", text)))
    if not letters:
        return None
    shares = {language: _letters_found(text, language) / letters for language in GRAMMARS}
    best = max(shares.values())
    leading = [language for language, share in shares.items() if share == best]
    return leading[0] if best >= _ENOUGH and len(leading) == 1 else None


def _is_sentence(text: str, language: str) -> bool:
    return read_sentence(text, language) is not None or folded(_bare(text), language) in _answers(language)


@cache
def _answers(language: str) -> frozenset[str]:
    """Everything that is ever answered, bare and folded."""
    given = (
        Answer(kind, group, found)
        for kind in KINDS
        for group in every_group(MOST_ALONE)
        for found in (True, False)
        if found or kind == "exists"
        if kind != "size" or group.size != "medium"
    )
    return frozenset(folded(_bare(answer_text(answer, language)), language) for answer in given)


def _bare(text: str) -> str:
    return regex.sub(r"[.。।．｡]$", "", unicodedata.normalize("NFC", text).strip()).strip()


def _scene(first: Group, second: Group, relation: str) -> Scene | None:
    """A scene, or None where two groups are too many or too much alike."""
    try:
        return Scene((first, second), relation)
    except ValueError:
        return None


@cache
def _phrases(language: str) -> Mapping[str, Group]:
    return {folded(phrase(group, language), language): group for group in every_group(MOST_ALONE)}


@cache
def _landmarks(language: str) -> Mapping[str, tuple[Group, str]]:
    return {
        folded(landmark(group, relation, language), language): (group, relation)
        for group in every_group(MOST_BESIDE)
        for relation in RELATIONS
    }


def _parts(words: list[Found], landmark_first: bool) -> tuple[list[dict[str, str]], str | None]:
    """What is said of the first group and of the second, and how the first lies from the second."""
    relations = [place for place, word in enumerate(words) if word.attribute == "relation"]
    if not relations:
        return [_group(words)], None
    relation = words[relations[0]].value
    parts = [_group(words[: relations[0]]), _group(words[relations[0] + 1 :])]
    if landmark_first:
        parts.reverse()
    for known, converse in CONVERSE.items():
        if relation == converse:
            return parts[::-1], known
    return parts, relation


def _group(words: list[Found]) -> dict[str, str]:
    """Attributes by the first word of each; what has no number is one thing, and what has no size is of medium size."""
    told = {"size": "medium", "count": "1"} if words else {}
    for word in reversed(words):
        told[word.attribute] = word.value
    return told


def _told(group: Group, attribute: str) -> str:
    return str(getattr(group, attribute))


def _letters_found(text: str, language: str) -> int:
    whole = folded(text, language)
    return sum(len(regex.findall(r"\w", whole[word.start : word.end])) for word in found(text, language))
