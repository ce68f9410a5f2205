"""Conversations given away as LLaVA's files come back as they were."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from data.small_dataset import CAPTIONS_OF, SPLITS, make
from data.spoken import ALL, ANT, BEE, BOTH, TALK, TEXT

from isogloss.data.conversation_set import read_conversations
from isogloss.data.dataset import Dataset
from isogloss.data.export.llava import export_llava
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.llava import Llava
from isogloss.data.validate import validate
from isogloss.data.writing import write_conversations
from isogloss.errors import UserError

__all__ = ["isogloss"]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    root = make(tmp_path / "small", SPLITS, CAPTIONS_OF).root
    write_conversations(root, "en", ALL, source="people")
    write_conversations(root, "fr", [replace(BEE, language="fr")], source="engine")
    return Dataset.open(root)


def test_an_export_imported_again_is_equal(dataset: Dataset, isogloss: Program, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = isogloss("data", "export", dataset.root, out, "--format", "llava")
    assert (done.code, done.output.splitlines()) == (
        0,
        [
            f"{out}: 5 conversations in 3 files, 3 pictures",
            f"1 conversation left out; {out / 'rejected.parquet'} says why",
        ],
    )
    assert sorted(path.name for path in out.glob("*.json")) == ["en-test.json", "en-train.json", "fr-test.json"]
    for picture in ("a", "b", "c"):
        content = (out / "images" / f"{picture}.png").read_bytes()
        assert content == (dataset.root / "images" / f"{picture}.png").read_bytes()
    assert [row["key"] for row in pq.read_table(out / "rejected.parquet").to_pylist()] == [TEXT.key]
    for name, wanted in (("en-train", (ANT, BOTH, TALK)), ("en-test", (BEE,))):
        source = Llava.open(str(out / f"{name}.json"), images=str(out / "images"))
        again = import_source(source, tmp_path / name, Import(jobs=1, validation=0, test=0))
        validate(again)
        assert tuple(read_conversations(again.root, "en")) == wanted


def test_entries_are_as_llava_writes_them(dataset: Dataset, tmp_path: Path) -> None:
    export_llava(dataset.root, tmp_path / "out")
    ant, both, talk = json.loads((tmp_path / "out" / "en-train.json").read_text(encoding="utf-8"))
    assert ant["image"] == "a.png" and both["image"] == ["a.png", "c.png"] and "image" not in talk
    assert ant["conversations"][:2] == [
        {"from": "human", "value": "<image>\nWhat is it?"},
        {"from": "gpt", "value": "An ant."},
    ]


def test_a_picture_that_is_gone_leaves_out_its_conversations(dataset: Dataset, tmp_path: Path) -> None:
    (dataset.root / "images" / "a.png").unlink()
    exported = export_llava(dataset.root, tmp_path / "out")
    assert (exported.conversations, exported.pictures, exported.rejected) == (3, 2, 3)
    rejected = pq.read_table(tmp_path / "out" / "rejected.parquet").to_pylist()
    assert {row["key"]: row["reason"] for row in rejected} == {
        "ant": "picture that cannot be read",
        "both": "picture that cannot be read",
        "text": "plain text",
    }


def test_what_cannot_be_exported_is_told_and_leaves_nothing(tmp_path: Path, isogloss: Program) -> None:
    root = make(tmp_path / "small", SPLITS, CAPTIONS_OF).root
    done = isogloss("data", "export", root, tmp_path / "out", "--format", "llava")
    assert done.code == 2 and "has no conversations; export its captions" in done.sentence
    write_conversations(root, "en", [TEXT], source="people")
    with pytest.raises(UserError, match="No conversation of .* can be exported; the first: it is said by nobody"):
        export_llava(root, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))
