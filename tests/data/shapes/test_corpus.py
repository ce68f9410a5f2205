"""Texts without pictures, from scenes in words."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from data.shapes.any_scene import some_scenes
from data.shapes.expected_captions import LANGUAGES

from isogloss.data.conversations import Conversation, fault
from isogloss.data.templates.instructions import instructions, reply_in
from isogloss.data.worlds.shapes.corpus import Proportions, content_text, switched, text_conversations
from isogloss.data.worlds.shapes.grammar import GRAMMARS, answer_text, caption, keywords, question_text
from isogloss.data.worlds.shapes.lexicon import found
from isogloss.data.worlds.shapes.questions import Answer, Question, questions
from isogloss.data.worlds.shapes.scene import COLOURS, SHAPES, Group, Scene
from isogloss.data.worlds.shapes.sentence_oracle import language_of, read_sentence
from isogloss.errors import UserError

SCENES = some_scenes()[:200]
NONE = Proportions(
    text=0, caption=0, keywords=0, mixed_keywords=0, switched=0, listed=0, description=0, answer=0, dialogue=0, told=0
)


def made(proportions: Proportions, languages: tuple[str, ...] = LANGUAGES, seed: int = 0) -> list[Conversation]:
    return list(text_conversations(SCENES, languages, seed, proportions))


def answers_to(scene: Scene, language: str) -> dict[str, str]:
    """Every question that may be asked about a scene, with its answer."""
    there = {(group.colour, group.shape): group for group in scene.groups}
    asked = [pair for pair in questions(scene, np.random.default_rng(0)) if pair[0].kind != "exists"]
    for colour, shape in product(COLOURS, SHAPES):
        group = there.get((colour, shape))
        answer = Answer("exists", group or Group(colour, shape), found=group is not None)
        asked.append((Question("exists", colour, shape), answer))
    return {question_text(question, language): answer_text(answer, language) for question, answer in asked}


def test_each_scene_gives_one_conversation_without_a_fault_or_a_picture() -> None:
    conversations = made(Proportions())
    assert len(conversations) == len({one.key for one in conversations}) == len(SCENES)
    assert all(fault(one) == ("", "") and not one.images for one in conversations)
    assert {one.language for one in conversations} == set(LANGUAGES)


def test_a_description_says_the_content_in_the_language_that_asks() -> None:
    conversations = made(replace(NONE, caption=1, description=1))
    for scene, one in zip(SCENES, conversations, strict=True):
        asked, told = one.turns
        content, instruction = asked.text.split("\n")
        (language,) = [tag for tag in LANGUAGES if read_sentence(content, tag) == scene]
        assert instruction in instructions(one.language)
        assert told.text == caption(scene, one.language)
        assert language == language_of(content)
    pairs = {(language_of(one.turns[0].text.split("\n")[0]), one.language) for one in conversations}
    assert len(pairs) > 60  # of a hundred


def test_a_description_is_in_the_language_that_is_named_whatever_language_asks() -> None:
    asking: set[bool] = set()
    for scene, one in zip(SCENES, made(replace(NONE, caption=1, description=1, told=1)), strict=True):
        asked, told = one.turns
        _, instruction, named = asked.text.split("\n")
        assert named == reply_in(one.language) and told.text == caption(scene, one.language)
        asking.add(instruction in instructions(one.language))
    assert asking == {True, False}


def test_an_answer_is_in_the_language_that_asks() -> None:
    for scene, one in zip(SCENES, made(replace(NONE, caption=1, answer=1)), strict=True):
        asked, told = one.turns
        content, question = asked.text.split("\n")
        assert language_of(content) is not None
        assert language_of(told.text) == one.language
        assert answers_to(scene, one.language)[question] == told.text


def test_a_dialogue_changes_its_language_and_each_reply_is_in_that_of_its_turn() -> None:
    conversations = made(replace(NONE, keywords=1, dialogue=1, longest=4))
    lengths = Counter(len(one.turns) for one in conversations)
    assert set(lengths) == {4, 6, 8}
    several = 0
    for scene, one in zip(SCENES, conversations, strict=True):
        assert one.turns[0].text.split("\n")[1] in {text for tag in LANGUAGES for text in instructions(tag)}
        replies = [turn.text for turn in one.turns[1::2]]
        languages = [language_of(text) for text in replies]
        assert None not in languages and languages[-1] == one.language
        assert read_sentence(replies[0], str(languages[0])) == scene
        for asked, reply, language in zip(one.turns[2::2], replies[1:], languages[1:], strict=True):
            assert answers_to(scene, str(language))[asked.text] == reply
        several += len(set(languages)) > 1
    assert several > len(SCENES) / 2


def test_keywords_keep_to_their_group() -> None:
    generator = np.random.default_rng(0)
    bare = {word: set[str]() for tag in LANGUAGES for scene in SCENES for word in keywords(scene, tag)}
    for scene in SCENES:
        text = content_text(scene, "mixed_keywords", LANGUAGES, generator)
        first, relation, second = text.split("; ")
        for part, group in ((first, scene.groups[0]), (second, scene.groups[1])):
            assert len(part.split(", ")) == len(keywords(Scene((group,)), "en"))
        for word in (*first.split(", "), relation, *second.split(", ")):
            assert word in bare
        plain = content_text(scene, "keywords", ["es"], generator)
        assert plain.replace(",", "").replace(";", "").split() == keywords(scene, "es")


def test_listed_things_are_as_many_as_there_are_and_bear_no_number() -> None:
    generator = np.random.default_rng(0)
    for scene in SCENES:
        parts = content_text(scene, "listed", ["en"], generator).split("; ")
        if scene.relation is not None:
            assert parts.pop(1) == GRAMMARS["en"].WORDS.relations[scene.relation][0]
        for part, group in zip(parts, scene.groups, strict=True):
            alone = sorted(keywords(Scene((replace(group, count=1),)), "en"))
            assert [sorted(thing.split()) for thing in part.split(", ")] == [alone] * group.count


def test_bare_words_mean_one_thing_in_all_languages() -> None:
    meanings: dict[str, set[tuple[str, str]]] = {}
    for grammar in GRAMMARS.values():
        words = grammar.WORDS
        tables = {"colour": words.colours, "shape": words.shapes, "size": words.sizes, "relation": words.relations}
        for name, table in tables.items():
            for value, forms in table.items():
                meanings.setdefault(forms[0], set()).add((name, value))
        for number, forms in words.counts.items():
            meanings.setdefault(forms[0], set()).add(("count", str(number)))
    assert {word: some for word, some in meanings.items() if len(some) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_switched_words_say_the_same(language: str) -> None:
    generator = np.random.default_rng(0)
    for scene in SCENES[:100]:
        plain = caption(scene, language)
        text = switched(plain, language, LANGUAGES, generator)
        assert text != plain or any(
            word in plain for tag in LANGUAGES if tag != language for word in keywords(scene, tag)
        )
        # Whatever still stands in the language itself has kept its place; the rest is found among the words of others.
        kept = {(word.attribute, word.value) for word in found(text, language)}
        assert kept <= {(word.attribute, word.value) for word in found(plain, language)}
        everywhere = {(word.attribute, word.value) for tag in LANGUAGES for word in found(text, tag)}
        assert {(word.attribute, word.value) for word in found(plain, language)} <= everywhere


def test_one_language_cannot_be_switched() -> None:
    text = caption(SCENES[0], "de")
    assert switched(text, "de", ["de"], np.random.default_rng(0)) == text


def test_plain_texts_are_captions_or_questions_with_answers_in_one_language() -> None:
    described = 0
    for scene, one in zip(SCENES, made(replace(Proportions(), text=1)), strict=True):
        (turn,) = one.turns
        assert turn.role == "text"
        if turn.text == caption(scene, one.language):
            described += 1
        else:
            possible = {f"{question} {answer}" for question, answer in answers_to(scene, one.language).items()}
            assert set(turn.text.split("\n")) <= possible
    assert 0.4 * len(SCENES) < described < 0.6 * len(SCENES)


def test_proportions_are_kept() -> None:
    conversations = made(Proportions(text=0.3, description=0, answer=1, dialogue=0))
    texts = sum(one.turns[0].role == "text" for one in conversations)
    assert 0.2 * len(SCENES) < texts < 0.4 * len(SCENES)
    assert all(len(one.turns) <= 2 for one in conversations)


def test_a_conversation_depends_on_its_place_and_seed_alone() -> None:
    everything = made(Proportions())
    assert made(Proportions()) == everything
    assert list(text_conversations(iter(SCENES[:50]), list(LANGUAGES), 0)) == everything[:50]
    assert made(Proportions(), seed=1) != everything


@pytest.mark.parametrize(
    ("proportions", "message"),
    [
        (Proportions(text=1.5), "share of plain texts is 1.5"),
        (NONE, "No kind of content"),
        (replace(NONE, caption=1), "No kind of reply"),
        (Proportions(caption=-1), "weights of 0 or more"),
        (Proportions(longest=1), "longest have 2 or more"),
    ],
)
def test_proportions_that_make_no_corpus_are_told(proportions: Proportions, message: str) -> None:
    with pytest.raises(UserError, match=message):
        next(text_conversations(SCENES, LANGUAGES, 0, proportions))


def test_an_unknown_language_is_told_before_anything_is_made() -> None:
    with pytest.raises(UserError, match="no language of the shapes world 'xx'"):
        next(text_conversations(SCENES, ["en", "xx"], 0))
