"""Tables of conversations: written whole or not at all, read lazily, and checked."""

import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, everything, make
from data.spoken import ALL, ANT, BEE, BOTH, TALK, TEXT, conversation
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data import conversation_set
from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import (
    CONVERSATIONS,
    conversation_languages,
    conversations_of,
    table_of,
    table_path,
)
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.tables import IMAGES
from isogloss.data.validate import validate
from isogloss.data.writing import write_conversations, write_dataset
from isogloss.errors import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF).root


def keys(root: Path, split: str = "all", sources: tuple[str, ...] | None = None) -> list[str]:
    return read_conversations(root, "en", split, sources).keys


def test_what_is_written_is_read(root: Path) -> None:
    assert conversation_languages(root) == ()
    write_conversations(root, "en", iter(ALL), source="made up")
    assert conversation_languages(root) == ("en",)
    found = read_conversations(root, "en")
    assert tuple(found) == ALL
    assert (found[-1], found[2], tuple(found[1:3])) == (TEXT, BOTH, (BEE, BOTH))
    assert tuple(found.take(np.array([3, 0]))) == (TALK, ANT)
    with pytest.raises(IndexError):
        found[5]
    validate(Dataset.open(root))
    counts = json.loads((root / "dataset.json").read_text(encoding="utf-8"))["conversations"]
    assert counts == {"en": {"conversations": 5, "turns": 12, "images": 3}}
    assert tuple(pickle.loads(pickle.dumps(found[1:]))) == ALL[1:]


def test_captions_and_conversations_stand_beside_each_other(root: Path) -> None:
    before = Dataset.open(root)
    write_conversations(root, "tr", [replace(TALK, language="tr")], source="made up")
    after = Dataset.open(root)
    assert (after.languages, after.splits) == (before.languages, before.splits)
    assert after.captions("en").equals(before.captions("en"))


def test_a_conversation_lies_in_the_split_of_its_pictures_and_others_where_they_are_put(root: Path) -> None:
    write_conversations(root, "en", ALL, source="made up", splits={"text": "validation"})
    assert keys(root, "train") == ["ant", "both", "talk"]
    assert keys(root, "test") == ["bee"]
    assert keys(root, "validation") == ["text"]
    with pytest.raises(UserError, match="There is no split 'traiin'; did you mean 'train'"):
        keys(root, "traiin")


def test_a_source_is_replaced_and_others_stay(root: Path) -> None:
    write_conversations(root, "en", [ANT, BEE], source="first")
    write_conversations(root, "en", [ANT, TALK], source="second")
    write_conversations(root, "en", [TEXT], source="first")
    assert keys(root) == ["ant", "talk", "text"]
    assert keys(root, sources=("first",)) == ["text"]
    with pytest.raises(
        UserError, match="There is no source of the conversations in 'en' 'firstt'; did you mean 'first'"
    ):
        keys(root, sources=("firstt",))
    write_conversations(root, "en", [], source="second")
    write_conversations(root, "en", [], source="first")
    assert conversation_languages(root) == ()
    with pytest.raises(UserError, match="There is no table of conversations for the language 'en'"):
        keys(root)
    validate(Dataset.open(root))


def test_texts_are_in_nfc_and_keep_their_lines(root: Path) -> None:
    said = conversation("k", "cafe\u0301\n\n?", "  sí\t")
    write_conversations(root, "en", [TALK, said], source="made up")
    assert read_conversations(root, "en")[1].turns == (Turn("user", "café\n\n?"), Turn("assistant", "  sí\t"))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([conversation("k", "What?", "A flea.", images=("z",))], r"'k' \(picture without a marker: 0 <image> for 1"),
        ([conversation("k", "<image>", "A flea.", images=("z",))], "does not list, the first for 'z' in the .* 'k'"),
        ([conversation("k", "Hi"), ANT, conversation("l", "Hi")], r"2 conversations .* the first 'k' \(no reply"),
        ([ANT, ANT], "1 key that several conversations of one source have, the first 'ant'"),
        ([replace(BOTH, images=("a", "b"))], "'both' in .* are in the splits 'train' and 'test'"),
        ([replace(ANT, language="es")], "'ant' is in 'es'; write each language by itself"),
        ([conversation("k", "Hi \ud83d", "x")], "'k' holds half a character"),
    ],
)
def test_what_cannot_be_used_leaves_the_folder_as_it_was(root: Path, bad: list[Conversation], message: str) -> None:
    write_conversations(root, "en", ALL, source="made up")
    before = everything(root)
    with pytest.raises(UserError, match=message):
        write_conversations(root, "en", bad, source="made up")
    assert everything(root) == before


def test_an_unknown_language_and_a_folder_that_is_none_are_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'pt-BR' is written 'pt'"):
        write_conversations(root, "pt-BR", [], source="made up")
    with pytest.raises(UserError, match="is no dataset folder"):
        write_conversations(tmp_path, "en", [ANT], source="made up")


def damage(root: Path, **columns: list[object]) -> None:
    table = table_of([ANT, BEE], "en", "made up")
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values, CONVERSATIONS.field(name).type))
    pq.write_table(table, table_path(root, "en"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"roles": [["user"], ["user", "assistant"]]}, "not as many roles as texts in the conversation 'ant'"),
        (
            {"roles": [["user", "gpt", "user", "gpt"], ["user", "assistant"]]},
            "has turns of 'gpt'; the roles are system",
        ),
        ({"texts": [["a", None, "c", "d"], ["e", "f"]]}, "1 row with nothing in 'texts'"),
        ({"key": ["ant", None]}, "1 row with nothing in 'key'"),
        ({"images": [["a"], ["q"]]}, "the first for 'q' in the conversation 'bee'"),
    ],
)
def test_a_damaged_table_is_told_when_it_is_read(root: Path, columns: dict[str, list[object]], message: str) -> None:
    write_conversations(root, "en", [ANT], source="made up")
    damage(root, **columns)
    with pytest.raises(UserError, match=message):
        read_conversations(root, "en")
    with pytest.raises(UserError, match=message):
        validate(Dataset.open(root))


def test_the_check_finds_what_reading_does_not_look_for(root: Path) -> None:
    write_conversations(root, "en", [ANT], source="made up")
    damage(root)
    with pytest.raises(UserError, match="dataset.json in .* counts .* in the conversations of 'en'"):
        validate(Dataset.open(root))
    damage(root, texts=[["<image>", "", "c", "d"], ["<image>", "f"]])
    with pytest.raises(UserError, match=r"1 conversation that cannot be used, the first 'ant' \(empty turn"):
        validate(Dataset.open(root))


def test_a_file_that_is_cut_short_or_gone_is_named(root: Path) -> None:
    write_conversations(root, "en", ALL, source="made up")
    path = table_path(root, "en")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="en.parquet cannot be read"):
        read_conversations(root, "en")
    path.unlink()
    with pytest.raises(UserError, match="en.parquet is missing, a table of conversations that dataset.json names"):
        read_conversations(root, "en")


def test_a_large_table_is_mapped_and_says_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [replace(one, key=f"{one.key}-{number}") for number in range(5000) for one in ALL]
    write_conversations(root, "en", many, source="made up")
    read = read_conversations(root, "en", "train")
    monkeypatch.setattr(conversation_set, "IN_MEMORY", 0)
    mapped = read_conversations(root, "en", "train")
    assert list((root / ".index").glob("conversations-en-*.arrow"))
    before = pa.total_allocated_bytes()
    again = read_conversations(root, "en", "train")
    assert pa.total_allocated_bytes() - before < 2_000_000
    assert len(read) == len(mapped) == len(again) == 20_000
    for place in (0, 1, 7_777, 19_999):
        assert read[place] == mapped[place] == again[place]
    write_conversations(root, "en", [ANT], source="made up")
    assert tuple(read_conversations(root, "en", "train")) == (ANT,)


def test_a_mapped_table_goes_to_another_process_as_its_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [replace(one, key=f"{one.key}-{number}") for number in range(5000) for one in ALL]
    write_conversations(root, "en", many, source="made up")
    monkeypatch.setattr(conversation_set, "IN_MEMORY", 0)
    some = read_conversations(root, "en", "train").take(np.array([1, 7_777, 19_999]))
    assert some.keys and some[0]  # what is made when first asked for is not sent
    sent = pickle.dumps(some)
    assert len(sent) < 2_000
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert pool.submit(tuple, some).result() == tuple(some)
    write_conversations(root, "en", [ANT], source="made up")
    read_conversations(root, "en")
    with pytest.raises(UserError, match="conversations-en-.* was changed while it was in use; run this again"):
        pickle.loads(sent)


def test_a_folder_of_text_alone(tmp_path: Path) -> None:
    talk, text = replace(TALK, language="ja"), replace(TEXT, language="ja")
    dataset = write_dataset(
        tmp_path / "text",
        name="text",
        description="",
        licence="",
        sources=[],
        images=IMAGES.empty_table(),
        captions={},
        notes={},
        conversations={
            "ja": table_of([talk, text], "ja", "made up", {"text": "test"}),
            "en": table_of([TALK], "en", "made up"),
        },
    )
    validate(dataset)
    assert conversation_languages(dataset.root) == ("en", "ja")
    assert tuple(read_conversations(dataset.root, "ja", "test")) == (text,)
    assert tuple(read_conversations(dataset.root, "ja", "train")) == (talk,)
    write_conversations(dataset.root, "en", [TALK, TEXT], source="made up")
    assert len(read_conversations(dataset.root, "en")) == 2


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(lambda text: f"x{text}")


@given(st.lists(st.tuples(words, st.lists(st.tuples(words, words), min_size=1, max_size=3)), max_size=5))
def test_a_table_holds_what_it_was_made_of(rows: list[tuple[str, list[tuple[str, str]]]]) -> None:
    made = [conversation(key, *(text for pair in said for text in pair)) for key, said in rows]
    assert list(conversations_of(table_of(iter(made), "en", "made up"), "en")) == made
