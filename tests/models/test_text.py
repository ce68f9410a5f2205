"""The text stage's model reads captions in groups, and its head at hidden tokens alone: both only save time."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from models.tiny_towers import TEXTS, TOKENS
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from isogloss.errors import UserError
from isogloss.models.text import TextEncoder, build_masked_language_model
from isogloss.models.tokenizer import SPECIAL, train_tokenizer, train_word_tokenizer

CONFIG = {
    "model_type": "xlm-roberta",
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(TEXTS, 100, TOKENS)


@pytest.fixture(scope="module")
def model(tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    torch.manual_seed(0)
    return build_masked_language_model(CONFIG, tokenizer).eval()


@given(rows=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2**12 - 1)), min_size=1, max_size=20))
def test_groups_and_the_sparse_head_give_what_all_at_once_gives(
    model: PreTrainedModel, rows: list[tuple[int, int]]
) -> None:
    rows = sorted(rows)
    generator = torch.Generator().manual_seed(len(rows))
    longest = rows[-1][0]
    mask = torch.tensor([[1] * length + [0] * (longest - length) for length, _ in rows])
    ids = torch.randint(5, 20, mask.shape, generator=generator).masked_fill(mask == 0, 1)
    hidden = torch.tensor([[bool(bits >> place & 1) for place in range(longest)] for _, bits in rows]) & (mask == 1)
    with torch.no_grad():
        found = TextEncoder(model)(ids, mask, hidden)
        logits = model(input_ids=ids, attention_mask=mask).logits
        states = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(found["logits"], logits[hidden], rtol=1e-4, atol=1e-4)
    for row, (length, _) in enumerate(rows):
        wanted = states[row, :length].mean(dim=0)
        torch.testing.assert_close(
            F.normalize(found["sentences"][row], dim=0), F.normalize(wanted, dim=0), rtol=1e-4, atol=1e-4
        )


@given(rows=st.lists(st.integers(3, 12), min_size=1, max_size=20))
def test_slots_stand_for_a_caption(model: PreTrainedModel, rows: list[int]) -> None:
    longest = max(rows)
    mask = torch.tensor([[1] * length + [0] * (longest - length) for length in rows])
    ids = torch.randint(5, 20, mask.shape, generator=torch.Generator().manual_seed(len(rows))).masked_fill(mask == 0, 1)
    with torch.no_grad():
        found = TextEncoder(model, slots=3)(ids, mask, torch.zeros_like(mask, dtype=torch.bool))["sentences"]
        states = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
    assert found.shape == (len(rows), 3 * states.shape[-1])
    for row, own in enumerate(found):
        torch.testing.assert_close(own, torch.cat([states[row, slot] for slot in range(3)]), rtol=1e-4, atol=1e-4)


def test_the_model_is_as_wide_as_the_tokenizer(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    assert model.config.vocab_size == model.get_input_embeddings().num_embeddings == len(tokenizer)
    assert (model.config.bos_token_id, model.config.pad_token_id, model.config.eos_token_id) == (0, 1, 2)


def test_a_config_of_no_masked_language_model(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match=r"no masked language model with the model_type 'xlm-robert'; .* 'xlm-roberta'"):
        build_masked_language_model({**CONFIG, "model_type": "xlm-robert"}, tokenizer)
    for model_type in ({}, {"model_type": "vit"}):
        with pytest.raises(UserError, match="There is no masked language model with the model_type"):
            build_masked_language_model(model_type, tokenizer)


@pytest.mark.parametrize("model_type", ["roberta", "bert", "albert"])
def test_the_heads_of_other_families_are_read_too(model_type: str, tokenizer: PreTrainedTokenizerFast) -> None:
    model = build_masked_language_model({**CONFIG, "model_type": model_type}, tokenizer)
    assert model.training
    ids = torch.tensor([[0, 7, 8, 2, 1], [0, 9, 10, 11, 2]])
    mask, hidden = (ids != 1).long(), ids > 6
    with torch.no_grad():
        found = TextEncoder(model.eval())(ids, mask, hidden)
        logits = model(input_ids=ids, attention_mask=mask).logits
    torch.testing.assert_close(found["logits"], logits[hidden], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("model_type", ["distilbert", "electra", "xmod"])
def test_a_head_that_cannot_be_read_is_told(model_type: str, tokenizer: PreTrainedTokenizerFast) -> None:
    shape = {"dim": 16, "n_heads": 2, "n_layers": 1, "hidden_dim": 24} if model_type == "distilbert" else CONFIG
    with pytest.raises(UserError, match=f"'{model_type}' cannot be read at single tokens; choose a model_type such as"):
        build_masked_language_model({**shape, "model_type": model_type}, tokenizer)


@pytest.mark.parametrize("wrong", [{"num_attention_heads": 3}, {"hidden_size": "wide"}, {"hidden_act": "gello"}])
def test_a_config_that_makes_no_model(wrong: dict[str, object], tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match="The text stage's config makes no model; correct it"):
        build_masked_language_model({**CONFIG, **wrong}, tokenizer)


def test_special_tokens_are_those_of_xlm_r(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL.values())) == [0, 1, 2, 3, 4]
    assert {name: getattr(tokenizer, name) for name in SPECIAL} == SPECIAL
    assert len(tokenizer) <= 100
    encoded = tokenizer("a cat")["input_ids"]
    assert encoded[0] == 0
    assert encoded[-1] == 2
    pair = tokenizer("a cat", "un gato")["input_ids"]
    assert pair == [*encoded, 2, *tokenizer("un gato")["input_ids"][1:]]


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
def test_text_of_known_letters_is_read_back(texts: list[str]) -> None:
    tokenizer = train_tokenizer(TEXTS, 100, 200)
    text = " ".join(texts)
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text


def test_letters_that_were_never_seen_are_unknown(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.unk_token_id in tokenizer("Ω")["input_ids"]
    # NFKC: full-width letters are letters.
    assert tokenizer("ｃａｔ")["input_ids"] == tokenizer("cat")["input_ids"]


def test_a_saved_tokenizer_is_the_same(
    tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save_pretrained(folder)
    again = AutoTokenizer.from_pretrained(folder)
    for options in ({}, {"padding": True, "truncation": True}):
        assert again(TEXTS, **options).data == tokenizer(TEXTS, **options).data
    assert again.model_max_length == TOKENS
    assert max(map(len, again(TEXTS, truncation=True)["input_ids"])) <= TOKENS


@pytest.mark.parametrize("learn", [train_tokenizer, train_word_tokenizer])
def test_slots_come_before_every_text_and_stay_when_it_is_cut(learn: Any, tmp_path: Path) -> None:
    learnt = learn(TEXTS, 100, TOKENS, slots=3)
    learnt.save_pretrained(tmp_path / "tokenizer")
    plain = learn(TEXTS, 100, TOKENS)
    for tokenizer in (learnt, AutoTokenizer.from_pretrained(tmp_path / "tokenizer")):
        slots = list(range(len(plain), len(plain) + 3))
        assert tokenizer.convert_ids_to_tokens(slots) == ["<slot 0>", "<slot 1>", "<slot 2>"]
        for text in (*TEXTS, ""):
            whole = tokenizer(text)["input_ids"]
            assert whole[:4] == [*slots, 0] and whole[-1] == 2
            assert tokenizer(text, truncation=True, max_length=6)["input_ids"][:4] == [*slots, 0]
            assert tokenizer.decode(whole, skip_special_tokens=True).strip() == text
        assert set(slots) < set(tokenizer.all_special_ids)


def test_words_of_few_texts_are_learnt_whole_and_within_words() -> None:
    texts = ["two red stars", "two small crosses", "dua buah bintang merah", "ein rotes Herz", "两颗红色的星星"]
    tokenizer = train_word_tokenizer(texts * 20, 200, TOKENS)
    assert tokenizer.tokenize("two red bintang stars") == ["two", " red", " bintang", " stars"]
    assert tokenizer.tokenize("红星") == ["红", "星"]
    assert tokenizer.get_vocab() == train_word_tokenizer(texts * 20, 200, TOKENS).get_vocab()
    with pytest.raises(UserError, match="A vocabulary of 20 has no room for every letter"):
        train_word_tokenizer(texts, 20, TOKENS)
