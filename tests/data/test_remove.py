"""Captions and conversations taken out of a dataset folder."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from cli.program import Program
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, make
from data.spoken import ALL

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages, table_path
from isogloss.data.dataset import Dataset
from isogloss.data.remove import Removed, remove
from isogloss.data.validate import validate
from isogloss.data.writing import write_captions, write_conversations
from isogloss.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def test_a_language(dataset: Dataset) -> None:
    assert remove(dataset.root, "es") == Removed(captions=2)
    opened = Dataset.open(dataset.root)
    assert opened.languages == ("en",)
    assert set(opened.information["languages"]) == {"en"}
    validate(opened)


def test_a_language_whose_table_was_deleted(dataset: Dataset) -> None:
    (dataset.root / "captions" / "es.parquet").unlink()
    with pytest.raises(UserError, match="es.parquet is missing.*isogloss data remove .* --language es"):
        Dataset.open(dataset.root)
    assert remove(dataset.root, "es") == Removed()
    assert Dataset.open(dataset.root).languages == ("en",)


def test_what_one_source_said(dataset: Dataset) -> None:
    both = pa.concat_tables([dataset.captions("es"), caption_table([("c", "un gato")], source="apertium")])
    write_captions(dataset.root, "es", both)
    with pytest.raises(UserError, match="There is no source of the captions in 'es' 'gogle'; there is apertium, test"):
        remove(dataset.root, "es", "gogle")
    assert remove(dataset.root, "es", "test") == Removed(captions=2)
    opened = Dataset.open(dataset.root)
    assert opened.captions("es")["text"].to_pylist() == ["un gato"]
    validate(opened)
    assert remove(dataset.root, "es", "apertium") == Removed(captions=1)
    assert Dataset.open(dataset.root).languages == ("en",)


def test_conversations_of_a_language_of_a_source_or_all(dataset: Dataset) -> None:
    root = dataset.root
    write_captions(root, "es", pa.concat_tables([dataset.captions("es"), caption_table([("c", "un gato")], "engine")]))
    spanish = [replace(one, language="es") for one in ALL]
    write_conversations(root, "es", spanish[:2], source="people")
    write_conversations(root, "es", spanish, source="engine")
    with pytest.raises(
        UserError, match="no source of the captions and conversations in 'es' 'x'; there is engine, peo"
    ):
        remove(root, "es", "x")
    with pytest.raises(UserError, match="There is no source of the captions in 'es' 'people'"):
        remove(root, "es", "people", "captions")
    with pytest.raises(UserError, match="There is no kind of text to take out 'talk'"):
        remove(root, "es", what="talk")
    with pytest.raises(UserError, match="There is no table of conversations for the language 'en'"):
        remove(root, "en", what="conversations")
    assert remove(root, "es", "engine", "conversations") == Removed(conversations=5)
    assert list(read_conversations(root, "es")) == spanish[:2]
    assert Dataset.open(root).captions("es").num_rows == 3
    assert remove(root, "es", "engine") == Removed(captions=1)
    assert remove(root, "es", "people") == Removed(conversations=2)
    assert conversation_languages(root) == ()
    validate(Dataset.open(root))
    write_conversations(root, "es", spanish, source="engine")
    assert remove(root, "es") == Removed(captions=2, conversations=5)
    assert Dataset.open(root).languages == ("en",)
    validate(Dataset.open(root))


def test_a_table_of_conversations_that_was_deleted(dataset: Dataset, isogloss: Program) -> None:
    write_conversations(dataset.root, "en", ALL, source="people")
    table_path(dataset.root, "en").unlink()
    with pytest.raises(UserError, match="en.parquet is missing.*isogloss data remove .* --what conversations"):
        conversation_languages(dataset.root)
    done = isogloss("data", "remove", dataset.root, "--language", "en", "--what", "conversations")
    assert (done.code, done.output) == (0, f"{dataset.root}: 0 captions taken out; there is now en, es\n")
    validate(Dataset.open(dataset.root))


def test_the_command_says_both(dataset: Dataset, isogloss: Program) -> None:
    write_conversations(dataset.root, "en", ALL, source="people")
    write_conversations(dataset.root, "es", [replace(one, language="es") for one in ALL[:1]], source="people")
    done = isogloss("data", "remove", dataset.root, "--language", "es")
    assert done.output == (
        f"{dataset.root}: 2 captions and 1 conversation taken out; there is now en and en in conversations\n"
    )


def test_the_command(dataset: Dataset, isogloss: Program) -> None:
    wrong = isogloss("data", "remove", dataset.root, "--language", "fr")
    assert wrong.code == 2
    assert (
        wrong.sentence
        == "isogloss: There is no table of captions or conversations for the language 'fr'; there is en, es."
    )
    assert "--language" in isogloss("data", "remove", dataset.root).sentence
    done = isogloss("data", "remove", dataset.root, "--language", "es")
    assert (done.code, done.output) == (0, f"{dataset.root}: 2 captions taken out; there is now en\n")
