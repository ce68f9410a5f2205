"""Masked language modelling: find hidden tokens again from what surrounds them."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from isogloss.losses import Losses
from isogloss.losses.gather import gather_rows


def masked_language_model_loss(logits: Float[Tensor, "hidden vocabulary"], targets: Int[Tensor, " hidden"]) -> Losses:
    """Cross entropy over the hidden tokens alone (BERT, arXiv 1810.04805; XLM-R, arXiv 1911.02116); its floor is 0.

    A batch that hides nothing has the loss 0. The mean is over the hidden tokens of all processes, of which the cross
    entropies alone are gathered, since logits over a vocabulary are too large to be.

    Args:
        logits: over the vocabulary at each hidden token of this process, [hidden, vocabulary].
        targets: the tokens that were there, [hidden].
    """
    each = gather_rows(F.cross_entropy(logits.float(), targets, reduction="none"))
    return Losses(total=each.sum() / max(1, len(each)), floor=torch.zeros_like(each.sum()).detach())
