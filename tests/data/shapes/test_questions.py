"""Questions about scenes, and their answers, in each language."""

import re
import unicodedata
from collections import Counter

import numpy as np
import pytest
from data.shapes.any_scene import KEYS, some_scenes
from data.shapes.expected_answers import EXPECTED
from data.shapes.expected_captions import LANGUAGES
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.templates.instructions import instructions
from isogloss.data.worlds.shapes.grammar import answer_text, phrase, question_text
from isogloss.data.worlds.shapes.questions import Answer, Question, questions
from isogloss.data.worlds.shapes.scene import Group, Scene

# The last mark of a question and of a statement.
MARKS = {"ja": ("。", "。"), "zh": ("？", "。"), "hi": ("?", "।"), "bn": ("?", "।")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_and_answers_as_natives_write_them(language: str) -> None:
    place = LANGUAGES.index(language)
    found = [(question_text(question, language), answer_text(answer, language)) for question, answer, _ in EXPECTED]
    assert found == [texts[place] for _, _, texts in EXPECTED]


def right(question: Question, scene: Scene) -> list[Answer]:
    """All answers to a question, found by looking at every group."""
    groups = [
        group for group in scene.groups if question.colour in ("", group.colour) and question.shape in ("", group.shape)
    ]
    match question.kind:
        case "where":
            first, second = scene.groups
            towards = {"left_of": "right_of", "above": "below"}
            lies = {scene.relation: (first, second), towards[str(scene.relation)]: (second, first)}
            answer, landmark = lies[question.direction]
            return [Answer("where", answer)] if groups == [landmark] else []
        case "exists":
            return [Answer("exists", group) for group in groups] or [
                Answer("exists", Group(question.colour, question.shape), found=False)
            ]
        case _:
            return [Answer(question.kind, group) for group in groups]


@given(KEYS, st.integers(0, 5))
def test_each_question_has_one_right_answer_which_is_given(key: str, seed: int) -> None:
    scene = Scene.of(key)
    found = questions(scene, np.random.default_rng(seed))
    for question, answer in found:
        assert right(question, scene) == [answer]
        spoken_of = scene.groups if question.kind == "where" else [answer.group]
        if question.kind in ("colour", "shape", "size"):
            assert question.plural == (answer.group.count > 1)
        elif question.kind == "where":
            (landmark,) = [
                group for group in spoken_of if (group.colour, group.shape) == (question.colour, question.shape)
            ]
            assert question.plural == (landmark.count > 1)
    assert len({question for question, _ in found}) == len(found)
    kinds = Counter(question.kind for question, _ in found)
    assert kinds["count"] == len(scene.groups)
    assert kinds["where"] == (2 if scene.relation else 0)
    assert kinds["size"] == sum(group.size != "medium" for group in scene.groups)
    assert sorted(answer.found for question, answer in found if question.kind == "exists") == [False, True]


def test_what_is_asked_for_in_vain_is_like_something_that_is_there() -> None:
    for place, scene in enumerate(some_scenes()[:300]):
        found = questions(scene, np.random.default_rng(place))
        (missing,) = [answer.group for _, answer in found if not answer.found]
        assert any(missing.colour == group.colour or missing.shape == group.shape for group in scene.groups)


def test_the_order_is_random_and_repeats_with_its_seed() -> None:
    scene = some_scenes()[0]
    orders = [tuple(questions(scene, np.random.default_rng(seed))) for seed in (0, 0, 1, 2)]
    assert orders[0] == orders[1] and len(set(orders)) == 3


@given(KEYS, st.integers(0, 5), st.sampled_from(LANGUAGES))
def test_questions_and_answers_are_tidy_sentences_of_one_meaning(key: str, seed: int, language: str) -> None:
    found = questions(Scene.of(key), np.random.default_rng(seed))
    asks, states = MARKS.get(language, ("?", "."))
    texts = [(question_text(question, language), answer_text(answer, language)) for question, answer in found]
    for question, answer in texts:
        for text, mark in ((question, asks), (answer, states)):
            assert text == unicodedata.normalize("NFC", text) == " ".join(text.split())
            assert text.endswith(mark) and not text[0].islower()
            assert not re.search(r"\s[.।。？,，、]|[{}_]", text)
    assert len({question for question, _ in texts}) == len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_of_where_are_the_phrases_of_captions(language: str) -> None:
    for group in {group for scene in some_scenes()[:200] for group in scene.groups}:
        assert phrase(group, language)[1:] in answer_text(Answer("where", group), language)


def test_instructions_are_several_in_each_language() -> None:
    wordings = [instructions(language) for language in LANGUAGES]
    assert all(len(set(some)) == len(some) >= 4 for some in wordings)
    everything = [wording for some in wordings for wording in some]
    assert len(set(everything)) == len(everything)
    assert all(wording == unicodedata.normalize("NFC", wording) for wording in everything)
