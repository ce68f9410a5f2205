"""Scenes in all languages, near ones side by side, as a dataset folder that a text encoder learns from."""

from pathlib import Path

import pytest
from cli.program import Program, isogloss

from isogloss.data.conversation_tables import conversations_of, read_conversation_table
from isogloss.data.dataset import Dataset
from isogloss.data.text import ParallelText
from isogloss.data.validate import validate
from isogloss.data.worlds.shapes.near import near_scenes
from isogloss.data.worlds.shapes.parallel import build_shapes_parallel
from isogloss.data.worlds.shapes.scene import Scene
from isogloss.data.worlds.shapes.sentence_oracle import read_sentence
from isogloss.data.worlds.shapes.splits import split_of
from isogloss.errors import UserError

__all__ = ["isogloss"]

LANGUAGES = ("en", "ja", "tr")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("world") / "parallel"
    return build_shapes_parallel(root, meanings=38, family=4, languages=LANGUAGES)


def said(dataset: Dataset, language: str) -> list[Scene]:
    rows = list(conversations_of(read_conversation_table(dataset.root, language), language))
    return [
        scene for row in sorted(rows, key=lambda row: row.key) if (scene := read_sentence(row.turns[0].text, language))
    ]


def test_all_languages_say_the_same_scenes_of_the_text_split(dataset: Dataset) -> None:
    validate(dataset)
    scenes = said(dataset, "en")
    assert len(scenes) == 38 and {split_of(scene) for scene in scenes} == {"text"}
    assert said(dataset, "ja") == said(dataset, "tr") == scenes
    text = ParallelText.of(dataset, (), ())
    assert text.languages == LANGUAGES and text.languages_of.shape == (38, 3) and text.languages_of.all()
    assert [read_sentence(text.captions[0].of(number)[0], "en") for number in range(38)] == scenes


def test_scenes_come_in_families(dataset: Dataset) -> None:
    scenes = said(dataset, "en")
    for first in range(0, 36, 4):
        family = scenes[first : first + 4]
        assert len(set(family)) == 4
        near = set(near_scenes(family[0]))
        assert set(family[1:]) <= near
    assert len(set(scenes[::4])) == 10


def test_a_seed_gives_other_scenes(dataset: Dataset, tmp_path: Path) -> None:
    other = build_shapes_parallel(tmp_path / "other", meanings=38, family=4, languages=("en",), seed=1)
    assert said(other, "en") != said(dataset, "en")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"meanings": 0}, "meanings is 0; give a whole number of at least 1"),
        ({"family": 0}, "family is 0"),
        ({"languages": ()}, "No language is given"),
        ({"languages": ("en", "xx")}, "xx"),
    ],
)
def test_what_cannot_be_made_is_told(asked: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        build_shapes_parallel(tmp_path / "world", **{"meanings": 8, **asked})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_command_makes_the_folder(isogloss: Program, tmp_path: Path) -> None:
    ended = isogloss("data", "shapes", tmp_path / "p", "--parallel", "--train", "16", "--languages", "en", "de")
    assert ended.code == 0 and "no pictures" in ended.output, ended.errors
    assert len(said(Dataset.open(tmp_path / "p"), "de")) == 16
    ended = isogloss("data", "shapes", tmp_path / "q", "--parallel", "--text")
    assert ended.code == 2 and "--parallel and --text" in ended.errors
    ended = isogloss("data", "shapes", tmp_path / "q", "--parallel", "--validation", "4")
    assert ended.code == 2 and "--validation" in ended.errors
