"""Captions of like length together, so that short ones are not padded to the longest."""

from collections.abc import Iterator

from jaxtyping import Int
from torch import Tensor

# A batch's captions are read in so many groups; more save little padding and cost a call of the model each.
GROUPS = 6


def by_length(
    attention_mask: Int[Tensor, "caption token"], groups: int = GROUPS
) -> Iterator[tuple[Int[Tensor, " group"], int]]:
    """Groups of a batch's captions, the shortest first: which rows, and how many tokens the longest of them has.

    Args:
        attention_mask: 1 for a token and 0 for padding, which follows the tokens.
        groups: how many, if there are as many captions.
    """
    lengths = attention_mask.sum(dim=1)
    for rows in lengths.argsort(stable=True).chunk(groups):
        yield rows, int(lengths[rows[-1]])
