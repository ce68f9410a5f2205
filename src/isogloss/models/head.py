"""The head of a language model, which turns states into words, at some places of packed rows alone."""

from collections.abc import Generator
from contextlib import contextmanager

from jaxtyping import Bool
from torch import Tensor, nn


@contextmanager
def read_alone(head: nn.Module | None, places: Bool[Tensor, "row token"] | None) -> Generator[None]:
    """Let a head read some places alone of the states that its model gives it: [learnt, dim] in place of [row, token, dim].

    Transformers' models do so themselves from 5.23 on, when `logits_to_keep` is such places; before, it could only be the
    same places in every row.

    Args:
        head: None where a model has none; then nothing is changed.
        places: [row, token]; None for all.
    """
    if head is None or places is None:
        yield
        return
    kept = head.register_forward_pre_hook(lambda _, given: (given[0][places], *given[1:]))
    try:
        yield
    finally:
        kept.remove()
