"""The average of weights beside the naive one, and through a checkpoint."""

from typing import Any

import pytest
import torch
from torch import nn

from isogloss.train.ema import Average


def trained(model: nn.Linear, average: Average, steps: range, decay: float, naive: torch.Tensor) -> torch.Tensor:
    for step in steps:
        with torch.no_grad():
            model.weight.add_(torch.randn(model.weight.shape, generator=torch.Generator().manual_seed(step)))
        average.step()
        kept = 0.0 if step == 0 else min(decay, (1 + step) / (10 + step))
        naive = kept * naive + (1 - kept) * model.weight.detach()
    return naive


@pytest.mark.parametrize("decay", [0.3, 0.99])
def test_it_is_the_naive_average_also_through_a_checkpoint(decay: float) -> None:
    torch.manual_seed(0)
    model: Any = nn.Linear(3, 2)
    average = Average(model, {"weight"}, decay)
    bias, naive = model.bias.detach().clone(), trained(model, average, range(7), decay, torch.zeros(2, 3))
    again = Average(model, {"weight"}, decay)
    again.load_state_dict(average.state_dict())
    naive = trained(model, again, range(7, 20), decay, naive)
    own = model.weight.detach().clone()
    with again.in_place():
        torch.testing.assert_close(model.weight.detach(), naive)
    assert torch.equal(model.weight, own), "to the bit"
    again.put()
    torch.testing.assert_close(model.weight.detach(), naive)
    assert torch.equal(model.bias, bias)
