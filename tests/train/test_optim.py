"""The learning rate against a naive reference and Transformers', and which weights decay."""

import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from train.recipes import clip_recipe
from transformers import get_cosine_schedule_with_warmup

from isogloss.errors import UserError
from isogloss.models.towers import build_dual_encoder
from isogloss.train.optim import Optimisation


def naive_rate(highest: float, warmup_steps: int, steps: int, step: int) -> float:
    if step < warmup_steps:
        return highest * (step + 1) / warmup_steps
    angle = math.pi * (step - warmup_steps) / max(1, steps - warmup_steps)
    return highest * math.cos(angle / 2) ** 2


@given(warmup_steps=st.integers(0, 40), further=st.integers(1, 100))
def test_the_rate_is_linear_and_then_half_a_cosine(warmup_steps: int, further: int) -> None:
    steps = warmup_steps + further
    rates = Optimisation(learning_rate=2e-3, warmup=warmup_steps / steps)
    for step in range(steps):
        assert rates.rate(step, steps) == pytest.approx(naive_rate(2e-3, warmup_steps, steps, step), abs=1e-12)


def test_the_rate_is_that_of_transformers_but_never_starts_at_zero() -> None:
    steps, warmup = 50, 10
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1e-3)
    schedule = get_cosine_schedule_with_warmup(optimiser, warmup, steps)
    theirs: list[float] = []
    for _ in range(steps):
        theirs.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    ours = [Optimisation(learning_rate=1e-3, warmup=warmup / steps).rate(step, steps) for step in range(steps)]
    assert ours[warmup:] == pytest.approx(theirs[warmup:])
    assert ours[: warmup - 1] == pytest.approx(theirs[1:warmup])
    assert ours[0] > 0 == theirs[0]


@given(steps=st.integers(1, 300), warmup=st.floats(0, 1), final=st.floats(0, 1), highest=st.floats(1e-6, 10))
def test_any_rate_rises_to_the_highest_and_falls_to_the_final(
    steps: int, warmup: float, final: float, highest: float
) -> None:
    rates = [Optimisation(highest, warmup=warmup, final=final).rate(step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert all(0 < rate <= highest * (1 + 1e-9) for rate in rates)
    assert min(rates[top:]) >= final * highest * (1 - 1e-9)


def test_matrices_decay_and_vectors_do_not(dataset: Path, text_tower: Path) -> None:
    recipe = clip_recipe(dataset, text_tower)
    model, _ = build_dual_encoder(recipe.vision, recipe.text, projection_dim=16, text_tokens=32, image_size=16)
    (optimiser,) = Optimisation(weight_decay=0.3, betas=(0.8, 0.9), epsilon=1e-7).build(model)
    decay = {id(parameter): group["weight_decay"] for group in optimiser.param_groups for parameter in group["params"]}
    decays = {name: decay[id(parameter)] for name, parameter in model.named_parameters()}
    assert len(decays) == len(decay), "every parameter once"
    for name, parameter in model.named_parameters():
        assert decays[name] == (0.3 if parameter.ndim > 1 else 0.0), name
    assert decays["logit_scale"] == decays["text_model.embeddings.LayerNorm.weight"] == 0.0
    assert decays["vision_projection.weight"] == 0.3
    assert all(group["betas"] == (0.8, 0.9) and group["eps"] == 1e-7 for group in optimiser.param_groups)


def test_decay_alone_shrinks_a_matrix_as_adamw_says() -> None:
    model = nn.Linear(2, 2)
    before = model.weight.detach().clone(), model.bias.detach().clone()
    (optimiser,) = Optimisation(learning_rate=0.1, weight_decay=0.5).build(model)
    model.weight.grad, model.bias.grad = torch.zeros(2, 2), torch.zeros(2)
    optimiser.step()
    torch.testing.assert_close(model.weight.detach(), before[0] * (1 - 0.1 * 0.5))
    assert torch.equal(model.bias.detach(), before[1])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a number above 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"warmup": 1.5}, "warmup is 1.5; give a share of the run between 0 and 1"),
    ],
)
def test_what_cannot_be_is_told(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Optimisation(**wrong)  # pyright: ignore[reportArgumentType]


class _Writer(nn.Module):
    """A table of tokens, a linear layer with a bias, and a head over the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.inner, self.head = nn.Embedding(5, 4), nn.Linear(4, 4), nn.Linear(4, 5, bias=False)

    def get_output_embeddings(self) -> nn.Linear:
        return self.head


def test_muon_has_the_inner_matrices_and_adam_the_rest() -> None:
    model = _Writer()
    adam, muon = Optimisation(method="muon", weight_decay=0.1).build(model)
    assert isinstance(adam, torch.optim.AdamW) and isinstance(muon, torch.optim.Muon)
    assert [id(p) for group in muon.param_groups for p in group["params"]] == [id(model.inner.weight)]
    others = {id(model.table.weight), id(model.head.weight), id(model.inner.bias)}
    assert {id(p) for group in adam.param_groups for p in group["params"]} == others


def test_a_step_of_muon_moves_a_matrix_evenly_in_all_directions() -> None:
    model = nn.Linear(6, 4, bias=False)
    before = model.weight.detach().clone()
    (muon,) = Optimisation(method="muon", learning_rate=0.1, weight_decay=0.0).build(model)
    model.weight.grad = torch.randn(4, 6)
    muon.step()
    moved = torch.linalg.svdvals(before - model.weight.detach())
    # Newton and Schulz's five steps leave singular values between 0.7 and 1.2 (Jordan et al.); Adam's size is 0.2 √6.
    assert all(0.6 < value / (0.1 * 0.2 * math.sqrt(6)) < 1.3 for value in moved.tolist())


def test_the_learning_rate_has_factors_by_name() -> None:
    model = _Writer()
    (adam,) = Optimisation(factors={"table.*": 0.1, "*.weight": 2.0}, weight_decay=0.0).build(model)
    factor = {id(p): group["factor"] for group in adam.param_groups for p in group["params"]}
    assert {name: factor[id(p)] for name, p in model.named_parameters()} == {
        "table.weight": 0.1,
        "inner.weight": 2.0,
        "inner.bias": 1.0,
        "head.weight": 2.0,
    }
    with pytest.raises(UserError, match="for 'eyes.*', which matches no parameter"):
        Optimisation(factors={"eyes.*": 0.1}).build(model)
