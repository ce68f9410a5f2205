"""Where in packed rows the next token is learnt, and which one it is there."""

import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor

from isogloss.data.chat_batch import IGNORED


def next_tokens(
    labels: Int[Tensor, "row token"], position_ids: Int[Tensor, "row token"] | None = None
) -> tuple[Bool[Tensor, "row token"], Int[Tensor, " learnt"]]:
    """The places whose state is to say what comes next, [row, token], and what does come, row by row, [learnt].

    The first token of a conversation is not what comes next after the conversation before it.

    Args:
        labels: the token itself where it is learnt, `IGNORED` elsewhere; not shifted.
        position_ids: from 0 on anew in each conversation; without them a row is one conversation.
    """
    learnt = labels[:, 1:] != IGNORED
    if position_ids is not None:
        learnt = learnt & (position_ids[:, 1:] == position_ids[:, :-1] + 1)
    return F.pad(learnt, (0, 1), value=False), labels[:, 1:][learnt]
