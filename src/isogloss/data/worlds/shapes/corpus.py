"""Text without pictures, from scenes in words: what a language model reads before it is given eyes.

What the user brings, the content, is a scene in one language or several; below it the user asks, in the language of the
reply. So a model learns to say in any language what it was told in another, and a picture can take the content's place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.random import Generator

from isogloss.data.conversations import Conversation, Turn
from isogloss.data.templates.instructions import instructions, reply_in
from isogloss.data.worlds.shapes.dialogues import exchanges, turns_about
from isogloss.data.worlds.shapes.grammar import GRAMMARS, caption, grammar_of, group_keywords
from isogloss.data.worlds.shapes.lexicon import found
from isogloss.data.worlds.shapes.scene import Group, Scene
from isogloss.errors import UserError

Content = Literal["caption", "keywords", "mixed_keywords", "switched", "listed"]
Reply = Literal["description", "answer", "dialogue"]
Kind = TypeVar("Kind", bound=str)

# What stands between the words of one group, and between groups, so that shuffled words still belong to their group.
_BETWEEN_WORDS, _BETWEEN_GROUPS = ", ", "; "


@dataclass(frozen=True)
class Proportions:
    """How much there is of each kind; numbers of one kind are weights, and need not add up to 1.

    Attributes:
        text: the share of plain texts among all.
        caption: content is a caption in one language.
        keywords: content is bare words in one language, in order.
        mixed_keywords: content is bare words, each in a language of its own, those of each group shuffled.
        switched: content is a caption with some words in other languages.
        listed: content is things one by one, as they come in a picture, without their number; words as in mixed_keywords.
        description: one description is asked for.
        answer: one question is asked.
        dialogue: there are several exchanges, each in a language of its own.
        told: the share of descriptions that are asked for in any language, with a sentence that names the reply's.
        longest: the most exchanges of a dialogue.
    """

    text: float = 0.05
    caption: float = 0.3
    keywords: float = 0.05
    mixed_keywords: float = 0.15
    switched: float = 0.15
    listed: float = 0.35
    description: float = 0.7
    answer: float = 0.25
    dialogue: float = 0.05
    told: float = 0.1
    longest: int = 4


def text_conversations(
    scenes: Iterable[Scene], languages: Sequence[str], seed: int, proportions: Proportions = Proportions()
) -> Iterator[Conversation]:
    """One conversation or plain text per scene, in random languages.

    Each is a function of its scene, its place, the languages and the seed. A conversation bears the language of its last
    reply.

    Args:
        scenes: what is spoken of; give those of the split `text`, a scene as often as it shall come.
        languages: tags, of contents and replies alike.
        seed: another one gives other languages, kinds and wordings.
        proportions: how much there is of each kind.

    Raises:
        UserError: the shapes world does not speak a language, or the proportions make no corpus.
    """
    for language in languages:
        grammar_of(language)
    contents, replies = _contents(proportions), _replies(proportions)
    _check(proportions, contents, replies)
    for place, scene in enumerate(scenes):
        generator = np.random.default_rng([seed, place])
        key = f"text-{seed}-{place:08d}"
        if generator.random() < proportions.text:
            language = _one_of(languages, generator)
            yield Conversation(key, language, (), (Turn("text", _text(scene, language, generator)),))
            continue
        content = content_text(scene, _drawn(contents, generator), languages, generator)
        reply = _drawn(replies, generator)
        count = int(generator.integers(2, proportions.longest + 1)) if reply == "dialogue" else 1
        spoken = [_one_of(languages, generator) for _ in range(count)]
        said = exchanges(scene, spoken, generator, describe=reply != "answer")
        if reply == "description" and generator.random() < proportions.told:
            said = [(_told(spoken[0], languages, generator), said[0][1])]
        yield Conversation(key, spoken[len(said) - 1], (), turns_about(content, said))


def content_text(scene: Scene, kind: Content, languages: Sequence[str], generator: Generator) -> str:
    """A scene in words, in random languages of those given.

    Raises:
        UserError: the shapes world does not speak a language.
    """
    language = _one_of(languages, generator)
    match kind:
        case "caption":
            return caption(scene, language)
        case "switched":
            return switched(caption(scene, language), language, languages, generator)
        case "keywords":
            groups = [group_keywords(group, language) for group in scene.groups]
        case "mixed_keywords":
            groups = [_mixed(group, languages, generator) for group in scene.groups]
            language = _one_of(languages, generator)
        case "listed":
            groups = [_listed(group, languages, generator) for group in scene.groups]
            language = _one_of(languages, generator)
    parts = [_BETWEEN_WORDS.join(words) for words in groups]
    if scene.relation is not None:
        parts.insert(1, grammar_of(language).WORDS.relations[scene.relation][0])
    return _BETWEEN_GROUPS.join(parts)


def switched(text: str, language: str, languages: Sequence[str], generator: Generator, share: float = 0.4) -> str:
    """A caption with a share of its words, and one at least, as bare words of other languages.

    Without another language the caption stays as it is.
    """
    others = [other for other in languages if other != language]
    # Articles and places stay: they are what holds a sentence together.
    words = [word for word in found(text, language) if word.attribute != "relation" and word.value != "1"]
    if not others:
        return text
    chosen = generator.random(len(words)) < share
    chosen[generator.integers(len(words))] = True
    for word, switch in reversed(list(zip(words, chosen, strict=True))):
        if switch:
            bare = _bare(word.attribute, word.value, _one_of(others, generator))
            text = f"{text[: word.start]} {bare} {text[word.end :]}"
    return " ".join(text.split())


def _listed(group: Group, languages: Sequence[str], generator: Generator) -> list[str]:
    """The things of a group one after the other: its words without their number, as often as there are things."""
    alone = replace(group, count=1)
    return [" ".join(_mixed(alone, languages, generator)) for _ in range(group.count)]


def _mixed(group: Group, languages: Sequence[str], generator: Generator) -> list[str]:
    """The bare words of a group, each in a random language, in random order."""
    count = len(group_keywords(group, languages[0]))
    words = [group_keywords(group, _one_of(languages, generator))[number] for number in range(count)]
    return [words[number] for number in generator.permutation(count)]


def _told(language: str, languages: Sequence[str], generator: Generator) -> str:
    """A request in any language for a description in this one."""
    wordings = instructions(_one_of(languages, generator))
    return f"{wordings[int(generator.integers(len(wordings)))]}\n{reply_in(language)}"


def _bare(attribute: str, value: str, language: str) -> str:
    words = GRAMMARS[language].WORDS
    match attribute:
        case "colour":
            return words.colours[value][0]
        case "shape":
            return words.shapes[value][0]
        case "size":
            return words.sizes[value][0]
        case _:
            return words.counts[int(value)][0]


def _text(scene: Scene, language: str, generator: Generator) -> str:
    """A caption, or questions with their answers."""
    if generator.random() < 0.5:
        return caption(scene, language)
    said = exchanges(scene, [language] * int(generator.integers(1, 4)), generator, describe=False)
    return "\n".join(f"{question} {answer}" for question, answer in said)


def _check(proportions: Proportions, contents: dict[Content, float], replies: dict[Reply, float]) -> None:
    for name, share in (("plain texts", proportions.text), ("descriptions in a named language", proportions.told)):
        if not 0 <= share <= 1:
            raise UserError(f"The share of {name} is {share}; give one between 0 and 1.")
    for kind, weights in (("content", contents), ("reply", replies)):
        if min(weights.values()) < 0 or (proportions.text < 1 and sum(weights.values()) <= 0):
            raise UserError(f"No kind of {kind} can be drawn by {weights}; give weights of 0 or more, and one above 0.")
    if proportions.dialogue > 0 and proportions.longest < 2:
        raise UserError(
            f"A dialogue of at most {proportions.longest} exchange is none; let the longest have 2 or more."
        )


def _contents(proportions: Proportions) -> dict[Content, float]:
    return {
        "caption": proportions.caption,
        "keywords": proportions.keywords,
        "mixed_keywords": proportions.mixed_keywords,
        "switched": proportions.switched,
        "listed": proportions.listed,
    }


def _replies(proportions: Proportions) -> dict[Reply, float]:
    return {
        "description": proportions.description,
        "answer": proportions.answer,
        "dialogue": proportions.dialogue,
    }


def _drawn(weights: dict[Kind, float], generator: Generator) -> Kind:
    point = generator.random() * sum(weights.values())
    for kind, weight in weights.items():
        point -= weight
        if point < 0:
            return kind
    return max(weights, key=weights.__getitem__)


def _one_of(languages: Sequence[str], generator: Generator) -> str:
    return languages[int(generator.integers(len(languages)))]
