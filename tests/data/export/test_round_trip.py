"""What is given away comes back: the same captions, and the very bytes of the pictures."""

from pathlib import Path

import datasets
import pytest
from cli.program import Program, isogloss
from data.export.pictures import build, contents

from isogloss.data.dataset import Dataset
from isogloss.data.export.job import FORMATS, export_dataset
from isogloss.data.export.webdataset import sample_name
from isogloss.data.validate import validate

__all__ = ["isogloss"]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_imported_again_is_equal(
    kind: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    dataset = build(tmp_path / "nine")
    out, back = tmp_path / "out", tmp_path / "back"
    export_dataset(dataset.root, out, kind, shard_bytes=500, jobs=1)
    if kind == "webdataset":
        done = isogloss("data", "webdataset", f"train={out}/train-*.tar", f"test={out}/test_dev-*.tar", back)
    else:
        done = isogloss("data", "hub", out, back, "--key", "key")
    assert done.code == 0, done.errors
    again = Dataset.open(back)
    validate(again)
    # An archive's names have no dots and slashes; a Parquet file keeps the keys as they are.
    names = {key: sample_name(key) if kind == "webdataset" else key for key in dataset.images()["key"].to_pylist()}
    assert contents(again) == {names[key]: content for key, content in contents(dataset).items()}
    assert again.languages == dataset.languages
    for language in dataset.languages:
        wanted = [(names[row["key"]], row["text"]) for row in dataset.captions(language).to_pylist()]
        assert sorted(words(again, language)) == sorted(wanted)


def words(dataset: Dataset, language: str) -> list[tuple[str, str]]:
    return [(row["key"], row["text"]) for row in dataset.captions(language).to_pylist()]
