"""The shapes world as dataset folders."""

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from cli.program import Program, isogloss
from PIL import Image

from isogloss.data.conversation_tables import conversations_of, read_conversation_table, splits_of
from isogloss.data.conversations import IMAGE
from isogloss.data.dataset import Dataset
from isogloss.data.images import read_bytes
from isogloss.data.validate import validate
from isogloss.data.worlds.shapes.grammar import caption
from isogloss.data.worlds.shapes.picture_oracle import read_picture
from isogloss.data.worlds.shapes.splits import KINDS, kind_of, split_of
from isogloss.data.worlds.shapes.world import build_shapes, build_shapes_text, scene_of_picture
from isogloss.errors import UserError

__all__ = ["isogloss"]

PICTURES = {"train": 40, "validation": 10, "test": 20, "test_pairs": 10}
LANGUAGES = ("en", "ja", "tr")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("world") / "shapes"
    return build_shapes(root, pictures=PICTURES, size=48, languages=LANGUAGES)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("world") / "text"
    return build_shapes_text(root, conversations={"train": 90, "validation": 10}, languages=LANGUAGES)


def pictures(dataset: Dataset) -> dict[str, bytes]:
    return {
        row["key"]: read_bytes(dataset.locate(row["file"]), row["offset"], row["length"])
        for row in dataset.images().to_pylist()
    }


def test_every_picture_shows_the_scene_of_its_key_and_split(dataset: Dataset) -> None:
    validate(dataset)
    assert dict(dataset.splits) == PICTURES
    for key, content in pictures(dataset).items():
        assert read_picture(Image.open(io.BytesIO(content))) == scene_of_picture(key)
    for key, split in zip(*dataset.images(columns=["key", "split"]).to_pydict().values(), strict=True):
        assert split_of(scene_of_picture(key)) == split
    train = dataset.images("train")["key"].to_pylist()
    assert Counter(kind_of(scene_of_picture(key)) for key in train) == {kind: 40 * KINDS[kind] for kind in KINDS}


def test_every_picture_is_called_what_its_scene_is(dataset: Dataset) -> None:
    keys = dataset.images()["key"].to_pylist()
    for language in LANGUAGES:
        table = dataset.captions(language)
        assert table["key"].to_pylist() == keys
        assert table["text"].to_pylist() == [caption(scene_of_picture(key), language) for key in keys]


def test_conversations_ask_the_same_in_every_language(dataset: Dataset) -> None:
    tables = {language: read_conversation_table(dataset.root, language) for language in LANGUAGES}
    talks = {language: list(conversations_of(table, language)) for language, table in tables.items()}
    described = Counter[bool]()
    for english, japanese in zip(talks["en"], talks["ja"], strict=True):
        assert english.key == japanese.key and english.images == japanese.images == (english.key,)
        assert len(english.turns) == len(japanese.turns) in (2, 4, 6)
        assert english.turns[0].text.startswith(IMAGE)
        replies = [talk.turns[1].text for talk in (english, japanese)]
        of_scene = [caption(scene_of_picture(english.key), language) for language in ("en", "ja")]
        assert (replies[0] == of_scene[0]) == (replies[1] == of_scene[1])
        described[replies[0] == of_scene[0]] += 1
    assert min(described.values()) > 20
    assert {len(talk.turns) for talk in talks["en"]} == {2, 4, 6}


def test_a_picture_depends_on_its_key_and_the_seed_alone(dataset: Dataset, tmp_path: Path) -> None:
    fewer = build_shapes(tmp_path / "fewer", pictures={"train": 25}, size=48, languages=("en",), replies=0)
    other = build_shapes(tmp_path / "other", pictures={"train": 25}, size=48, languages=("en",), replies=0, seed=1)
    first, second, third = pictures(dataset), pictures(fewer), pictures(other)
    both = set(first) & set(second)
    assert len(both) > 5 and all(first[key] == second[key] for key in both)
    assert set(third) != set(second)
    assert not (tmp_path / "fewer" / "conversations").exists()


def test_a_scene_comes_again_drawn_otherwise(tmp_path: Path) -> None:
    chosen = {"kinds": {"one": 1.0}, "colours": ("red",), "shapes": ("circle",), "sizes": ("medium",)}
    dataset = build_shapes(tmp_path / "one", pictures={"train": 4}, size=32, languages=("en",), **chosen)
    found = pictures(dataset)
    assert sorted(found) == [f"1-medium-red-circle.{number}" for number in range(4)]
    assert len(set(found.values())) == 4


def test_pictures_lie_back_to_back_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isogloss.data.worlds.shapes.world._FILE", 2000)
    dataset = build_shapes(tmp_path / "several", pictures={"test": 20}, size=32, languages=("en",), replies=0)
    validate(dataset)
    files = set(dataset.images()["file"].to_pylist())
    assert len(files) > 2 and files == {f"pictures/{path.name}" for path in (tmp_path / "several/pictures").iterdir()}


def test_text_is_a_folder_without_pictures(text: Dataset) -> None:
    validate(Dataset.open(text.root))
    assert dict(text.splits) == {} and text.languages == () and not text.images().num_rows
    splits = Counter[str]()
    for language in LANGUAGES:
        table = read_conversation_table(text.root, language)
        splits.update(splits_of(table, text.images(), text.root))
        assert table["images"].to_pylist() == [[]] * table.num_rows
    assert splits == {"train": 90, "validation": 10}
    counted = json.loads((text.root / "dataset.json").read_text(encoding="utf-8"))["conversations"]
    assert set(counted) == set(LANGUAGES) and sum(count["conversations"] for count in counted.values()) == 100


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"pictures": {"text": 3}}, "no split that can be made here 'text'"),
        ({"pictures": {"train": -1}}, "cannot have -1 rows"),
        ({"pictures": {"train": 0}}, "No picture is asked for"),
        ({"languages": ("xx",)}, "no language of the shapes world 'xx'"),
        ({"languages": ()}, "No language is given"),
        ({"languages": ("en", "en")}, "A language is given twice"),
        ({"size": 16}, "choose a size of 32 or more"),
        ({"colours": ("mauve",)}, "no colour of the shapes world 'mauve'"),
    ],
)
def test_what_cannot_be_made_is_told_and_leaves_nothing(
    asked: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=sentence):
        build_shapes(tmp_path / "world", **{"pictures": {"train": 2}, **asked})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_text_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No conversation is asked for"):
        build_shapes_text(tmp_path / "text", conversations={"train": 0})
    with pytest.raises(UserError, match="no split that can be made here 'test'"):
        build_shapes_text(tmp_path / "text", conversations={"test": 1})


def test_the_command_makes_both_folders(isogloss: Program, tmp_path: Path) -> None:
    numbers = ("--train", "6", "--validation", "2", "--test", "2", "--test-pairs", "1")
    ended = isogloss("data", "shapes", tmp_path / "s", *numbers, "--languages", "en", "ja", "--sizes", "medium")
    assert ended.code == 0, ended.errors
    assert "train 6, validation 2, test 2, test_pairs 1" in ended.output
    rows = [line.replace("│", " ").split() for line in ended.output.splitlines() if "│" in line]
    assert [row[:3] for row in rows] == [["en", "11", "11"], ["ja", "11", "11"]]
    keys = Dataset.open(tmp_path / "s").images()["key"].to_pylist()
    assert all("small" not in key and "large" not in key for key in keys)
    ended = isogloss("data", "shapes", tmp_path / "t", "--text", "--train", "6", "--validation", "2")
    assert ended.code == 0 and "no pictures" in ended.output
    assert not (tmp_path / "t" / "pictures").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--text", "--test", "3"), "--test is for pictures"),
        (("--text", "--sizes", "medium"), "--sizes is for pictures"),
        (("--kinds", "pairs"), "did you mean 'pair'?"),
        (("--tarin", "3"), "did you mean '--train'?"),
    ],
)
def test_the_command_tells_what_it_cannot_do(
    isogloss: Program, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = isogloss("data", "shapes", tmp_path / "s", *arguments)
    assert ended.code == 2 and sentence in ended.sentence
    assert not (tmp_path / "s").exists()
