"""A table of pictures and captions, as clean or dirty as they come, becomes a dataset folder."""

import csv
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program
from data.sources.pictures import SIZE, SOUND, UNSOUND, noise, saved

from isogloss.data.dataset import Dataset
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.rows import TableFile
from isogloss.data.sources.table import Table
from isogloss.data.validate import validate
from isogloss.errors import UserError

ALONE = Import(jobs=1)


def write(folder: Path, rows: Sequence[Sequence[str]], name: str = "t.csv", encoding: str = "utf-8") -> Path:
    with (folder / name).open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter="\t" if name.endswith("tsv") else ",").writerows(rows)
    return folder / name


def picture(folder: Path, name: str, seed: int = 0) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(saved(noise(seed=seed), "PNG"))


def rejected(root: Path) -> list[tuple[str, str]]:
    table = pq.read_table(root / "rejected.parquet")
    return sorted(zip(table["reason"].to_pylist(), table["key"].to_pylist(), strict=True))


def read(path: Path, root: Path, how: Import = ALONE, **options: object) -> Dataset:
    dataset = import_source(Table.open(TableFile(str(path)), **options), root, how)  # type: ignore[arg-type]
    validate(dataset)
    return dataset


def captions(dataset: Dataset, language: str) -> list[tuple[str, str]]:
    table = dataset.captions(language)
    return list(zip(table["key"].to_pylist(), table["text"].to_pylist(), strict=True))


def test_several_languages_and_several_captions_of_a_picture_wherever_its_rows_stand(tmp_path: Path) -> None:
    for number, name in enumerate(("a.png", "b/c.png", "d.png")):
        picture(tmp_path, name, number)
    rows = [
        ("image", "caption", "leyenda", "split"),
        ("a.png", "an ant", "una hormiga", "train"),
        ("b/c.png", "a cat", "", "val"),
        ("d.png", "", "", "test"),
        ("a.png", "another ant", "otra  hormiga", "train"),
        ("a.png", "an ant", "", "train"),
    ]
    dataset = read(write(tmp_path, rows), tmp_path / "out", captions=("caption", "es=leyenda"), split="split")
    assert dataset.splits == {"train": 1, "validation": 1, "test": 1}
    assert captions(dataset, "en") == [("a", "an ant"), ("a", "another ant"), ("b/c", "a cat")]
    assert captions(dataset, "es") == [("a", "una hormiga"), ("a", "otra hormiga")]
    assert dataset.images()["file"].to_pylist() == [str(tmp_path / name) for name in ("a.png", "b/c.png", "d.png")]
    assert dataset.information["notes"]["pictures without a caption"] == 1
    assert dataset.information["languages"] == {
        "en": {"captions": 3, "images": 2},
        "es": {"captions": 2, "images": 1},
    }
    assert rejected(tmp_path / "out") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_dirty_text_is_cleaned_and_what_is_none_is_listed(tmp_path: Path, encoding: str) -> None:
    texts = ["cafe\u0301\tnoir\r\nici", " ", "\ufeffplain", "x" * 10_001, 'say "hi", please']
    for number, _ in enumerate(texts):
        picture(tmp_path, f"{number}.png", number)
    rows = [("image", "caption"), *((f"{number}.png", text) for number, text in enumerate(texts))]
    dataset = read(write(tmp_path, rows, encoding=encoding), tmp_path / "out", language="fr")
    assert captions(dataset, "fr") == [("0", "café noir ici"), ("2", "plain"), ("4", 'say "hi", please')]
    assert all(unicodedata.is_normalized("NFC", text) for _, text in captions(dataset, "fr"))
    assert rejected(tmp_path / "out") == [("empty caption", "1"), ("overlong caption", "3")]
    assert dataset.information["notes"]["left out"] == {"empty caption": 1, "overlong caption": 1}


def test_pictures_of_every_kind_are_read_and_unsound_ones_listed_with_the_reason(tmp_path: Path) -> None:
    files = {**{name: make() for name, make in SOUND.items()}, **{name: make() for name, (make, _) in UNSOUND.items()}}
    for name, content in files.items():
        (tmp_path / f"{name}.bin").write_bytes(content)
    rows = [("image", "caption"), *((f"{name}.bin", f"it is {name}") for name in files)]
    dataset = read(write(tmp_path, rows), tmp_path / "out")
    assert dataset.images()["key"].to_pylist() == list(SOUND)
    assert {tuple(row.values()) for row in dataset.images(columns=["width", "height"]).to_pylist()} == {SIZE}
    assert rejected(tmp_path / "out") == sorted((reason, name) for name, (_, reason) in UNSOUND.items())


def test_no_picture_is_taken_from_outside_the_folder(tmp_path: Path) -> None:
    picture(tmp_path, "secret.png")
    picture(tmp_path, "pictures/a.png")
    outside = ["../secret.png", str(tmp_path / "secret.png"), "b/../../secret.png"]
    rows = [("path", "text"), ("a.png", "an ant"), *((name, "a secret") for name in outside), ("none.png", "nothing")]
    dataset = read(write(tmp_path, rows), tmp_path / "out", folder=tmp_path / "pictures")
    assert dataset.images()["key"].to_pylist() == ["a"]
    reasons = [reason for reason, _ in rejected(tmp_path / "out")]
    assert reasons == ["missing picture", *["picture outside the folder"] * 3]
    # A higher folder is named, and they are inside.
    assert len(read(write(tmp_path, rows), tmp_path / "all", folder=tmp_path).images()) == 1


def test_one_key_for_two_pictures_keeps_the_first_and_one_picture_twice_is_one(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 0)
    picture(tmp_path, "copy.png", 0)
    picture(tmp_path, "other.png", 1)
    rows = [
        ("image", "id", "caption"),
        ("a.png", "1", "an ant"),
        ("other.png", "1", "an owl"),
        ("copy.png", "1", "a copied ant"),
        ("other.png", "2", "an owl"),
    ]
    dataset = read(write(tmp_path, rows), tmp_path / "out", key="id")
    assert captions(dataset, "en") == [("1", "an ant"), ("1", "a copied ant")]
    assert rejected(tmp_path / "out") == [("key of another picture", "1")]
    assert dataset.information["notes"]["listed more than once"] == 1


def test_a_language_in_a_column(tmp_path: Path) -> None:
    picture(tmp_path, "a.png")
    rows = [
        ("image", "lang", "caption"),
        ("a.png", "EN", "an ant"),
        ("a.png", "pt-BR", "uma formiga"),
        ("a.png", "xx", "?"),
    ]
    dataset = read(write(tmp_path, rows), tmp_path / "out", language_column="lang")
    assert dataset.languages == ("en", "pt")
    assert rejected(tmp_path / "out") == [("unknown language", "")]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_lists_of_captions(tmp_path: Path, kind: str) -> None:
    picture(tmp_path, "a.png", 0)
    picture(tmp_path, "b.png", 1)
    rows = [
        {"image": "a.png", "captions": ["one", "two"]},
        {"image": "b.png", "captions": None},
        {"image": None, "captions": ["x"]},
    ]
    path = tmp_path / f"t.{kind}"
    if kind == "jsonl":
        path.write_text("\r\n".join(map(json.dumps, rows)) + "\n{broken\n", encoding="utf-8-sig")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    dataset = read(path, tmp_path / "out")
    assert captions(dataset, "en") == [("a", "one"), ("a", "two")]
    expected = ["row that cannot be read", "row without a picture"] if kind == "jsonl" else ["row without a picture"]
    assert [reason for reason, _ in rejected(tmp_path / "out")] == expected


def test_splits_follow_from_the_bytes(tmp_path: Path) -> None:
    """So that a picture that lies there twice is never on both sides."""
    for number in range(40):
        picture(tmp_path, f"{number}.png", number)
        picture(tmp_path, f"copy/{number}.png", number)
    rows = [("image", "caption"), *((f"{place}{n}.png", "x") for n in range(40) for place in ("", "copy/"))]
    dataset = read(write(tmp_path, rows), tmp_path / "out", Import(validation=0.3, test=0.3, jobs=1))
    splits = dict(zip(*(dataset.images()[name].to_pylist() for name in ("key", "split")), strict=True))
    assert set(splits.values()) == {"train", "validation", "test"}
    assert all(splits[str(number)] == splits[f"copy/{number}"] for number in range(40))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"picture": "imgae"}, "There is no column 'imgae'; did you mean 'picture'|There is no column 'imgae'"),
        ({}, "No column of .*t.csv is called as pictures usually are, among pic, words; name it with --image"),
        ({"picture": "pic"}, "No column is called as captions usually are, among pic, words; name it with --captions"),
        ({"picture": "pic", "captions": ("wrods",)}, "There is no column 'wrods'; did you mean 'words'"),
        ({"picture": "pic", "captions": ("xx=words",)}, "There is no language 'xx'"),
        ({"picture": "pic", "captions": ("words",), "split": "sp"}, "There is no column 'sp'"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_read(
    tmp_path: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Table.open(TableFile(str(write(tmp_path, [("pic", "words")]))), **options)  # type: ignore[arg-type]


def test_nothing_that_can_be_used_makes_no_folder(tmp_path: Path) -> None:
    path = write(tmp_path, [("image", "caption"), ("none.png", "nothing"), ("none2.png", "nothing")])
    with pytest.raises(
        UserError, match=r"t.csv has no picture that can be used \(missing picture: 2, the first .*/none.png\)"
    ):
        read(path, tmp_path / "out")
    assert not list(tmp_path.glob(".*")), "it is read again when the pictures are there"
    with pytest.raises(UserError, match="t.csv holds nothing"):
        read(write(tmp_path, [("image", "caption")]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_prints_what_is_there_and_what_was_left_out(tmp_path: Path, isogloss: Program) -> None:
    picture(tmp_path, "a.png")
    path = write(tmp_path, [("image", "caption", "題"), ("a.png", "an ant", "蟻"), ("b.png", "a bee", "蜂")])
    command = (
        "data",
        "table",
        path,
        tmp_path / "out",
        "--captions",
        "caption",
        "ja=題",
        "--jobs",
        "1",
        "--test",
        "0",
        "--validation",
        "0",
    )
    ended = isogloss(*command)
    assert ended.code == 0, ended.errors
    assert "train 1" in ended.output
    assert "missing picture │ 1" in ended.output
    assert "rejected.parquet" in ended.output
    again = isogloss(*command)
    told = ended.output.replace("train 1", "train 1; it was imported before, and nothing was read")
    assert (again.code, again.output) == (0, told)
    other = isogloss(*command[:-1], "0.5")
    assert other.code == 2
    assert other.sentence.endswith("exists already and is left as it is; name another folder or remove it first.")
    wrong = isogloss(*command, "--validaton", "0.1")
    assert wrong.sentence == "isogloss: There is no option '--validaton'; did you mean '--validation'?"


@pytest.mark.parametrize(
    ("content", "images", "message"),
    [
        ("", None, "t.csv is empty; name a table with rows"),
        (
            "image,caption\na.png,an ant\n",
            "photos",
            "There is no folder .*photos; name the folder of the pictures with --images",
        ),
    ],
)
def test_what_is_not_there_is_told_at_once(tmp_path: Path, content: str, images: str | None, message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        Table.open(TableFile(str(tmp_path / "t.csv")), folder=tmp_path / images if images else None)


def test_pictures_without_captions_are_imported_and_told(tmp_path: Path, isogloss: Program) -> None:
    picture(tmp_path, "a.png")
    path = write(tmp_path, [("image", "caption"), ("a.png", "")])
    ended = isogloss("data", "table", path, tmp_path / "out", "--jobs", "1")
    assert ended.code == 0
    assert "No picture has a caption" in ended.output


@pytest.mark.parametrize("own", [False, True])
def test_a_split_that_was_asked_for_and_stayed_empty_is_told(own: bool, tmp_path: Path, isogloss: Program) -> None:
    picture(tmp_path, "a.png")
    path = write(tmp_path, [("image", "caption", "split"), ("a.png", "an ant", "train" if own else "")])
    shares = ("--validation", "0", "--test", "0.000001", "--jobs", "1")
    ended = isogloss("data", "table", path, tmp_path / "out", *shares, *(("--split", "split") if own else ()))
    assert ended.code == 0, ended.errors
    told = "No picture fell into the split 'test'; for so few, import into another folder with a larger --test."
    assert (told in ended.output.splitlines()) is not own
    assert "split 'validation'" not in ended.output, "nothing was to be held out"
    with pytest.raises(UserError, match="There is no split 'test'"):
        Dataset.open(tmp_path / "out").images("test")
