"""Sentences that are translations of each other, drawn together; all others of the batch, pushed apart or left where they are."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from isogloss.losses import Losses

# The inverse temperature of sentence embeddings in LaBSE's descendants (arXiv 2004.09813 and its library use 20).
SCALE = 20.0


def sentence_loss(
    sentences: Float[Tensor, "sentence dim"], owner: Int[Tensor, " sentence"], scale: float = SCALE
) -> Losses:
    r"""Supervised contrastive loss (arXiv 2004.11362, L_out) with meanings as classes; its floor is 0 for pairs.

    .. math:: -\frac1{|P|} \sum_{i \in P} \frac1{|P(i)|} \sum_{p \in P(i)} \log \frac{e^{s_{ip}}}{\sum_{a \ne i} e^{s_{ia}}}

    P holds the sentences that have a translation in the batch. The others are negatives only.

    Args:
        sentences: of unit norm, [sentence, dim].
        owner: which meaning a sentence has, [sentence].
        scale: inverse temperature.
    """
    self_ = torch.eye(len(sentences), dtype=torch.bool, device=sentences.device)
    same = (owner[:, None] == owner[None, :]) & ~self_
    log_share = (scale * sentences @ sentences.T).masked_fill(self_, float("-inf")).log_softmax(dim=1)
    positives = same.sum(dim=1)
    each = -torch.where(same, log_share, 0.0).sum(dim=1) / positives.clamp(min=1)
    paired = positives > 0
    return Losses(
        total=each[paired].sum() / paired.sum().clamp(min=1),
        floor=positives[paired].to(each.dtype).log().sum().detach() / paired.sum().clamp(min=1),
    )


def distance_loss(sentences: Float[Tensor, "sentence dim"], owner: Int[Tensor, " sentence"]) -> Losses:
    """Mean squared difference of a sentence from its translation (as in arXiv 2004.09813); its floor is 0.

    Drawn together by nothing else, all sentences would become one: something must tell them apart beside it.

    Args:
        sentences: one after the other where they mean the same, [sentence, dim].
        owner: which meaning a sentence has, [sentence]; each has two at most.
    """
    paired = owner[1:] == owner[:-1]
    each = (sentences[1:] - sentences[:-1]).square().mean(dim=1)
    total = torch.where(paired, each, 0.0).sum() / paired.sum().clamp(min=1)
    return Losses(total=total, floor=torch.zeros_like(total).detach())
