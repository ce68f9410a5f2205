"""The language model's tokenizer writes any text again, cuts no letter in two, and is the same every time."""

import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from isogloss.data.conversations import IMAGE
from isogloss.errors import UserError
from isogloss.models.lm_tokenizer import SPECIAL, pieces, train_lm_tokenizer

TEXTS = [
    "a small red circle to the left of two blue squares",
    "un círculo rojo pequeño a la izquierda de dos cuadrados azules",
    "二つの青い四角の左にある小さい赤い丸",
    "दो नीले वर्गों के बाईं ओर एक छोटा लाल वृत्त",
    "দুটি নীল বর্গক্ষেত্রের বাঁ দিকে একটি ছোট লাল বৃত্ত",
    "两个蓝色方块左边的一个小红色圆形",
]
# Letters of several characters, and words of scripts that know no spaces.
LETTERS = [
    *"अआकত赤丸红あカーっ é.",
    "e\u0301",
    "कि",
    "क्षे",
    "त्रि",
    "ঁ",
    "ক্ষ",
    "তি",
    "য়",
    "क्\u200d",
    "क\u200cक",
    "が",
    "か\u3099",
]
SCRIPTS = st.lists(st.sampled_from(LETTERS), max_size=12).map("".join)
TURNS = [
    {"role": "user", "content": "<image>\nWhat is it?"},
    {"role": "assistant", "content": "a red circle"},
    {"role": "user", "content": "¿Y su color?"},
    {"role": "assistant", "content": "rojo"},
]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_lm_tokenizer(TEXTS, 500, 256)


def written(tokenizer: PreTrainedTokenizerFast, text: str) -> str:
    return tokenizer.decode(tokenizer(text)["input_ids"])


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"])) | SCRIPTS)
@example("\x00 \t\r\n\n  ▁ <0x41> 👩‍👩‍👧 \u0301")
@example("don't , . n't")
def test_every_text_is_written_again(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert written(tokenizer, text) == unicodedata.normalize("NFC", text)


@given(SCRIPTS)
def test_no_piece_ends_inside_a_letter(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    places = {place for _, span in pieces().pre_tokenize_str(composed) for place in span}
    letters = regex.finditer(r"\X", composed)
    assert places <= {0, *(match.end() for match in letters)}


def test_words_stay_whole_and_han_characters_alone() -> None:
    def cut(text: str) -> list[str]:
        return [piece for piece, _ in pieces().pre_tokenize_str(text)]

    assert cut("छोटा लाल वृत्त, 12") == ["छोटा", " लाल", " वृत्त", ",", " 1", "2"]
    assert cut("左边的红色圆形") == list("左边的红色圆形")
    assert cut("二つの青い四角") == ["二", "つの", "青", "い", "四", "角"]


def test_no_learnt_token_holds_half_a_character(tokenizer: PreTrainedTokenizerFast) -> None:
    for text in TEXTS:
        tokens = tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])
        assert "".join(tokens) == unicodedata.normalize("NFC", text)
    assert tokenizer.convert_ids_to_tokens(tokenizer("ж")["input_ids"]) == ["<0xD0>", "<0xB6>"]


def test_rare_characters_leave_room_for_words() -> None:
    kanji = "".join(chr(0x4E00 + number) for number in range(400))
    tokenizer = train_lm_tokenizer([*["the circle "] * 3, kanji], 300, 64)
    assert len(tokenizer) <= 300
    assert tokenizer.convert_ids_to_tokens(tokenizer("the circle")["input_ids"]) == ["the", " circle"]
    assert written(tokenizer, kanji) == kanji


def test_two_trainings_give_one_tokenizer() -> None:
    # Many characters and pairs that are equally frequent, where an order that changes would show.
    texts = [chr(0x4E00 + number) + chr(0x61 + number % 26) * 3 for number in range(300)] * 2
    first, second = (train_lm_tokenizer(texts, 420, 64) for _ in range(2))
    assert first.backend_tokenizer.to_str() == second.backend_tokenizer.to_str()


def test_special_tokens(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL)) == list(range(len(SPECIAL)))
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|end|>", "<|endoftext|>")
    assert tokenizer("<image>\nred")["input_ids"][0] == SPECIAL.index(IMAGE)
    assert len(tokenizer) <= 500


def test_the_chat_template_marks_what_an_assistant_writes(tokenizer: PreTrainedTokenizerFast) -> None:
    encoded = tokenizer.apply_chat_template(TURNS, return_dict=True, return_assistant_tokens_mask=True)
    assert tokenizer.decode(encoded["input_ids"]) == (
        "<|user|><image>\nWhat is it?<|end|><|assistant|>a red circle<|end|>"
        "<|user|>¿Y su color?<|end|><|assistant|>rojo<|end|>"
    )
    marked = [token for token, mark in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mark]
    assert tokenizer.decode(marked) == "a red circle<|end|>rojo<|end|>"
    asked = tokenizer.apply_chat_template(TURNS[:1], tokenize=False, add_generation_prompt=True)
    assert asked == "<|user|><image>\nWhat is it?<|end|><|assistant|>"


def test_pictures_may_be_parts_of_a_message(tokenizer: PreTrainedTokenizerFast) -> None:
    parts = [{"type": "image"}, {"type": "text", "text": "What is it?"}]
    turns = [{"role": "user", "content": parts}, *TURNS[1:]]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == tokenizer.apply_chat_template(TURNS, tokenize=False)


def test_a_saved_tokenizer_is_the_same(
    tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save_pretrained(folder)
    again = AutoTokenizer.from_pretrained(folder)
    for text in (*TEXTS, "ж 👩‍👩‍👧 <|end|>"):
        assert again(text)["input_ids"] == tokenizer(text)["input_ids"]
        assert written(again, text) == written(tokenizer, text)
    assert again.chat_template == tokenizer.chat_template
    assert (again.model_max_length, again.eos_token_id, again.pad_token_id) == (256, 1, 0)


def test_a_vocabulary_needs_room_for_more_than_bytes() -> None:
    with pytest.raises(
        UserError, match="A vocabulary of 260 has no room for more than bytes; give one of at least 264"
    ):
        train_lm_tokenizer(TEXTS, 260, 64)
    assert len(train_lm_tokenizer(TEXTS, 264, 64)) == 264
