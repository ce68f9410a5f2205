"""What a language model reads in training, made less sharp: so it learns to read what lies near and between words.

Visual tokens are no words, and those that stand for one thing lie side by side. A model that has only ever read words reads
them well in the language that it was aligned in, and less well in others (docs/log.md).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

# The other conversations stay as they are written.
BLENDED_CONVERSATIONS = 0.5


def noisy(
    embeddings: Float[Tensor, "row token dim"],
    position_ids: Int[Tensor, "row token"],
    chosen: Bool[Tensor, "row token"],
    most: float,
) -> Float[Tensor, "row token dim"]:
    """Embeddings with Gaussian noise on the chosen ones, of a strength that each conversation draws for itself.

    Args:
        position_ids: from 0 on anew in each conversation.
        chosen: which embeddings get noise.
        most: the bound of the strengths, as a share of the root mean square of an embedding.
    """
    strength = most * _drawn(position_ids) * chosen
    size = embeddings.detach().float().square().mean(dim=-1).sqrt()
    return embeddings + (strength * size).unsqueeze(-1).to(embeddings.dtype) * torch.randn_like(embeddings)


def blended(
    embeddings: Float[Tensor, "row token dim"],
    position_ids: Int[Tensor, "row token"],
    chosen: Bool[Tensor, "row token"],
    most: float,
) -> Float[Tensor, "row token dim"]:
    """Embeddings of which the chosen ones take in their neighbours, in half of the conversations.

    A token becomes (1 - s) times itself and s times the mean of the two beside it; one without a chosen neighbour of its own
    conversation on a side has itself there. Each conversation draws its s from 0 to `most`.

    Args:
        position_ids: from 0 on anew in each conversation.
        chosen: which embeddings are blended, with each other alone.
        most: the bound of the shares s, at most 1.
    """
    share = most * _drawn(position_ids) * (_drawn(position_ids) < BLENDED_CONVERSATIONS) * chosen
    conversation = _conversation(position_ids)
    beside = [_neighbour(embeddings, conversation, chosen, step) for step in (1, -1)]
    share = share.unsqueeze(-1).to(embeddings.dtype)
    return (1 - share) * embeddings + share * (beside[0] + beside[1]) / 2


def _neighbour(
    embeddings: Float[Tensor, "row token dim"],
    conversation: Int[Tensor, "row token"],
    chosen: Bool[Tensor, "row token"],
    step: int,
) -> Float[Tensor, "row token dim"]:
    """The embedding so many places before each one, or its own where another conversation or nothing chosen stands there."""

    def moved(values: Tensor, *behind: int) -> Tensor:
        return F.pad(values, (*behind, step, -step))

    # No conversation has the number 0, which is what is moved in at the end.
    same = (moved(conversation) == conversation) & moved(chosen)
    return torch.where(same.unsqueeze(-1), moved(embeddings, 0, 0), embeddings)


def _conversation(position_ids: Int[Tensor, "row token"]) -> Int[Tensor, "row token"]:
    """The number of each token's conversation in its row, from 1 on."""
    return (position_ids == 0).cumsum(dim=1)


def _drawn(position_ids: Int[Tensor, "row token"]) -> Float[Tensor, "row token"]:
    """A number from 0 to 1 for each conversation."""
    drawn = torch.rand(position_ids.shape[0], position_ids.shape[1] + 1, device=position_ids.device)
    return drawn.gather(1, _conversation(position_ids))
