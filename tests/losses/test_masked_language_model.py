"""Masked language modelling, beside its formula read out in loops."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isogloss.losses.masked_language_model import masked_language_model_loss


@given(st.integers(1, 6), st.integers(1, 7), st.integers(0, 1000))
def test_is_its_formula(hidden: int, vocabulary: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = (3 * torch.randn(hidden, vocabulary, generator=generator)).requires_grad_()
    targets = torch.randint(vocabulary, (hidden,), generator=generator)
    found = masked_language_model_loss(logits, targets)
    shares = [row.double().exp() / row.double().exp().sum() for row in logits.detach()]
    wanted = -sum(share[target].log() for share, target in zip(shares, targets, strict=True)) / hidden
    assert float(found.total.detach()) == pytest.approx(float(wanted), abs=1e-5)
    assert float(found.floor) == 0

    found.total.backward()
    for row, (share, target) in enumerate(zip(shares, targets, strict=True)):
        pull = share.clone()
        pull[target] -= 1
        assert logits.grad is not None
        torch.testing.assert_close(logits.grad[row].double(), pull / hidden, rtol=1e-4, atol=1e-5)


def test_nothing_hidden_teaches_nothing() -> None:
    logits = torch.zeros(0, 5, requires_grad=True)
    found = masked_language_model_loss(logits, torch.zeros(0, dtype=torch.int64))
    found.total.backward()
    assert float(found.total) == 0
    assert float(found.floor) == 0


def test_logits_of_half_precision_are_summed_in_float32() -> None:
    logits = torch.zeros(3, 20_000, dtype=torch.bfloat16)
    found = masked_language_model_loss(logits, torch.tensor([0, 5, 19_999]))
    assert found.total.dtype == torch.float32
    assert float(found.total) == pytest.approx(9.903488, abs=1e-5)
