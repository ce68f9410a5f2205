"""The languages of the shapes world: one canonical caption per scene in each of ten."""

from collections.abc import Mapping
from functools import cache

from isogloss.data.worlds.shapes.grammar import (
    bengali,
    chinese,
    english,
    french,
    german,
    hindi,
    indonesian,
    japanese,
    spanish,
    turkish,
)
from isogloss.data.worlds.shapes.grammar.grammar import Grammar
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group, Scene
from isogloss.errors import unknown

GRAMMARS: Mapping[str, Grammar] = {
    "en": english,
    "es": spanish,
    "ja": japanese,
    "hi": hindi,
    "de": german,
    "fr": french,
    "zh": chinese,
    "bn": bengali,
    "tr": turkish,
    "id": indonesian,
}


@cache
def grammar_of(language: str) -> Grammar:
    """The grammar of a language.

    Raises:
        UserError: the shapes world does not speak it.
    """
    if language not in GRAMMARS:
        raise unknown("language of the shapes world", language, GRAMMARS)
    return GRAMMARS[language]


def caption(scene: Scene, language: str) -> str:
    """The one description of a scene in a language, a phrase without a full stop; no two scenes share one.

    Example:
        >>> caption(Scene((Group("red", "circle", "small"), Group("blue", "square", count=2)), "above"), "en")
        'a small red circle above two blue squares'

    Raises:
        UserError: the shapes world does not speak the language.
    """
    first = phrase(scene.groups[0], language)
    if scene.relation is None:
        return first
    place = landmark(scene.groups[1], scene.relation, language)
    grammar = GRAMMARS[language]
    return grammar.SEPARATOR.join((place, first) if grammar.LANDMARK_FIRST else (first, place))


@cache
def phrase(group: Group, language: str) -> str:
    """A group as the caption of a scene says it: "two small red circles"."""
    return grammar_of(language).phrase(group)


@cache
def landmark(group: Group, relation: str, language: str) -> str:
    """The second group of a caption with where the first lies from it: "above two blue squares"."""
    return grammar_of(language).landmark(group, relation)


def keywords(scene: Scene, language: str) -> list[str]:
    """The bare words of a scene: those of the first group, the relation, those of the second group.

    Example:
        >>> keywords(Scene((Group("red", "circle", "small"), Group("blue", "square", count=2)), "above"), "en")
        ['small', 'red', 'circle', 'above', 'two', 'blue', 'square']
    """
    found = group_keywords(scene.groups[0], language)
    if scene.relation is not None:
        found += [grammar_of(language).WORDS.relations[scene.relation][0], *group_keywords(scene.groups[1], language)]
    return found


def group_keywords(group: Group, language: str) -> list[str]:
    """The bare words of a group; one thing bears no number, and a medium size has no word."""
    words = grammar_of(language).WORDS
    return [
        *([words.counts[group.count][0]] if group.count > 1 else []),
        *([words.sizes[group.size][0]] if group.size != "medium" else []),
        words.colours[group.colour][0],
        words.shapes[group.shape][0],
    ]


@cache
def question_text(question: Question, language: str) -> str:
    """A question as a sentence.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    return grammar_of(language).question(question)


@cache
def answer_text(answer: Answer, language: str) -> str:
    """The one way in which an answer is given.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    return grammar_of(language).answer(answer)
