"""Visual tokens no larger than words, against plain loops."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isogloss.losses.visual_size import visual_excess, word_size


def test_as_by_hand() -> None:
    visual = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    for row, found in zip(visual.tolist(), visual_excess(visual, 0.8).tolist(), strict=True):
        rms = math.sqrt(sum(value * value for value in row) / len(row))
        assert found == pytest.approx(max(0.0, rms / 0.8 - 1) ** 2, abs=1e-6)


def test_words_have_their_mean_size() -> None:
    words = torch.tensor([[3.0, -3.0], [1.0, 1.0]])
    assert word_size(words) == pytest.approx(2.0)


@given(st.floats(0.01, 0.99), st.floats(0.1, 10))
def test_what_is_no_larger_than_words_costs_nothing(share: float, size: float) -> None:
    visual = torch.full((3, 4), share * size, requires_grad=True)
    excess = visual_excess(visual, size)
    excess.sum().backward()
    assert excess.tolist() == [0.0] * 3 and visual.grad is not None and not visual.grad.any()


def test_a_token_of_zeros_has_a_slope() -> None:
    visual = torch.zeros(2, 3, requires_grad=True)
    visual_excess(visual, 1.0).sum().backward()
    assert visual.grad is not None and torch.isfinite(visual.grad).all()


def test_the_slope_makes_large_tokens_smaller() -> None:
    visual = torch.full((1, 4), 3.0, requires_grad=True)
    visual_excess(visual, 1.0).sum().backward()
    assert visual.grad is not None and bool((visual.grad > 0).all())
