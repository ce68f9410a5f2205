"""Captions of like length together, so that short ones are not padded to the longest."""

from collections.abc import Iterator

import torch
from jaxtyping import Int
from torch import Tensor

# A batch's captions are read in so many groups; more save little padding and cost a call of the model each.
GROUPS = 6


def by_length(
    attention_mask: Int[Tensor, "caption token"], groups: int = GROUPS
) -> Iterator[tuple[Int[Tensor, " group"], int]]:
    """Groups of a batch's captions, the shortest first: which rows, and how many tokens the longest of them has.

    Args:
        attention_mask: 1 for a token and 0 for padding; what is cut off is padding that follows the tokens.
        groups: how many, if there are as many captions.
    """
    places = torch.arange(1, attention_mask.shape[1] + 1, device=attention_mask.device)
    lengths, order = (attention_mask * places).amax(dim=1).sort(stable=True)
    chunks = order.chunk(groups)
    # Once, since each question keeps a GPU waiting.
    longest = torch.stack([part[-1] for part in lengths.chunk(groups)]).tolist()
    yield from zip(chunks, map(int, longest), strict=True)
