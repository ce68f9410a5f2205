"""Batch statistics: those of a frozen module stay, and a step that is left out leaves none behind."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from train.test_loop import at_steps, spoil
from train.toy import Toy, same, toy_fit, weights

from isogloss.train.stages import Stage


class Normed(Toy):
    """The toy with batch statistics in its first tower."""

    def __init__(self) -> None:
        super().__init__()
        self.vision_model = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5))  # type: ignore[assignment]

    @property
    def statistics(self) -> dict[str, Tensor]:
        return {name: buffer.clone() for name, buffer in self.named_buffers() if buffer.is_floating_point()}


def frozen_for_good(model: Normed) -> Normed:
    for parameter in model.vision_model.parameters():
        parameter.requires_grad_(False)
    return model


@pytest.mark.parametrize("stages", [(), (Stage(0, "step", ("text_model.*",)), Stage(6, "step", ()))])
def test_those_of_a_module_that_never_trains_stay(stages: tuple[Stage, ...], tmp_path: Path) -> None:
    model = frozen_for_good(Normed())
    before = model.statistics
    first = weights(model)
    trained = toy_fit(tmp_path, model=model, stages=stages)
    assert isinstance(trained, Normed)
    assert same(trained.statistics, before)
    assert not same(weights(trained), first), "the rest of it trained"


def test_those_of_a_module_that_trains_move(tmp_path: Path) -> None:
    model = Normed()
    before = model.statistics
    assert not same(toy_fit(tmp_path, model=model).statistics, before)  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", ["nan", "infinite", "gradient"])
def test_a_step_that_is_left_out_leaves_none_behind(what: str, tmp_path: Path) -> None:
    seen: list[dict[str, Tensor]] = []

    def note(model: nn.Module) -> dict[str, float]:
        assert isinstance(model, Normed)
        seen.append(model.statistics)
        return {"loss": 0.0}

    loss = at_steps({4, 7}, spoil(what))
    toy_fit(tmp_path, model=Normed(), loss=loss, validate=note, validate_every=1)
    stayed = [step for step in range(1, 12) if same(seen[step], seen[step - 1])]
    assert stayed == [4, 7]
    assert all(math.isfinite(float(torch.sum(value))) for state in seen for value in state.values())
