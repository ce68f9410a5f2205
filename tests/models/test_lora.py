"""Adapters train in place of a language model's own weights, and become a part of them at the end."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from models.tiny_chat import save_writer
from transformers import AutoModelForCausalLM, PreTrainedModel

from isogloss.errors import UserError
from isogloss.models.lora import Lora, add_lora, merge_lora

TOKENS = torch.tensor([[5, 9, 17, 14, 3, 8], [7, 7, 19, 12, 6, 11]])


@pytest.fixture(scope="module", params=["qwen3", "gpt2"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(tmp_path_factory.mktemp("writer"), request.param)


@pytest.fixture
def writer(place: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(place).eval()


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def taught(model: Any, steps: int = 3) -> None:
    """A few steps of whatever trains."""
    model.train()
    optimiser = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=0.05)
    for _ in range(steps):
        model(input_ids=TOKENS, labels=TOKENS).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.eval()


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    return model(input_ids=TOKENS).logits


def test_the_weights_stay_and_the_adapters_learn(writer: PreTrainedModel) -> None:
    before, first = weights(writer), logits(writer)
    adapted = add_lora(writer, Lora(rank=2, dropout=0.1))
    assert torch.equal(logits(adapted), first), "an adapter begins with nothing"
    taught(adapted)
    learnt = logits(adapted)
    assert not torch.allclose(learnt, first, atol=0.01)
    inner = weights(adapted.get_base_model())
    kept = {name.replace(".base_layer", ""): value for name, value in inner.items() if "lora_" not in name}
    assert kept.keys() == before.keys()
    assert all(torch.equal(kept[name], value) for name, value in before.items())


def test_merged_it_says_what_it_said_with_adapters(writer: PreTrainedModel, place: Path, tmp_path: Path) -> None:
    before = weights(writer)
    adapted = add_lora(writer, Lora(rank=2))
    taught(adapted)
    learnt = logits(adapted)
    merged = merge_lora(adapted, Lora(rank=2))
    torch.testing.assert_close(logits(merged), learnt, rtol=1e-4, atol=1e-4)
    assert weights(merged).keys() == before.keys()
    merged.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert type(again) is type(AutoModelForCausalLM.from_pretrained(place))
    assert torch.equal(logits(again), logits(merged))


def test_merged_every_weight_can_train_again(writer: PreTrainedModel) -> None:
    merged = merge_lora(add_lora(writer, Lora(rank=2)), Lora(rank=2))
    assert {one.requires_grad for one in merged.parameters()} == {True}


def test_a_rank_of_none_is_the_model_itself(writer: PreTrainedModel) -> None:
    assert add_lora(writer, Lora()) is writer
    assert merge_lora(writer, Lora()) is writer


def test_only_the_layers_that_are_named(tmp_path: Path) -> None:
    writer = AutoModelForCausalLM.from_pretrained(save_writer(tmp_path, "qwen3"))
    adapted = add_lora(writer, Lora(rank=1, modules=("q_proj", "v_proj")))
    layers = {name.split(".lora_")[0].rpartition(".")[2] for name, _ in adapted.named_parameters() if "lora_" in name}
    assert layers == {"q_proj", "v_proj"}
    assert not any("lm_head" in name for name, one in adapted.named_parameters() if one.requires_grad)


def test_a_layer_that_is_not_there_is_told(writer: PreTrainedModel) -> None:
    with pytest.raises(UserError, match="LoRA does not fit the language model: .*no_such_layer.* Correct lora.modules"):
        add_lora(writer, Lora(rank=1, modules=("no_such_layer",)))


def test_without_peft_it_is_told(writer: PreTrainedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(
        UserError, match=r"LoRA needs the package peft; `pip install 'isogloss\[chat\]'`, or set lora.rank"
    ):
        add_lora(writer, Lora(rank=1))
    assert add_lora(writer, Lora()) is writer


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"rank": -1}, "rank of LoRA is -1; give a whole number of at least 1, or 0 for no adapters"),
        ({"alpha": 0.0}, "alpha of LoRA is 0.0; give a number above 0"),
        ({"alpha": float("nan")}, "alpha of LoRA is nan; give a number above 0"),
        ({"dropout": 1.0}, "dropout of LoRA is 1.0; give a share from 0 to below 1"),
    ],
)
def test_adapters_that_cannot_be(fields: dict[str, float], told: str) -> None:
    with pytest.raises(UserError, match=told):
        Lora(**fields)  # pyright: ignore[reportArgumentType]
