"""Conversations about a picture of a scene: a description, then questions with answers."""

from collections.abc import Iterable, Sequence

from numpy.random import Generator

from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.templates.instructions import instructions
from isogloss.data.worlds.shapes.grammar import answer_text, caption, question_text
from isogloss.data.worlds.shapes.questions import questions
from isogloss.data.worlds.shapes.scene import Scene


def exchanges(
    scene: Scene, languages: Sequence[str], generator: Generator, *, describe: bool = True
) -> list[tuple[str, str]]:
    """What a user says and the reply, in each language in turn; no question comes twice.

    Args:
        scene: what is spoken of.
        languages: of each exchange; as many at most as there are things to ask.
        generator: chooses the wordings and the questions.
        describe: whether the first one asks for a description.

    Raises:
        UserError: the shapes world does not speak a language.
    """
    said: list[tuple[str, str]] = []
    rest = list(languages)
    if describe and rest:
        language = rest.pop(0)
        wordings = instructions(language)
        said.append((wordings[generator.integers(len(wordings))], caption(scene, language)))
    if rest:
        asked = zip(questions(scene, generator), rest, strict=False)
        said += [(question_text(one, language), answer_text(answer, language)) for (one, answer), language in asked]
    return said


def turns_about(content: str, said: Iterable[tuple[str, str]]) -> tuple[Turn, ...]:
    """Exchanges as turns; `content`, what they are about, stands on a line before the first."""
    turns: list[Turn] = []
    for user, assistant in said:
        turns += [Turn("user", user if turns else f"{content}\n{user}"), Turn("assistant", assistant)]
    return tuple(turns)


def dialogue(
    scene: Scene, language: str, generator: Generator, turns: int = 1, *, describe: bool = True
) -> tuple[Turn, ...]:
    """A talk about the picture of a scene, in one language.

    Args:
        scene: what the picture shows.
        language: of all turns.
        generator: chooses the wordings and the questions.
        turns: how often the assistant replies, at most.
        describe: whether it begins with a description; else all are questions.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    return turns_about(IMAGE, exchanges(scene, [language] * turns, generator, describe=describe))


def conversation(
    scene: Scene,
    language: str,
    generator: Generator,
    turns: int = 1,
    *,
    key: str,
    image: str,
    describe: bool = True,
) -> Conversation:
    """A dialogue under a key, about the picture of a dataset whose key is `image`.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    return Conversation(key, language, (image,), dialogue(scene, language, generator, turns, describe=describe))
