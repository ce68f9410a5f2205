"""Questions that are put into English, answered there, and their answers put back."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from evaluate.chat_fixtures import LANGUAGES, make_run, make_world

from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.evaluate.answers_through_english import answers_through_english, in_english, put_back
from isogloss.evaluate.asking import Question
from isogloss.evaluate.chat_run import evaluate_chat
from isogloss.evaluate.replies import ANSWERS, read_replies, replies_file


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_world(tmp_path_factory.mktemp("world") / "shapes")


def marked(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
    return [f"{text} [{source}-{target}]" if text else "" for text in texts]


def asked_of(language: str, *texts: str) -> Question:
    turns = tuple(Turn("assistant" if place % 2 else "user", text) for place, text in enumerate(texts))
    return Question("a", Conversation("a", language, ("a",), turns), texts[-1], (f"right in {language}",))


def test_all_that_was_said_is_put_into_english_and_each_text_once() -> None:
    asked: list[str] = []

    def noting(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
        asked.extend(texts)
        return marked(texts, source, target)

    questions = [asked_of("es", f"{IMAGE}\nuno"), asked_of("es", f"{IMAGE}\nuno", "dos", "tres")]
    found = in_english(questions, "es", noting)
    assert asked == [f"{IMAGE}\nuno", "dos", "tres"]
    assert [turn.text for turn in found[1].prompt.turns] == [f"{one} [es-en]" for one in asked]
    for one, before in zip(found, questions, strict=True):
        assert (one.prompt.language, one.prompt.images) == ("en", before.prompt.images)
        assert (one.references, one.instruction) == (before.references, before.instruction)


def test_answers_are_put_back_beside_the_questions_as_they_were_asked() -> None:
    asked = {"es": [asked_of("es", "uno"), asked_of("es", "dos")], "ja": [asked_of("ja", "三")]}
    rows = put_back(asked, ["one", "", "three"], marked).to_pylist()
    assert [(row["asked"], row["language"], row["instruction"], row["reply"]) for row in rows] == [
        ("es", "es", "uno", "one [en-es]"),
        ("es", "es", "dos", ""),
        ("ja", "ja", "三", "three [en-ja]"),
    ]
    assert [row["references"] for row in rows] == [["right in es"]] * 2 + [["right in ja"]]


def test_a_model_is_asked_in_english(world: Dataset, tmp_path: Path) -> None:
    """Where translation changes nothing, the replies are those of the model itself; what was said is what it is given."""
    run = make_run(tmp_path, world.root)
    evaluate_chat(run, quiet=True)
    seen = read_replies(replies_file(run, ANSWERS, "test"))
    others = [tag for tag in LANGUAGES if tag != "en"]
    order = [(name, "ascending") for name in ("asked", "instruction", "key", "references")]
    wanted = [row for row in seen.to_pylist() if row["asked"] in others]

    def place(row: dict[str, object]) -> str:
        return json.dumps([row[name] for name, _ in order])

    same = answers_through_english(run, "test", others, lambda texts, source, target: texts)
    assert same is not None
    assert sorted(same.to_pylist(), key=place) == sorted(wanted, key=place)
    other = answers_through_english(
        run, "test", others, lambda texts, source, target: [text if target == "en" else "?" for text in texts]
    )
    assert other is not None
    assert set(other["reply"].to_pylist()) == {"?"}
    assert not list((run / "evaluation").glob("unfinished*"))
    assert answers_through_english(run, "test", ["tlh"], marked) is None
