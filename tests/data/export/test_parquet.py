"""Parquet for the Hub, as `datasets` itself opens it."""

import io
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
import yaml
from data.export.pictures import build, contents, told
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.export.job import export_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return build(tmp_path / "nine")


def test_datasets_opens_it_with_pictures_splits_and_captions(dataset: Dataset, tmp_path: Path) -> None:
    export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1)
    opened: Any = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in opened.items()} == {"train": 6, "test_dev": 3}
    captions, pictures = told(dataset), contents(dataset)
    assert "scores_en" not in opened["train"].features
    for name, split in (("train", "train"), ("test_dev", "test-dev")):
        assert opened[name].features["image"] == datasets.Image()
        assert list(opened[name]["key"]) == dataset.images(split)["key"].to_pylist()
        raw = opened[name].cast_column("image", datasets.Image(decode=False))
        for row, bare in zip(opened[name], raw, strict=True):
            with Image.open(io.BytesIO(pictures[row["key"]])) as picture:
                assert row["image"].convert("RGB").tobytes() == picture.convert("RGB").tobytes()
            assert bare["image"]["bytes"] == pictures[row["key"]]
            for language in dataset.languages:
                found = captions[row["key"]].get(language, [])
                assert row[f"captions_{language}"] == [one["text"] for one in found]
                assert row[f"sources_{language}"] == [one["source"] for one in found]
            hindi = captions[row["key"]].get("hi", [])
            assert row["scores_hi"] == pytest.approx([one["score"] for one in hindi])
            assert row["originals_hi"] == [one["original"] for one in hindi]


def test_it_streams(dataset: Dataset, tmp_path: Path) -> None:
    export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1)
    opened: Any = datasets.load_dataset(
        str(tmp_path / "out"), split="test_dev", streaming=True, cache_dir=str(tmp_path / "cache")
    )
    assert [row["key"] for row in opened] == dataset.images("test-dev")["key"].to_pylist()


def test_the_card_says_what_is_in_it(dataset: Dataset, tmp_path: Path) -> None:
    export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    front, text = card.removeprefix("---\n").split("\n---\n", 1)
    matter = yaml.safe_load(front)
    assert matter["language"] == ["en", "hi", "zh"]
    assert matter["language_bcp47"] == ["en", "hi", "zh-Hant"]
    assert (matter["license"], matter["pretty_name"], matter["size_categories"]) == ("cc-by-4.0", "nine", ["n<1K"])
    assert matter["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train-*"},
        {"split": "test_dev", "path": "data/test_dev-*"},
    ]
    for words in ("Nine pictures.", "| Hindi | `hi` | 4 | 4 |", "| train | 6 |", "noise \\| and more", "CC-BY-4.0"):
        assert words in text


def test_files_of_a_stated_size_and_row_groups_of_it(dataset: Dataset, tmp_path: Path) -> None:
    exported = export_dataset(dataset.root, tmp_path / "out", "parquet", shard_bytes=1, jobs=1)
    assert exported.files == 9
    files = sorted(path.name for path in (tmp_path / "out" / "data").iterdir())
    assert files[0] == "test_dev-00000-of-00003.parquet"
    assert files[-1] == "train-00005-of-00006.parquet"
    file = pq.ParquetFile(tmp_path / "out" / "data" / files[0])
    column = file.metadata.row_group(0).column(0)
    assert (column.path_in_schema, column.compression) == ("image.bytes", "UNCOMPRESSED")
