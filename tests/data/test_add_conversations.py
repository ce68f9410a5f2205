"""Conversations are added from a file: translations by key, clean or not, once or twice, beside others or in their place."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from data.small_dataset import CAPTIONS_OF, SPLITS, everything, make
from data.spoken import ALL, ANT, BEE, BOTH, TALK

from isogloss.data.add import Added
from isogloss.data.add_conversations import add_conversations, holds_conversations
from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.export.llava import SPEAKERS
from isogloss.data.sources.rows import TableFile
from isogloss.data.validate import validate
from isogloss.data.writing import write_conversations
from isogloss.errors import UserError

__all__ = ["isogloss"]
HINDI = [replace(one, language="hi") for one in (ANT, BEE, BOTH, TALK)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make(tmp_path / "small", SPLITS, CAPTIONS_OF).root
    write_conversations(root, "en", ALL, source="people", splits={"talk": "test"})
    return root


def entry(one: Conversation, **more: Any) -> dict[str, Any]:
    return {"id": one.key, "conversations": [{"from": SPEAKERS[t.role], "value": t.text} for t in one.turns], **more}


def written(path: Path, rows: Sequence[Any]) -> TableFile:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        path.write_text(json.dumps(list(rows)) if path.suffix == ".json" else lines, encoding="utf-8")
    return TableFile(str(path))


@pytest.mark.parametrize("name", ["hindi.jsonl", "hindi.json", "hindi.parquet"])
def test_translations_have_the_pictures_and_the_split_of_their_key(root: Path, tmp_path: Path, name: str) -> None:
    file = written(tmp_path / name, [entry(one) for one in HINDI])
    assert holds_conversations(file)
    assert add_conversations(root, "hi", file) == Added("hi", 4, 0, {})
    assert list(read_conversations(root, "hi", sources=("hindi",))) == HINDI
    assert read_conversations(root, "hi", "test").keys == read_conversations(root, "en", "test").keys == ["bee", "talk"]
    validate(Dataset.open(root))
    before = everything(root)
    assert add_conversations(root, "hi", file) == Added("hi", 0, 4, {})
    assert everything(root) == before


def test_some_are_replaced_and_others_stay(root: Path, tmp_path: Path) -> None:
    write_conversations(root, "hi", HINDI[:1], source="engine")
    add_conversations(root, "hi", written(tmp_path / "a.jsonl", [entry(one) for one in HINDI]), source="people")
    other = replace(HINDI[1], turns=(HINDI[1].turns[0], replace(HINDI[1].turns[1], text="मधुमक्खी।")))
    file = written(tmp_path / "b.jsonl", [entry(other), entry(HINDI[3])])
    assert add_conversations(root, "hi", file, source="people") == Added("hi", 1, 1, {})
    assert set(read_conversations(root, "hi", sources=("people",))) == {HINDI[0], other, *HINDI[2:]}
    assert list(read_conversations(root, "hi", sources=("engine",))) == HINDI[:1]
    add_conversations(root, "hi", file, source="people", replace=True)
    assert list(read_conversations(root, "hi")) == [other, HINDI[3]]


def test_what_cannot_be_used_is_listed(root: Path, tmp_path: Path) -> None:
    rows = [
        entry(HINDI[0]),
        entry(HINDI[0]),
        entry(replace(BEE, key="new"), image="images/b.png"),
        entry(replace(BEE, key="zebra"), image="zebra.png"),
        entry(replace(BEE, key="nobody")),
        {"id": "none", "text": "Hello"},
    ]
    path = tmp_path / "dirty.jsonl"
    written(path, rows)
    path.write_text(path.read_text(encoding="utf-8") + "\n{'id': 1}\n", encoding="utf-8")
    added = add_conversations(root, "hi", TableFile(str(path)))
    reasons = {
        "conversation that is listed twice": 1,
        "unknown picture": 1,
        "marker without a picture": 1,
        "row without a conversation": 1,
        "row that cannot be read": 1,
    }
    assert (added.added, added.rejected) == (2, reasons)
    assert [one.images for one in read_conversations(root, "hi")] == [("a",), ("b",)]
    listed = pq.read_table(root / "rejected" / "added" / "hi.parquet").to_pylist()
    assert sorted(row["reason"] for row in listed) == sorted(reasons)
    before = everything(root)
    with pytest.raises(UserError, match="No conversation of .*x.jsonl can be added .* the first is 'unknown picture'"):
        add_conversations(root, "hi", written(tmp_path / "x.jsonl", rows[3:4]))
    assert everything(root) == before


def test_the_command_knows_them_from_captions(root: Path, tmp_path: Path, isogloss: Program) -> None:
    written(tmp_path / "hindi.jsonl", [entry(HINDI[1]), {"id": "none"}])
    done = isogloss("data", "add", root, "--language", "hi", "--table", tmp_path / "hindi.jsonl")
    assert (done.code, done.output.splitlines()) == (
        0,
        [
            f"{root}: 1 conversation of hi added",
            f"Left out: row without a conversation 1; {root / 'rejected' / 'added' / 'hi.parquet'} lists them",
        ],
    )
    (tmp_path / "captions.csv").write_text("key,caption\na,चींटी\n", encoding="utf-8")
    done = isogloss("data", "add", root, "--language", "hi", "--table", tmp_path / "captions.csv")
    assert done.output == f"{root}: 1 caption of hi added\n"
