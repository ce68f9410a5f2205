"""Captions taken out of a dataset folder."""

from pathlib import Path

import pyarrow as pa
import pytest
from cli.program import Program
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, make

from isogloss.data.dataset import Dataset
from isogloss.data.remove import remove
from isogloss.data.validate import validate
from isogloss.data.writing import write_captions
from isogloss.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def test_a_language(dataset: Dataset) -> None:
    assert remove(dataset.root, "es") == 2
    opened = Dataset.open(dataset.root)
    assert opened.languages == ("en",)
    assert set(opened.information["languages"]) == {"en"}
    validate(opened)


def test_a_language_whose_table_was_deleted(dataset: Dataset) -> None:
    (dataset.root / "captions" / "es.parquet").unlink()
    with pytest.raises(UserError, match="es.parquet is missing.*isogloss data remove .* --language es"):
        Dataset.open(dataset.root)
    assert remove(dataset.root, "es") == 0
    assert Dataset.open(dataset.root).languages == ("en",)


def test_what_one_source_said(dataset: Dataset) -> None:
    both = pa.concat_tables([dataset.captions("es"), caption_table([("c", "un gato")], source="apertium")])
    write_captions(dataset.root, "es", both)
    with pytest.raises(UserError, match="There is no source of the captions in 'es' 'gogle'; there is apertium, test"):
        remove(dataset.root, "es", "gogle")
    assert remove(dataset.root, "es", "test") == 2
    opened = Dataset.open(dataset.root)
    assert opened.captions("es")["text"].to_pylist() == ["un gato"]
    validate(opened)
    assert remove(dataset.root, "es", "apertium") == 1
    assert Dataset.open(dataset.root).languages == ("en",)


def test_the_command(dataset: Dataset, isogloss: Program) -> None:
    wrong = isogloss("data", "remove", dataset.root, "--language", "fr")
    assert wrong.code == 2
    assert wrong.sentence == "isogloss: There is no caption table for the language 'fr'; there is en, es."
    assert "--language" in isogloss("data", "remove", dataset.root).sentence
    done = isogloss("data", "remove", dataset.root, "--language", "es")
    assert (done.code, done.output) == (0, f"{dataset.root}: 2 captions were taken out; there is now en\n")
