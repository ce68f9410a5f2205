"""From states to one vector, beside loops."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTextConfig, CLIPTextModel

from isogloss.models.pooling import POOLINGS, text_pooling, vision_pooling

lengths = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def states(items: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(items, 5, 3, generator=torch.Generator().manual_seed(seed))


def mask_of(counts: list[int]) -> torch.Tensor:
    return torch.tensor([[1] * count + [0] * (5 - count) for count in counts])


@given(lengths)
def test_mean_first_and_last(counts: list[int]) -> None:
    hidden = states(len(counts))
    output = SimpleNamespace(last_hidden_state=hidden)
    for row, count in enumerate(counts):
        for name, wanted in {
            "mean": sum(hidden[row, place] for place in range(count)) / count,
            "first": hidden[row, 0],
            "last": hidden[row, count - 1],
        }.items():
            torch.testing.assert_close(POOLINGS[name](output, mask_of(counts))[row], wanted)


def test_without_a_mask_every_state_counts() -> None:
    hidden = states(2)
    output = SimpleNamespace(last_hidden_state=hidden)
    torch.testing.assert_close(POOLINGS["mean"](output, None), hidden.sum(dim=1) / 5)
    assert POOLINGS["first"](output, None).equal(hidden[:, 0])
    assert POOLINGS["last"](output, None).equal(hidden[:, 4])


def test_a_convolutional_map_is_averaged_over_its_area() -> None:
    area = torch.randn(2, 3, 4, 5)
    found = POOLINGS["mean"](SimpleNamespace(last_hidden_state=area), None)
    torch.testing.assert_close(found, area.flatten(2).sum(dim=2) / 20)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1, 1)])
def test_a_towers_own_pooling(shape: tuple[int, ...]) -> None:
    pooled = torch.randn(shape)
    found = POOLINGS["pooler"](SimpleNamespace(pooler_output=pooled), None)
    assert found.equal(pooled.reshape(2, 3))


def test_clips_own_pooled_output_is_its_last_state() -> None:
    """Its tokenizer pads with the end token, of which the first counts."""
    torch.manual_seed(0)
    end = 9
    shape = {
        "vocab_size": 10,
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    model = CLIPTextModel(CLIPTextConfig(**shape, max_position_embeddings=6, eos_token_id=end)).eval()
    ids = torch.tensor([[0, 3, 4, 5, 6, end], [0, 3, end, end, end, end], [0, end, end, end, end, end]])
    mask = torch.tensor([[1] * length + [0] * (6 - length) for length in (6, 3, 2)])
    with torch.no_grad():
        states = model(input_ids=ids, attention_mask=mask)
    assert POOLINGS["last"](states, mask).equal(POOLINGS["pooler"](states, mask))


def test_what_suits_a_tower() -> None:
    for name in ("xlm-roberta", "bert", "modernbert", "mt5", "t5", "m2m_100", "mbart", "new"):
        assert text_pooling(name) == "mean", name
    for name in ("qwen2", "qwen3", "llama", "gemma3_text", "gpt2", "bloom", "mistral"):
        assert text_pooling(name) == "last", name
    assert text_pooling("clip_text_model") == "last"
    for name in ("siglip_text_model", "siglip2_text_model"):
        assert text_pooling(name) == "pooler", name
    assert vision_pooling("vit") == "first"
    assert vision_pooling("siglip_vision_model") == "pooler"
    assert vision_pooling("new") == "mean"
