"""The captions of one language, written into a dataset that exists."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, everything, make

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS
from isogloss.data.validate import validate
from isogloss.data.writing import write_captions
from isogloss.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def test_a_language_is_added_in_the_order_of_pictures_in_nfc_and_counted(dataset: Dataset) -> None:
    table = caption_table([("d", "cafe\u0301"), ("a", "un chien"), ("a", "un autre")])
    table = table.set_column(4, "original", pa.array([0, 1, 0], pa.int32()))
    added = write_captions(dataset.root, "fr", table)
    assert added.languages == ("en", "es", "fr")
    assert added.captions("fr").to_pydict() == {
        "key": ["a", "a", "d"],
        "text": ["un chien", "un autre", "café"],
        "source": ["test"] * 3,
        "score": [None] * 3,
        "original": [1, 0, 0],
    }
    information = json.loads((dataset.root / "dataset.json").read_text(encoding="utf-8"))
    assert information["languages"]["fr"] == {"captions": 3, "images": 2}
    assert {**information, "languages": dataset.information["languages"]} == dataset.information
    validate(added)


def test_a_language_is_replaced(dataset: Dataset) -> None:
    added = write_captions(dataset.root, "es", caption_table([("c", "un gato")]))
    assert added.captions("es")["text"].to_pylist() == ["un gato"]
    assert added.information["languages"]["es"] == {"captions": 1, "images": 1}


@pytest.mark.parametrize(
    ("language", "rows", "message"),
    [
        ("pt-BR", [("a", "x")], "'pt-BR' is written 'pt' in a dataset"),
        ("klingon", [("a", "x")], "There is no language 'klingon'"),
        ("fr", [("q", "x")], "1 caption for pictures that images.parquet does not list"),
        ("fr", [("a", " ")], "1 empty caption"),
    ],
)
def test_what_does_not_fit_leaves_the_folder_as_it_was(
    dataset: Dataset, language: str, rows: list[tuple[str, str]], message: str
) -> None:
    before = everything(dataset.root)
    with pytest.raises(UserError, match=message):
        write_captions(dataset.root, language, caption_table(rows))
    assert everything(dataset.root) == before


def test_a_table_of_before_there_were_translations_is_read(dataset: Dataset) -> None:
    write_captions(dataset.root, "fr", caption_table([("a", "un chien")]).drop_columns(["original"]))
    assert dataset.captions("en").schema.equals(CAPTIONS)
    table = Dataset.open(dataset.root).captions("fr")
    assert table["original"].to_pylist() == [None]


def test_processes_that_write_at_once_lose_none_of_each_others_counts(dataset: Dataset, tmp_path: Path) -> None:
    tags = ("de", "fr", "hi", "ja")
    program = f"""
import os, sys
import pyarrow as pa
from isogloss.data.tables import CAPTIONS
from isogloss.data.writing import write_captions
table = pa.Table.from_pylist([{{"key": "a", "text": "x", "source": "test"}}], schema=CAPTIONS)
print("ready", flush=True)
while not os.path.exists({str(tmp_path / "go")!r}): pass
for _ in range(10): write_captions({str(dataset.root)!r}, sys.argv[1], table)
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program, tag], stdout=subprocess.PIPE, text=True) for tag in tags
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    assert [process.wait() for process in processes] == [0] * len(tags)
    for process in processes:
        process.communicate()
    assert set(Dataset.open(dataset.root).information["languages"]) == {"en", "es", *tags}
