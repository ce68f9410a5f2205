"""The baseline of translation: English replies, put into each language about the same pictures."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from models.tiny_chat import save_writer
from transformers import AutoModelForCausalLM, AutoTokenizer

from isogloss.data.templates.instructions import instructions
from isogloss.evaluate.replies import REPLIES, reply_table
from isogloss.evaluate.through_english import by_language_model, through_english


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


def spelled(texts: Sequence[str], language: str) -> Sequence[str]:
    return [f"{text} in {language}" for text in texts]


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

    def noting(texts: Sequence[str], language: str) -> Sequence[str]:
        asked.append((list(texts), language))
        return texts

    through_english(SEEN, noting)
    assert asked == [(["a cat", "two cats"], "es"), (["two cats"], "ja")]


def test_a_picture_without_an_english_reply() -> None:
    with pytest.raises(ValueError, match="the picture 'c' has no reply in English"):
        through_english(pa.concat_tables([SEEN, replies(("c", "es", "un perro", "un gato"))]), spelled)


def test_a_translator_that_loses_a_text_is_no_translator() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        through_english(SEEN, lambda texts, language: texts[1:])


def test_a_language_model_is_told_the_text_and_asked_in_the_other_language(tmp_path: Path) -> None:
    folder = save_writer(tmp_path, "qwen3")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    texts = ["the cat sat on the mat", "a dog", ""]
    found = by_language_model(folder)(texts, "es")
    for text, reply in zip(texts, found, strict=True):
        turns = [{"role": "user", "content": f"{text}\n{instructions('es')[0]}"}]
        asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        ids = asked["input_ids"]
        with torch.no_grad():
            written = model.generate(**asked, max_new_tokens=96, do_sample=False)[0, ids.shape[1] :]
        assert reply == tokenizer.decode(written, skip_special_tokens=True).strip()
    assert len(set(found)) > 1
