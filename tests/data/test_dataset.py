"""The dataset folder: what is written is read back, and aligned as a plain dictionary would."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, image_row, make, nameless, png, rewrite
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.validate import validate
from isogloss.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Path]]:
    numbers = iter(range(1_000_000))
    root = tmp_path_factory.mktemp("many")
    return lambda: root / str(next(numbers))


def test_reads_back_what_was_written(dataset: Dataset) -> None:
    assert dataset.information["name"] == "small"
    assert dataset.information["licence"] == "CC0-1.0"
    assert dataset.information["notes"] == {"left out": 3}
    assert dataset.information["sources"][0]["name"] == "made up"
    assert dataset.information["languages"] == {
        "en": {"captions": 5, "images": 4},
        "es": {"captions": 2, "images": 2},
    }
    assert dict(dataset.splits) == {"train": 3, "test": 1}
    assert dataset.languages == ("en", "es")
    assert dataset.images().schema.equals(IMAGES)
    assert dataset.images("train")["key"].to_pylist() == ["a", "c", "d"]
    assert dataset.images("test", ["file"]).to_pydict() == {"file": ["images/b.png"]}
    assert dataset.captions("en").schema.equals(CAPTIONS)
    assert Path(dataset.locate("images/a.png")).read_bytes() == png(0)
    assert dataset.locate("s3://bucket/a.tar") == "s3://bucket/a.tar"
    validate(dataset)


def test_split_aligns_captions_with_pictures(dataset: Dataset) -> None:
    train = dataset.split("train", ["en", "es"])
    assert train.keys == ["a", "c", "d"]
    assert len(train) == 3
    assert "sha256" not in train.images.column_names
    english, spanish = train.captions["en"], train.captions["es"]
    assert [english.of(image) for image in range(3)] == [["an ant", "another ant"], ["a cat"], ["a dog"]]
    assert [spanish.of(image) for image in range(3)] == [["una hormiga"], [], []]
    assert english.offsets.tolist() == [0, 2, 3, 4]
    assert english.owners.tolist() == [0, 0, 1, 2]
    assert english.offsets.dtype == np.int64
    assert len(spanish) == 1


letters = st.text(alphabet="abcàéñяж字🐕 ́", min_size=1, max_size=6).filter(lambda text: text.strip() != "")


@settings(deadline=None)
@given(data=st.data())
def test_split_agrees_with_a_dictionary(data: st.DataObject, places: Callable[[], Path]) -> None:
    keys = data.draw(st.lists(st.text(alphabet="xyzé1-", min_size=1, max_size=4), min_size=1, max_size=8, unique=True))
    splits = {f"{number}{key}": data.draw(st.sampled_from(["train", "test"])) for number, key in enumerate(keys)}
    captions = data.draw(st.lists(st.tuples(st.sampled_from(sorted(splits)), letters), min_size=1, max_size=20))
    made = make(places(), splits, {"xx": captions})
    if data.draw(st.booleans()):
        # Another program's table keeps no order.
        normal = [(key, unicodedata.normalize("NFC", text)) for key, text in captions]
        rewrite(made, "xx", caption_table(normal))
    for name in set(splits.values()):
        expected = [
            [unicodedata.normalize("NFC", text) for key, text in captions if key == wanted]
            for wanted in splits
            if splits[wanted] == name
        ]
        if any(expected):
            found = made.split(name, ["xx"]).captions["xx"]
            assert [found.of(image) for image in range(len(expected))] == expected
            assert found.owners.tolist() == [image for image, texts in enumerate(expected) for _ in texts]
        else:
            with pytest.raises(UserError, match="holds no caption"):
                made.split(name, ["xx"])


def test_split_does_not_depend_on_the_order_of_the_table(dataset: Dataset) -> None:
    before = dataset.split("train", ["en"]).captions["en"]
    rewrite(dataset, "en", dataset.captions("en").take([4, 3, 0, 1, 2]))
    after = dataset.split("train", ["en"]).captions["en"]
    assert after.texts.to_pylist() == before.texts.to_pylist() == ["an ant", "another ant", "a cat", "a dog"]
    assert after.offsets.tolist() == before.offsets.tolist()


def test_sources_select_captions(tmp_path: Path) -> None:
    images = pa.Table.from_pylist([image_row("a", "train", png(0)), image_row("b", "train", png(1))], schema=IMAGES)
    captions = pa.concat_tables(
        [caption_table([("a", "ant"), ("b", "bee")], "name"), caption_table([("a", "insect")], "keyword")]
    )
    made = nameless(tmp_path / "d", images, {"en": captions})
    assert made.split("train", ["en"]).captions["en"].texts.to_pylist() == ["ant", "insect", "bee"]
    names = made.split("train", ["en"], sources={"name"}).captions["en"]
    assert names.texts.to_pylist() == ["ant", "bee"]
    assert names.sources.to_pylist() == ["name", "name"]
    with pytest.raises(UserError, match="no caption of these sources"):
        made.split("train", ["en"], sources={"machine"})


def test_adding_a_language_is_adding_a_file(dataset: Dataset) -> None:
    rewrite(dataset, "eu", caption_table([("a", "inurri bat")]))
    again = Dataset.open(dataset.root)
    assert again.languages == ("en", "es", "eu")
    assert again.split("train", ["eu"]).captions["eu"].of(0) == ["inurri bat"]


def test_captions_are_written_in_nfc(tmp_path: Path) -> None:
    made = make(tmp_path / "d", {"a": "train"}, {"fr": [("a", "cafe\u0301")]})
    assert made.captions("fr")["text"].to_pylist() == ["café"]


def test_opening_reads_no_row(dataset: Dataset) -> None:
    """The pages are overwritten and only the footers left: what opens has read nothing else."""
    for file in [dataset.root / "images.parquet", *(dataset.root / "captions").iterdir()]:
        content = bytearray(file.read_bytes())
        footer = 8 + int.from_bytes(content[-8:-4], "little")
        content[4:-footer] = bytes(len(content) - footer - 4)
        file.write_bytes(content)
    assert Dataset.open(dataset.root).languages == ("en", "es")
    with pytest.raises(UserError, match="cannot be read"):
        Dataset.open(dataset.root).split("train", ["en"])


def test_large_and_dictionary_strings_are_read_like_plain_ones(dataset: Dataset) -> None:
    table = dataset.captions("en")
    encoded = table.set_column(2, "source", table["source"].dictionary_encode())
    rewrite(dataset, "en", encoded.set_column(1, "text", table["text"].cast(pa.large_string())))
    again = Dataset.open(dataset.root)
    assert again.captions("en").equals(table)


def test_a_member_of_an_archive_is_a_picture(tmp_path: Path) -> None:
    first, second = png(1), png(2)
    (tmp_path / "shard.tar").write_bytes(b"head" + first + b"between" + second)
    shard = str(tmp_path / "shard.tar")
    rows = [image_row("a", "train", first, shard, 4), image_row("b", "train", second, shard, 11 + len(first))]
    made = nameless(
        tmp_path / "d", pa.Table.from_pylist(rows, schema=IMAGES), {"en": caption_table([("a", "one"), ("b", "two")])}
    )
    validate(made)
    (tmp_path / "shard.tar").write_bytes(b"head" + first + b"between" + second[:-9])
    with pytest.raises(UserError, match=f"1 of 2 pictures.*'b'.*ends after {len(second) - 9} of {len(second)} bytes"):
        validate(made)
