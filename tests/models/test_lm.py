"""A language model by its config: as wide as the tokenizer, and told where the config makes none."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from isogloss.errors import UserError
from isogloss.models.lm import Writer, build_language_model, check_packing
from isogloss.models.lm_tokenizer import train_lm_tokenizer

SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 24,
}
QWEN3 = {"model_type": "qwen3", "head_dim": 8, **SHAPE}


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_lm_tokenizer(["a red circle", "un círculo rojo"], 300, 64)


@pytest.mark.parametrize("config", [QWEN3, {"model_type": "llama", **SHAPE}])
def test_it_is_as_wide_as_the_tokenizer_and_ends_as_it_does(
    config: dict[str, object],
    tokenizer: PreTrainedTokenizerFast,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    model = build_language_model(config, tokenizer)
    assert model.config.vocab_size == model.get_input_embeddings().num_embeddings == len(tokenizer)
    assert model.training
    folder = tmp_path_factory.mktemp("model")
    model.save_pretrained(folder)
    again = AutoModelForCausalLM.from_pretrained(folder)
    for saved in (again.config, again.generation_config):
        assert (saved.pad_token_id, saved.eos_token_id) == (tokenizer.pad_token_id, tokenizer.eos_token_id)
    ids = torch.tensor([[4, 5, 6]])
    torch.testing.assert_close(again(ids).logits, model.eval()(ids).logits)


def test_a_config_of_no_causal_language_model(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match=r"no causal language model with the model_type 'qwen33'; .* 'qwen3'"):
        build_language_model({**QWEN3, "model_type": "qwen33"}, tokenizer)
    for config in ({}, {"model_type": "vit"}):
        with pytest.raises(UserError, match="There is no causal language model with the model_type"):
            build_language_model(config, tokenizer)


def test_an_encoder_is_no_causal_language_model(tokenizer: PreTrainedTokenizerFast) -> None:
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
    with pytest.raises(UserError, match="'bert' reads the words that it is to write, as encoders do; set is_decoder"):
        build_language_model({"model_type": "bert", **shape}, tokenizer)
    # What it drops at random is no look ahead.
    build_language_model({"model_type": "bert", "is_decoder": True, **shape}, tokenizer)


def test_a_field_that_the_config_has_not(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match="no field of a qwen3 config 'hidden_sise'; did you mean 'hidden_size'"):
        build_language_model({**QWEN3, "hidden_sise": 8}, tokenizer)
    with pytest.raises(UserError, match="names a vocab_size, which is the tokenizer's; leave it out"):
        build_language_model({**QWEN3, "vocab_size": 8}, tokenizer)


@pytest.mark.parametrize("wrong", [{"num_key_value_heads": 3}, {"hidden_size": "wide"}, {"hidden_act": "gello"}])
def test_a_config_that_makes_no_model(wrong: dict[str, object], tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(UserError, match="The language model's config makes no model: .*; correct it"):
        build_language_model({**QWEN3, **wrong}, tokenizer)


def batch_of(lengths: list[int]) -> dict[str, torch.Tensor]:
    """Conversations of these lengths in one row, the second half of each learnt."""
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    ids = (torch.arange(sum(lengths)) * 7 % 200 + 4)[None]
    learnt = torch.cat([torch.arange(length) >= length // 2 for length in lengths])[None]
    return {"input_ids": ids, "position_ids": positions, "labels": ids.masked_fill(~learnt, -100)}


GEMMA2 = {"model_type": "gemma2", "head_dim": 8, "final_logit_softcapping": 0.5, **SHAPE}
GPT2 = {"model_type": "gpt2", "n_embd": 16, "n_head": 2, "n_layer": 2}


@pytest.mark.parametrize("config", [QWEN3, {"model_type": "llama", **SHAPE}, GPT2, GEMMA2])
@settings(max_examples=10)
@given(lengths=st.lists(st.integers(2, 9), min_size=1, max_size=4))
def test_packed_rows_say_what_each_conversation_alone_says(
    config: dict[str, object], tokenizer: PreTrainedTokenizerFast, lengths: list[int]
) -> None:
    """Of Gemma 2 too, whose logits are bounded after the head."""
    torch.manual_seed(0)
    model = build_language_model(config, tokenizer).eval()
    batch = batch_of(lengths)
    with torch.no_grad():
        found = Writer(model).eval()(**batch)
        each: list[torch.Tensor] = []
        targets: list[torch.Tensor] = []
        for ids, labels in zip(batch["input_ids"][0].split(lengths), batch["labels"][0].split(lengths), strict=True):
            learnt = labels[1:] != -100
            each.append(model(input_ids=ids[None]).logits[0, :-1][learnt])
            targets.append(ids[1:][learnt])
    torch.testing.assert_close(found["logits"], torch.cat(each), rtol=1e-4, atol=1e-5)
    assert torch.equal(found["targets"], torch.cat(targets))


def test_a_model_that_cannot_read_packed_rows_is_told(tokenizer: PreTrainedTokenizerFast) -> None:
    mamba = {"model_type": "mamba", "hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}
    with pytest.raises(UserError, match="'mamba' cannot read several conversations in one row .*; choose a model_type"):
        Writer(build_language_model(mamba, tokenizer))


def test_rounding_of_large_logits_is_no_look_at_another_conversation(tokenizer: PreTrainedTokenizerFast) -> None:
    model = build_language_model(QWEN3, tokenizer)
    with torch.no_grad():
        for weight in (model.get_input_embeddings().weight, model.get_output_embeddings().weight):
            weight.mul_(1e3)
    check_packing(model)
    assert model.training


@pytest.mark.parametrize("less_sharp", [{"noise": 1.0}, {"blend": 1.0}])
def test_what_is_read_is_less_sharp_in_training_alone(
    less_sharp: dict[str, float], tokenizer: PreTrainedTokenizerFast
) -> None:
    writer = Writer(build_language_model(QWEN3, tokenizer), **less_sharp)
    batch = batch_of([6, 8])
    with torch.no_grad():
        loud = [writer.train()(**batch)["logits"] for _ in range(2)]
        calm = [writer.eval()(**batch)["logits"] for _ in range(2)]
    assert not torch.equal(*loud)
    assert torch.equal(*calm)
