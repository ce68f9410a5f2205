"""Hugging Face datasets in every form that lies on a disk; the Hub itself is not asked."""

import hashlib
import io
import pickle
import sys
from pathlib import Path
from typing import Any

import datasets
import pytest
from data.sources.imported import imported
from data.sources.pictures import cut, noise, saved

from isogloss.data.sources.how import Import
from isogloss.data.sources.hub import HubDataset
from isogloss.errors import UserError


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def jpeg(seed: int) -> bytes:
    return saved(noise((6, 4), seed=seed), "JPEG")


def made(rows: list[dict[str, Any]]) -> datasets.Dataset:
    return datasets.Dataset.from_list(rows).cast_column("image", datasets.Image())


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {
            "image": {"bytes": jpeg(n), "path": f"{n}.jpg"},
            "caption": [f"picture {n}", f"another of {n}"],
            "leyenda": f"retrato {n}",
        }
        for n in range(first, first + count)
    ]


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """As datasets lie on the Hub: data/SPLIT-*.parquet."""
    (tmp_path / "photographs" / "data").mkdir(parents=True)
    for split, first in (("train", 0), ("validation", 10), ("test", 20)):
        for part in range(2):
            path = tmp_path / "photographs" / "data" / f"{split}-{part:05}-of-00002.parquet"
            made(rows(first + 3 * part, 3)).to_parquet(path)
    return tmp_path / "photographs"


@pytest.mark.parametrize("streaming", [False, True])
def test_parquet_files_by_two_processes(parquet: Path, tmp_path: Path, streaming: bool) -> None:
    source = HubDataset.open(str(parquet), captions=["caption", "es=leyenda"], streaming=streaming)
    found = imported(source, tmp_path / "dataset", Import(jobs=2))
    assert sorted(found.splits.values()) == ["test"] * 6 + ["train"] * 6 + ["validation"] * 6
    expected = {(f"picture {n}", f"another of {n}") for first in (0, 10, 20) for n in range(first, first + 6)}
    assert {tuple(texts) for texts in found.captions["en"].values()} == expected
    assert len(found.captions["es"]) == 18
    # The bytes are kept as they are, in the dataset's own folder.
    images = found.dataset.images().to_pylist()
    digests = {hashlib.sha256(jpeg(n)).hexdigest() for first in (0, 10, 20) for n in range(first, first + 6)}
    assert {one["sha256"] for one in images} == digests
    assert all(one["file"].startswith("images/") for one in images)


def test_a_split_and_a_part_of_one(parquet: Path, tmp_path: Path) -> None:
    found = imported(HubDataset.open(str(parquet), splits=["train[:2]", "test"]), tmp_path / "dataset")
    assert sorted(found.splits.values()) == ["test"] * 6 + ["train"] * 2
    with pytest.raises(UserError, match="cannot be read as a dataset"):
        HubDataset.open(str(parquet), splits=["dev"])


def test_what_save_to_disk_wrote_with_dirty_rows(tmp_path: Path) -> None:
    dirty = [
        {
            "image": {"bytes": jpeg(0), "path": None},
            "text": "\ufeffcafe\u0301\tand\r\nmore",
            "id": "a",
            "lang": "en",
            "part": "val",
        },
        {"image": {"bytes": jpeg(1), "path": None}, "text": "uno", "id": "b", "lang": "es", "part": "train"},
        {"image": {"bytes": jpeg(1), "path": None}, "text": "un", "id": "b", "lang": "fr", "part": "train"},
        {
            "image": {"bytes": cut(saved(noise(), "JPEG")), "path": None},
            "text": "cut",
            "id": "c",
            "lang": "en",
            "part": "train",
        },
        {"image": None, "text": "none", "id": "d", "lang": "en", "part": "train"},
        {"image": {"bytes": b"", "path": None}, "text": "none", "id": "e", "lang": "en", "part": "train"},
        {"image": {"bytes": jpeg(3), "path": None}, "text": "?", "id": "f", "lang": "klingonese", "part": "train"},
        {"image": {"bytes": jpeg(4), "path": None}, "text": None, "id": "", "lang": "en", "part": "train"},
    ]
    made(dirty).save_to_disk(tmp_path / "saved")
    source = HubDataset.open(str(tmp_path / "saved"), language_column="lang", key="id", split_column="part")
    found = imported(source, tmp_path / "dataset")
    assert found.captions == {"en": {"a": ["café and more"]}, "es": {"b": ["uno"]}, "fr": {"b": ["un"]}}
    assert found.splits == {"a": "validation", "b": "train", "f": "train", "train/000000007": "train"}
    assert found.skipped == sorted(
        [
            ("damaged picture", "c"),
            ("row without a picture", "d"),
            ("picture without bytes", "e"),
            ("unknown language", "f"),
        ]
    )


def test_a_dictionary_of_splits_on_disk(tmp_path: Path) -> None:
    datasets.DatasetDict(train=made(rows(0, 2)), dev=made(rows(2, 1))).save_to_disk(tmp_path / "saved")
    found = imported(HubDataset.open(str(tmp_path / "saved")), tmp_path / "dataset")
    assert sorted(found.splits.values()) == ["train", "train", "validation"]
    with pytest.raises(UserError, match="no split 'tset'"):
        HubDataset.open(str(tmp_path / "saved"), splits=["tset"])


def test_an_imagefolder_leaves_its_pictures_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / "train"
    folder.mkdir(parents=True)
    for n in range(2):
        (folder / f"{n}.jpg").write_bytes(jpeg(n))
    (folder / "metadata.csv").write_text("file_name,text\n0.jpg,zero\n1.jpg,one\n")
    found = imported(HubDataset.open(str(tmp_path / "pictures")), tmp_path / "dataset")
    assert sorted(text for texts in found.captions["en"].values() for text in texts) == ["one", "zero"]
    assert sorted(found.dataset.images()["file"].to_pylist()) == [str(folder / "0.jpg"), str(folder / "1.jpg")]


def test_columns_of_bytes_paths_and_our_own_exports(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.jpg").write_bytes(jpeg(0))
    plain = [{"image": "a.jpg", "captions_en": ["a"], "captions_es": ["un"], "captions_total": "3"}]
    plain.append({"image": "../../a.jpg", "captions_en": [], "captions_es": [], "captions_total": ""})
    datasets.Dataset.from_list(plain).to_parquet(tmp_path / "there" / "rows.parquet")
    found = imported(HubDataset.open(str(tmp_path / "there" / "rows.parquet")), tmp_path / "dataset")
    assert [list(texts.values()) for texts in found.captions.values()] == [[["a"]], [["un"]]]
    assert [reason for reason, _ in found.skipped] == ["picture outside the folder"]
    datasets.Dataset.from_list([{"image": jpeg(0), "caption": "a"}]).to_parquet(tmp_path / "bytes.parquet")
    found = imported(HubDataset.open(str(tmp_path / "bytes.parquet")), tmp_path / "bytes")
    assert found.captions["en"] == {"train/000000000": ["a"]}


def test_mistakes_are_told_in_a_sentence(parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no column 'captoin'; did you mean 'caption'"):
        HubDataset.open(str(parquet), captions=["captoin"])
    with pytest.raises(UserError, match="no column 'picture'"):
        HubDataset.open(str(parquet), image="picture")
    with pytest.raises(UserError, match="holds .*; name one with a picture"):
        HubDataset.open(str(parquet), image="caption")
    datasets.Dataset.from_list([{"words": "a"}]).to_parquet(tmp_path / "words.parquet")
    with pytest.raises(UserError, match="No column holds pictures"):
        HubDataset.open(str(tmp_path / "words.parquet"))
    # No network in tests, so the Hub is out of reach.
    with pytest.raises(UserError, match="cannot be had.*hf download --repo-type dataset someone/photographs"):
        HubDataset.open("someone/photographs")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"pip install isogloss\[hub\]"):
        HubDataset.open(str(parquet))


def test_a_changed_file_is_noticed_and_units_can_be_sent_to_processes(parquet: Path) -> None:
    source = HubDataset.open(str(parquet))
    before = dict(source.identity())
    unit = next(iter(source.units()))
    assert len(pickle.dumps(unit)) < 100_000  # by the name of its file, and not by its pictures
    assert list(pickle.load(io.BytesIO(pickle.dumps(unit))).read()) == list(unit.read())
    made(rows(50, 4)).to_parquet(parquet / "data" / "train-00000-of-00002.parquet")
    assert before != dict(HubDataset.open(str(parquet)).identity())
