"""WebDataset archives: the conventions of its readers, the very bytes, and all that the dataset says of a picture."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
import webdataset
from data.export.pictures import FORMATS, KEYS, build, contents, told
from data.small_dataset import everything
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.dataset import Dataset
from isogloss.data.export.job import export_dataset
from isogloss.data.export.webdataset import sample_name


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return build(tmp_path / "nine")


def samples(folder: Path, split: str) -> list[dict[str, bytes]]:
    """The samples of a split as WebDataset groups them: by what is before the first dot after the last slash."""
    found: list[dict[str, bytes]] = []
    for path in sorted(folder.glob(f"{split}-*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                match = re.fullmatch(r"((?:.*/|)[^.]+)[.]([^/]*)", member.name)
                assert match, member.name
                content = tar.extractfile(member)
                assert content
                if not found or found[-1]["__key__"] != match[1].encode():
                    found.append({"__key__": match[1].encode()})
                assert match[2] not in found[-1], "files of one picture stand together and once"
                found[-1][match[2]] = content.read()
    return found


def test_what_is_in_the_archives_is_what_is_in_the_dataset(dataset: Dataset, tmp_path: Path) -> None:
    exported = export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    assert (exported.files, exported.pictures, exported.rejected, exported.untold) == (2, 9, 0, 0)
    captions, pictures = told(dataset), contents(dataset)
    listed = {one["key"]: one for one in dataset.images().to_pylist()}
    order: list[str] = []
    for split, name in (("train", "train"), ("test-dev", "test_dev")):
        for sample in samples(tmp_path / "out", name):
            about = json.loads(sample["json"])
            key = about["key"]
            order.append(key)
            assert sample["__key__"].decode() == sample_name(key)
            ending = [*FORMATS.values(), *FORMATS.values()][KEYS.index(key)]
            assert set(sample) == {"__key__", ending, "txt", "json"}
            assert sample[ending] == pictures[key]
            assert sample["txt"].decode() == about["caption"] == captions[key]["en"][0]["text"]
            assert close(about["captions"], captions[key])
            assert about["split"] == split
            assert {name: about[name] for name in ("width", "height", "sha256")} == {
                name: listed[key][name] for name in ("width", "height", "sha256")
            }
    images = dataset.images()
    assert order == [key for name in ("train", "test-dev") for key in dataset.images(name)["key"].to_pylist()]
    assert len(order) == images.num_rows


def close(one: Any, other: Any) -> bool:
    """Equal but for the digits of a score that JSON writes and a float of 32 bits has not got."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return abs(one - other) < 1e-6 if isinstance(one, float) else one == other


def test_webdataset_itself_reads_pictures_captions_and_fields(dataset: Dataset, tmp_path: Path) -> None:
    export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    shards = sorted(str(path) for path in (tmp_path / "out").glob("*.tar"))
    found: list[Any] = list(webdataset.WebDataset(shards, shardshuffle=False).decode("pil"))
    captions = told(dataset)
    assert {sample["json"]["key"] for sample in found} == set(KEYS)
    for sample in found:
        assert sample["__key__"] == sample_name(sample["json"]["key"])
        assert sample["txt"] == captions[sample["json"]["key"]]["en"][0]["text"]
        (ending,) = set(FORMATS.values()) & set(sample)
        assert sample[ending].size == (sample["json"]["width"], sample["json"]["height"])


def test_datasets_opens_it_by_its_card(dataset: Dataset, tmp_path: Path) -> None:
    """Where the first pictures lack what later ones have: an ending, a language, a caption in the main one."""
    export_dataset(dataset.root, tmp_path / "out", "webdataset", main="hi", jobs=1)
    opened: Any = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    captions, pictures = told(dataset), contents(dataset)
    for name, split in (("train", "train"), ("test_dev", "test-dev")):
        rows = opened[name]
        for ending in set(FORMATS.values()):
            rows = rows.cast_column(ending, datasets.Image(decode=False))
        assert [row["json"]["key"] for row in rows] == dataset.images(split)["key"].to_pylist()
        for row in rows:
            key = row["json"]["key"]
            (found,) = [row[ending]["bytes"] for ending in set(FORMATS.values()) if row[ending]]
            assert found == pictures[key]
            for language in dataset.languages:
                texts = [one["text"] for one in row["json"]["captions"][language] or []]
                assert texts == [one["text"] for one in captions[key].get(language, [])]


def test_another_main_language(dataset: Dataset, tmp_path: Path) -> None:
    exported = export_dataset(dataset.root, tmp_path / "out", "webdataset", main="hi", jobs=1)
    assert exported.untold == 5
    texts = [sample.get("txt") for split in ("train", "test_dev") for sample in samples(tmp_path / "out", split)]
    assert len([text for text in texts if text is None]) == 5
    assert all(text.decode().startswith("चित्र") for text in texts if text)


def test_the_same_dataset_gives_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    for name in ("one", "other"):
        export_dataset(dataset.root, tmp_path / name, "webdataset", jobs=1)
    assert everything(tmp_path / "one") == everything(tmp_path / "other")


def test_captions_in_another_order_than_the_pictures(dataset: Dataset, tmp_path: Path) -> None:
    path = dataset.root / "captions" / "en.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(list(reversed(range(table.num_rows)))), path)
    export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    captions = told(dataset)
    for sample in [one for split in ("train", "test_dev") for one in samples(tmp_path / "out", split)]:
        about = json.loads(sample["json"])
        assert close(about["captions"], captions[about["key"]])


@given(st.text(), st.text())
def test_names_are_whole_and_apart(one: str, other: str) -> None:
    """Readers cut a name at its first dot after the last slash; different keys have different names."""
    assert not re.search(r"[./\\\0\n]", sample_name(one))
    assert (sample_name(one) == sample_name(other)) == (one == other)
