"""The text side: states of any text model, of any layer, and of whole sentences."""

from pathlib import Path
from typing import Any

import pytest
import torch
from models.conftest import Saved
from models.tiny_chat import save_writer
from models.tiny_towers import TEXTS, TOKENS
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer

from isogloss.errors import UserError
from isogloss.models.paint_text import Reading, TextSide, build_text
from isogloss.models.pooling import POOLINGS
from isogloss.models.tower import Tower

MODELS = ["xlm-roberta", "bert", "clip_text_model", "qwen3", "llama", "mt5", "m2m_100"]


def side_of(saved: Saved, model_type: str, pooling: str = "auto", **reading: Any) -> TextSide:
    reading.setdefault("tokens", TOKENS)
    return build_text(Tower(model=str(saved(model_type)), pooling=pooling), Reading(**reading))


@pytest.mark.parametrize("model_type", MODELS)
def test_states_are_those_of_each_caption_alone(model_type: str, saved: Saved) -> None:
    side = side_of(saved, model_type)
    together = side.read(TEXTS)
    assert together.states.shape == (len(TEXTS), together.mask.shape[1], side.dim)
    assert not any(value.requires_grad for value in side.parameters())
    for row, text in enumerate(TEXTS):
        alone = side.read([text])
        length = int(together.mask[row].sum())
        assert alone.mask.shape == (1, length) and together.mask[row, :length].all()
        torch.testing.assert_close(together.states[row, :length], alone.states[0], rtol=1e-4, atol=1e-4)


def test_states_are_those_that_transformers_gives(saved: Saved) -> None:
    folder, side = saved("llama"), side_of(saved, "llama")
    theirs: Any = AutoModel.from_pretrained(folder).eval()
    ids, mask = side.tokenize(TEXTS)
    with torch.no_grad():
        wanted = theirs(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    assert side(ids, mask).states.equal(wanted.last_hidden_state)
    for layer in (0, 1, -2):
        assert side_of(saved, "llama", layer=layer)(ids, mask).states.equal(wanted.hidden_states[layer])


def test_slots_are_the_first_places(saved: Saved) -> None:
    side, all_read = side_of(saved, "xlm-roberta", slots=2), side_of(saved, "xlm-roberta").read(TEXTS)
    found = side.read(TEXTS)
    assert found.states.equal(all_read.states[:, :2])
    assert found.mask.equal(torch.ones(len(TEXTS), 2, dtype=torch.int64))
    both = side.read(TEXTS, "both")
    assert both.states[:, 1:].equal(found.states)
    torch.testing.assert_close(both.states[:, 0], side_of(saved, "xlm-roberta").read(TEXTS, "sentence").states[:, 0])
    for slots in (-1, 20):
        with pytest.raises(UserError, match=f"slots is {slots}; give 0, or fewer than the 20 tokens that are read"):
            Reading(tokens=20, slots=slots)


def test_a_language_model_with_its_head_is_read_below_it(tmp_path: Path) -> None:
    folder = save_writer(tmp_path / "qwen3", "qwen3")
    side = build_text(Tower(model=str(folder)), Reading(tokens=20))
    whole: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    ids, mask = side.tokenize(TEXTS)
    with torch.no_grad():
        wanted = whole(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
    assert side(ids, mask).states.equal(wanted)


@pytest.mark.parametrize(
    ("model_type", "pooling"),
    [("xlm-roberta", "auto"), ("bert", "first"), ("llama", "auto"), ("qwen3", "mean"), ("siglip_text_model", "pooler")],
)
def test_a_sentence_is_pooled_as_a_tower_pools_it(model_type: str, pooling: str, saved: Saved) -> None:
    side = side_of(saved, model_type, pooling)
    ids, mask = side.tokenize(TEXTS)
    found = side(ids, mask, "sentence")
    with torch.no_grad():
        wanted = POOLINGS[side.pooling](side.model(input_ids=ids, attention_mask=mask), mask)
    assert found.sentence is not None
    torch.testing.assert_close(found.sentence, wanted)
    assert side(ids, mask, "tokens").sentence is None
    alone, both = found.for_adapter("sentence"), found.for_adapter("both")
    assert alone.states.equal(found.sentence[:, None]) and alone.mask.shape == (len(TEXTS), 1)
    assert both.states[:, 0].equal(found.sentence) and both.states[:, 1:].equal(found.states)
    assert both.mask[:, 0].all() and both.mask[:, 1:].equal(mask)


@pytest.mark.parametrize("model_type", ["llama", "xlm-roberta"])
def test_an_empty_prompt_has_a_token(model_type: str, saved: Saved) -> None:
    side = side_of(saved, model_type)
    assert side.read([""]).mask.sum() >= 1
    together = side.read(["", "a cat"])
    assert together.states.isfinite().all() and (together.mask.sum(dim=1) >= 1).all()
    torch.testing.assert_close(together.states[0, :1], side.read([""]).states[0, :1], rtol=1e-4, atol=1e-4)


def test_prompts_that_are_filled_up_have_their_padding_read(saved: Saved) -> None:
    side = side_of(saved, "clip_text_model", fills=True)
    ids, mask = side.tokenize(TEXTS)
    assert ids.shape == (len(TEXTS), TOKENS) and mask.all()
    with torch.no_grad():
        wanted = AutoModel.from_pretrained(saved("clip_text_model")).eval()(input_ids=ids).last_hidden_state
    torch.testing.assert_close(side(ids, mask).states, wanted)


def test_where_long_prompts_are_cut(saved: Saved) -> None:
    for model_type in ("llama", "xlm-roberta"):
        side = side_of(saved, model_type, tokens=5)
        long = "the cat sat on the mat and a dog\x00 and a cat\u200f 🦆"
        rest = side.unread(long)
        assert rest and long.endswith(rest) and len(rest) < len(long)
        assert side.unread("a") == ""
        ids, mask = side.tokenize([long])
        assert mask.sum() == 5
        again, _ = side.tokenize([long.removesuffix(rest)])  # what is read is what stands before the cut
        assert again.equal(ids)


def test_text_models_that_do_not_fit(saved: Saved, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="The text tower './nowhere' is missing"):
        build_text(Tower(model="./nowhere"), Reading())
    with pytest.raises(UserError, match="cannot be the text tower: it reads pixel_values"):
        build_text(Tower(model=str(saved("vit")), tokenizer=str(saved("bert"))), Reading(tokens=4))
    with pytest.raises(UserError, match="has no layer 3; give one from 0, the embeddings, to 2, or none"):
        side_of(saved, "bert", layer=3)
    with pytest.raises(UserError, match=f"reads no prompts of {TOKENS + 40} tokens .*; set tokens to fewer"):
        side_of(saved, "bert", tokens=TOKENS + 40)
    with pytest.raises(UserError, match="tokens is 0; give a whole number"):
        Reading(tokens=0)
    tokenizer = AutoTokenizer.from_pretrained(saved("llama"))
    tokenizer.pad_token = tokenizer.eos_token = tokenizer.unk_token = None
    tokenizer.save_pretrained(tmp_path / "padless")
    with pytest.raises(UserError, match="has no token to pad with; give it a pad_token"):
        build_text(Tower(model=str(saved("llama")), tokenizer=str(tmp_path / "padless")), Reading())
    pooled_only = {"model_type": "dpr", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    with pytest.raises(UserError, match="The text model dpr gives no hidden states .*; choose a text encoder"):
        build_text(Tower(config=dict(pooled_only), tokenizer=str(saved("bert"))), Reading(tokens=4))


def test_siglip_reads_prompts_of_its_own_length_alone(saved: Saved) -> None:
    side = side_of(saved, "siglip_text_model", tokens=4)
    assert side.reading == Reading(tokens=TOKENS, fills=True)
    assert side.read(["a cat"]).states.shape[1] == TOKENS
