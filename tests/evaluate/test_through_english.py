"""The baseline of translation: English replies, put into each language about the same pictures."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from data.chat_tokenizers import THINKING
from models.tiny_chat import save_writer
from transformers import AutoModelForCausalLM, AutoTokenizer

from isogloss.data.chat_template import ChatTemplate
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation
from isogloss.data.templates.instructions import instructions
from isogloss.errors import UserError
from isogloss.evaluate import through_english as evaluate_module
from isogloss.evaluate.replies import REPLIES, reply_table
from isogloss.evaluate.through_english import by_engine, by_language_model, through_english
from isogloss.languages import Language
from isogloss.translate.engine import Translation
from isogloss.translate.engines import EngineChoice


def replies(*rows: tuple[str, str, str, str]) -> pa.Table:
    """Rows of key, language, reply and reference."""
    keys, languages, said, right = zip(*rows, strict=True)
    return reply_table(
        key=keys,
        language=languages,
        instruction=[f"{tag}?" for tag in languages],
        reply=said,
        references=[[one] for one in right],
    )


SEEN = replies(
    ("a", "es", "un perro", "un gato"),
    ("b", "es", "dos perros", "dos gatos"),
    ("a", "en", "a cat", "a cat"),
    ("b", "ja", "犬", "猫"),
    ("b", "en", "two cats", "two cats"),
)


def spelled(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
    assert source == "en"
    return [f"{text} in {target}" for text in texts]


def test_english_replies_in_the_place_of_all_others() -> None:
    found = through_english(SEEN, spelled)
    assert found.schema == REPLIES
    assert (
        found.to_pylist()
        == replies(
            ("a", "es", "a cat in es", "un gato"),
            ("b", "es", "two cats in es", "dos gatos"),
            ("b", "ja", "two cats in ja", "猫"),
        ).to_pylist()
    )


def test_each_language_is_translated_at_once() -> None:
    asked: list[tuple[list[str], str]] = []

    def noting(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
        asked.append((list(texts), target))
        return texts

    through_english(SEEN, noting)
    assert asked == [(["a cat", "two cats"], "es"), (["two cats"], "ja")]


def test_a_picture_without_an_english_reply() -> None:
    with pytest.raises(ValueError, match="the picture 'c' has no reply in English"):
        through_english(pa.concat_tables([SEEN, replies(("c", "es", "un perro", "un gato"))]), spelled)


def test_a_translator_that_loses_a_text_is_no_translator() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        through_english(SEEN, lambda texts, source, target: texts[1:])


def test_a_language_model_is_told_the_text_and_asked_in_the_other_language(tmp_path: Path) -> None:
    folder = save_writer(tmp_path, "qwen3")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    texts = ["the cat sat on the mat", "a dog", ""]
    found = by_language_model(folder)(texts, "en", "es")
    for text, reply in zip(texts, found, strict=True):
        turns = [{"role": "user", "content": f"{text}\n{instructions('es')[0]}"}]
        asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        ids = asked["input_ids"]
        with torch.no_grad():
            written = model.generate(**asked, max_new_tokens=96, do_sample=False)[0, ids.shape[1] :]
        assert reply == tokenizer.decode(written, skip_special_tokens=True).strip()
    assert len(set(found)) > 1


def test_a_language_model_that_thinks_is_asked_without_a_thought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noting(model: object, conversations: Sequence[Conversation], tokens: ChatTokens, most: int) -> list[str]:
        asked.extend(ChatTemplate(tokens.tokenizer).prompt(one.turns).text for one in conversations)
        return ["" for _ in conversations]

    monkeypatch.setattr(evaluate_module, "continuations", noting)
    by_language_model(save_writer(tmp_path, "qwen3", THINKING))(["a dog"], "en", "es")
    assert "a dog" in asked[0]
    assert asked[0].endswith("<think>\n\n</think>\n\n")


@pytest.fixture
def table(tmp_path: Path) -> EngineChoice:
    """An engine that knows a few texts, and has none for others."""
    file = tmp_path / "known.csv"
    file.write_text("en,es\nWhat is this?,¿Qué es esto?\nA cat.,Un gato.\nA dog.,Un perro.\n", encoding="utf-8")
    return EngineChoice("table", str(file))


def test_an_engine_puts_line_by_line_and_leaves_pictures_where_they_are(table: EngineChoice) -> None:
    translate = by_engine(table)
    texts = ["<image>\nWhat is  this?", "A cat.\nA dog.", "A cat.", "", "12", "A bird."]
    assert translate(texts, "en", "es") == ["<image>\n¿Qué es esto?", "Un gato.\nUn perro.", "Un gato.", "", "12", ""]
    assert translate(["<image>\n¿Qué es esto?"], "es", "en") == ["<image>\nWhat is this?"]


def test_each_line_is_put_once_and_as_many_at_a_time_as_the_engine_likes(
    table: EngineChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    class Noting:
        texts_per_call = 2

        def check(self, source: Language, target: Language) -> None:
            pass

        def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
            asked.append(list(texts))
            return [Translation(text.upper()) for text in texts]

    monkeypatch.setattr(evaluate_module, "open_engine", lambda choice: Noting())
    assert by_engine(table)(["a", "b\na", "c"], "en", "es") == ["A", "B\nA", "C"]
    assert asked == [["a", "b"], ["c"]]


def test_a_language_that_the_engine_lacks(table: EngineChoice) -> None:
    with pytest.raises(UserError, match="has no column 'ja'"):
        by_engine(table)(["A cat."], "en", "ja")
