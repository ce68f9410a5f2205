"""Wordings of what is asked for, and captions that become conversations by them."""

import csv
import hashlib
import unicodedata
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, make

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.templates.captions import captions_to_conversations
from isogloss.data.templates.instructions import instructed_languages, instructions, reply_in
from isogloss.data.writing import write_captions, write_conversations
from isogloss.errors import UserError
from isogloss.languages import LANGUAGES

SHAPES = ("en", "es", "ja", "hi", "de", "fr", "zh", "bn", "tr", "id")
# Unicode's names of letters begin with the names of scripts; of ISO 15924 codes that stand for several, all are listed.
SCRIPTS = {
    "Latn": ("LATIN",),
    "Cyrl": ("CYRILLIC",),
    "Grek": ("GREEK",),
    "Arab": ("ARABIC",),
    "Hebr": ("HEBREW",),
    "Deva": ("DEVANAGARI",),
    "Beng": ("BENGALI",),
    "Taml": ("TAMIL",),
    "Telu": ("TELUGU",),
    "Gujr": ("GUJARATI",),
    "Guru": ("GURMUKHI",),
    "Thai": ("THAI",),
    "Hang": ("HANGUL",),
    "Kore": ("HANGUL",),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA"),
    "Hans": ("CJK",),
    "Hant": ("CJK",),
}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def test_at_least_forty_languages_have_three_wordings_and_a_reply() -> None:
    tags = instructed_languages()
    assert len(tags) >= 40 and set(SHAPES) <= set(tags)
    for tag in tags:
        found = instructions(tag)
        assert len(set(found)) == len(found) >= (6 if tag in SHAPES else 3), tag
        assert reply_in(tag)


def test_the_file_is_in_nfc_and_every_wording_in_its_own_script_and_language_only() -> None:
    text = files("isogloss.data.templates").joinpath("instructions.csv").read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["use"] for row in rows} == {"describe", "reply"}
    assert Counter(row["use"] for row in rows)["reply"] == len(instructed_languages())
    for row in rows:
        names = SCRIPTS[LANGUAGES[row["language"]].script]
        # Modifiers and marks belong to their letters.
        letters = [sign for sign in row["text"] if unicodedata.category(sign) in ("Lu", "Ll", "Lo")]
        assert letters and all(unicodedata.name(sign).startswith(names) for sign in letters), row
        assert "<image>" not in row["text"] and row["text"] == row["text"].strip()


def test_a_tag_may_be_written_otherwise() -> None:
    assert instructions("deu_Latn") == instructions("de")
    assert reply_in("zh-TW") == reply_in("zh-Hant") != reply_in("zh")


def test_a_language_without_wordings_says_how_to_give_some(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no wordings of 'describe' in Breton \(br\); give them in a file: CSV with"):
        instructions("br")
    with pytest.raises(UserError, match="no wordings of 'reply' in Breton"):
        reply_in("br")
    file = tmp_path / "own.csv"
    file.write_text("language,use,text\nbr,describe,Petra a welit?\nen,describe,Look!\n", encoding="utf-8-sig")
    assert instructions("br", file) == ("Petra a welit?",)
    assert instructions("en", file) == ("Look!",)
    assert instructions("de", file) == instructions("de")
    with pytest.raises(UserError, match="own.csv has none either"):
        reply_in("br", file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("language,text\nbr,x\n", "should have the columns language, use, text"),
        ("", "should have the columns"),
        ("language,use,text\nbr,ask,x\n", "Row 2 of .* should have 'describe' or 'reply'"),
        ("language,use,text\nbr,describe\n", "Row 2 of .* and a text"),
        ("language,use,text\nklingon,describe,x\n", "There is no language 'klingon'"),
    ],
)
def test_a_bad_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "own.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        instructions("br", tmp_path / "own.csv")
    (tmp_path / "own.csv").write_bytes(b"language,use,text\nbr,describe,\xff\n")
    with pytest.raises(UserError, match="own.csv cannot be read"):
        instructions("br", tmp_path / "own.csv")
    with pytest.raises(UserError, match="none.csv is missing"):
        instructions("br", tmp_path / "none.csv")


def naive(picture: str, number: int, text: str) -> Conversation:
    key = f"{picture}#{number}"
    asked = instructions("en")[int(hashlib.sha256(key.encode()).hexdigest()[:16], 16) % len(instructions("en"))]
    return Conversation(key, "en", (picture,), (Turn("user", f"<image>\n{asked}"), Turn("assistant", text)))


def test_each_caption_becomes_a_conversation(dataset: Dataset) -> None:
    made = list(captions_to_conversations(dataset, "en"))
    rows = [("a", 0, "an ant"), ("a", 1, "another ant"), ("b", 0, "a bee"), ("c", 0, "a cat"), ("d", 0, "a dog")]
    assert made == [naive(*row) for row in rows]
    write_conversations(dataset.root, "en", made, source="captions")
    assert tuple(read_conversations(dataset.root, "en")) == tuple(made)


def test_all_wordings_are_used(dataset: Dataset) -> None:
    many = caption_table([("a", f"ant {number}") for number in range(300)])
    write_captions(dataset.root, "en", many)
    asked = Counter(one.turns[0].text for one in captions_to_conversations(Dataset.open(dataset.root), "en"))
    assert len(asked) == len(instructions("en")) and min(asked.values()) > 20


def test_translations_have_the_keys_of_what_they_translate(dataset: Dataset) -> None:
    table = caption_table([("a", "otra hormiga"), ("b", "una abeja")], "engine")
    table = table.set_column(4, "original", pa.array([1, 0], pa.int32()))
    write_captions(dataset.root, "es", pa.concat_tables([caption_table([("a", "mi hormiga")], "human"), table]))
    opened = Dataset.open(dataset.root)
    assert [one.key for one in captions_to_conversations(opened, "es", sources=["engine"])] == ["a#1", "b#0"]
    assert [one.key for one in captions_to_conversations(opened, "es")] == ["a#0", "a#1", "b#0"]
    with pytest.raises(UserError, match="There is no source of the captions in 'es' 'engin'"):
        captions_to_conversations(opened, "es", sources=["engin"])
    with pytest.raises(UserError, match="no caption table for the language 'fr'"):
        captions_to_conversations(opened, "fr")
