"""Talks about the picture of a scene."""

import numpy as np
from data.shapes.any_scene import KEYS, some_scenes
from data.shapes.expected_captions import LANGUAGES
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.conversations import IMAGE, fault
from isogloss.data.templates.instructions import instructions
from isogloss.data.worlds.shapes.dialogues import conversation, dialogue
from isogloss.data.worlds.shapes.grammar import answer_text, caption, question_text
from isogloss.data.worlds.shapes.questions import questions
from isogloss.data.worlds.shapes.scene import Scene


@given(KEYS, st.sampled_from(LANGUAGES), st.integers(0, 5), st.integers(1, 12))
def test_a_description_and_then_questions_with_their_answers(key: str, language: str, seed: int, turns: int) -> None:
    scene = Scene.of(key)
    asked, told, *rest = dialogue(scene, language, np.random.default_rng(seed), turns)
    image, instruction = asked.text.split("\n")
    assert image == IMAGE and instruction in instructions(language)
    assert told.text == caption(scene, language)
    possible = {
        (question_text(question, language), answer_text(answer, language))
        for number in range(20)
        for question, answer in questions(scene, np.random.default_rng(number))
        if question.kind != "exists"
    }
    pairs = [(user.text, assistant.text) for user, assistant in zip(rest[::2], rest[1::2], strict=True)]
    assert len(set(pairs)) == len(pairs) == min(turns - 1, len(questions(scene, np.random.default_rng(0))))
    # Two questions of a scene are whether there is something; all others are always the same.
    assert len(set(pairs) - possible) <= 2
    assert [turn.role for turn in (asked, told, *rest)] == ["user", "assistant"] * (1 + len(pairs))


def test_a_conversation_has_its_picture_and_no_fault() -> None:
    for place, scene in enumerate(some_scenes()[:100]):
        language = LANGUAGES[place % len(LANGUAGES)]
        found = conversation(
            scene,
            language,
            np.random.default_rng(place),
            3,
            key=scene.key,
            image=f"{place}.png",
            describe=place % 2 == 0,
        )
        assert (found.key, found.language, found.images) == (scene.key, language, (f"{place}.png",))
        assert fault(found) == ("", "")
        assert len(found.turns) == 6
        assert (found.turns[1].text == caption(scene, language)) == (place % 2 == 0)


def test_the_same_seed_says_the_same() -> None:
    scene = some_scenes()[0]
    said = [dialogue(scene, "en", np.random.default_rng(seed), 4) for seed in (0, 0, 1)]
    assert said[0] == said[1] != said[2]


def test_all_wordings_of_the_request_come_up() -> None:
    scene = some_scenes()[0]
    asked = {dialogue(scene, "tr", np.random.default_rng(seed))[0].text.split("\n")[1] for seed in range(100)}
    assert asked == set(instructions("tr"))
