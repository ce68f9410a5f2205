"""Conversations are given away: beside the one picture that they are about, or else in files of their own."""

import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from data.export.pictures import KEYS, build, speaking
from data.export.test_webdataset import samples

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import IMAGE, Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.export.job import FORMATS, Exported, export_dataset
from isogloss.data.export.webdataset import sample_name
from isogloss.data.validate import validate

__all__ = ["isogloss"]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return speaking(tmp_path / "nine")


def spoken(dataset: Dataset, language: str) -> dict[tuple[str, str], Conversation]:
    """All conversations by key and source."""
    found = read_conversations(dataset.root, language)
    return dict(zip(zip(found.keys, found.table["source"].to_pylist(), strict=True), found, strict=True))


def about(member: dict[str, bytes]) -> dict[str, Any]:
    return json.loads(member["json"])


def test_a_member_says_what_is_said_of_its_picture(dataset: Dataset, tmp_path: Path) -> None:
    exported = export_dataset(dataset.root, tmp_path / "out", "webdataset", shard_bytes=500, jobs=1)
    assert exported == Exported(exported.files, 9, 0, 0, beside=5, apart=3)
    members = [about(one) for split in ("train", "test_dev") for one in samples(tmp_path / "out", split)]
    said = {one["key"]: one["conversations"] for one in members}
    assert {key for key, some in said.items() if some} == set(KEYS[:2]) and len(said) == 9
    assert [(one["id"], one["language"], one["source"]) for one in said[KEYS[0]]] == [
        ("beach", "en", "hand"),
        ("beach again", "en", "hand"),
        ("beach", "hi", "engine"),
        ("beach", "hi", "other engine"),
    ]
    assert said[KEYS[1]] == [
        {
            "id": "market",
            "language": "en",
            "source": "hand",
            "conversations": [{"from": "human", "value": IMAGE}, {"from": "gpt", "value": "A market."}],
        }
    ]


def test_datasets_reads_the_archives_with_conversations(dataset: Dataset, tmp_path: Path) -> None:
    export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    opened: Any = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    first = next(row for row in opened if row["json"]["key"] == KEYS[0])["json"]["conversations"]
    assert first[0]["conversations"][1] == {"from": "gpt", "value": "A beach.\n\n1. Sand"}


def test_datasets_reads_messages_beside_the_picture_and_the_others_by_name(dataset: Dataset, tmp_path: Path) -> None:
    export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1)
    opened: Any = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    beach = next(row for row in opened if row["key"] == KEYS[0])
    assert beach["image"].size == (8, 8)
    hindi = [{"role": "user", "content": f"{IMAGE}\nयह क्या है?"}, {"role": "assistant", "content": "समुद्र तट।"}]
    assert beach["conversations_hi"][0] == {"id": "beach", "source": "engine", "score": None, "messages": hindi}
    assert [one["id"] for one in beach["conversations_en"]] == ["beach", "beach again"]
    assert all(row["conversations_en"] == [] for row in opened if row["key"] != KEYS[0])
    apart: Any = datasets.load_dataset(str(tmp_path / "out"), "conversations", cache_dir=str(tmp_path / "cache"))
    assert {name: rows["id"][:] for name, rows in apart.items()} == {"train": ["both", "text"], "test_dev": ["hello"]}
    both, text = apart["train"]
    assert (both["language"], both["source"], both["images"]) == ("en", "hand", [KEYS[0], KEYS[2]])
    assert [one["role"] for one in text["messages"]] == ["text", "text"]


@pytest.mark.parametrize("kind", FORMATS)
def test_conversations_come_back(
    kind: str, dataset: Dataset, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    out, back = tmp_path / "out", tmp_path / "back"
    done = isogloss("data", "export", dataset.root, out, "--format", kind)
    assert "5 conversations beside pictures; 3 about no picture or several in" in done.output
    if kind == "webdataset":
        done = isogloss("data", "webdataset", f"train={out}/train-*.tar", f"test={out}/test_dev-*.tar", back)
    else:
        done = isogloss("data", "hub", out, back, "--key", "key")
    assert done.code == 0, done.errors
    for file in ("en-train", "en-test_dev"):
        done = isogloss("data", "add", back, "--language", "en", "--table", out / "conversations" / f"{file}.parquet")
        assert done.code == 0, done.errors
    again = Dataset.open(back)
    validate(again)
    names = {key: sample_name(key) if kind == "webdataset" else key for key in KEYS}
    for language in ("en", "hi"):
        wanted = {
            key: (tuple(names[one] for one in said.images), said.turns)
            for key, said in spoken(dataset, language).items()
        }
        found = {key: (said.images, said.turns) for key, said in spoken(again, language).items()}
        assert {key[0] for key in found} == {key[0] for key in wanted}
        beside = {key: said for key, said in wanted.items() if len(said[0]) == 1}
        assert {key: found[key] for key in beside} == beside, "with their sources"
        apart = {key[0]: said for key, said in wanted.items() if len(said[0]) != 1}
        assert {key[0]: said for key, said in found.items() if key not in beside} == apart


def test_what_is_said_of_a_picture_that_is_gone_is_left_out_and_counted(dataset: Dataset, tmp_path: Path) -> None:
    rows = {one["key"]: one for one in dataset.images().to_pylist()}
    Path(dataset.locate(rows[KEYS[0]]["file"])).write_bytes(b"gone")
    exported = export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1)
    assert (exported.rejected, exported.beside, exported.apart, exported.unheard) == (1, 1, 2, 5)
    train = pq.read_table(tmp_path / "out" / "conversations" / "en-train.parquet")
    assert train["id"].to_pylist() == ["text"]


def test_what_cannot_be_used_is_listed_with_the_reason(dataset: Dataset, isogloss: Program, tmp_path: Path) -> None:
    out, back = tmp_path / "out", tmp_path / "back"
    export_dataset(dataset.root, out, "webdataset", jobs=1)
    archive = next(out.glob("train-*.tar"))
    whole = archive.read_bytes()
    # As many bytes as before, so that the archive stays one.
    archive.write_bytes(
        whole.replace(b'"language": "hi"', b'"language": "qq"').replace(b'"from": "gpt"', b'"from": "gpu"', 1)
    )
    assert isogloss("data", "webdataset", archive, back).code == 0
    reasons = sorted(pq.read_table(back / "rejected.parquet")["reason"].to_pylist())
    assert reasons == ["conversation in no known language"] * 2 + ["unknown role"]
    assert list(spoken(Dataset.open(back), "en")) == [("beach again", "hand")]


def test_a_dataset_without_conversations_says_nothing_of_them(tmp_path: Path) -> None:
    export_dataset(build(tmp_path / "nine").root, tmp_path / "out", "webdataset", jobs=1)
    assert "conversations" not in about(samples(tmp_path / "out", "train")[0])
    assert "onversation" not in (tmp_path / "out" / "README.md").read_text()
    assert not (tmp_path / "out" / "conversations").exists()
