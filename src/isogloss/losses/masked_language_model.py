"""Masked language modelling: find hidden tokens again from what surrounds them."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from isogloss.losses import Losses


def masked_language_model_loss(logits: Float[Tensor, "hidden vocabulary"], targets: Int[Tensor, " hidden"]) -> Losses:
    """Cross entropy over the hidden tokens alone (BERT, arXiv 1810.04805; XLM-R, arXiv 1911.02116); its floor is 0.

    A batch that hides nothing has the loss 0.

    Args:
        logits: over the vocabulary at each hidden token, [hidden, vocabulary].
        targets: the tokens that were there, [hidden].
    """
    summed = F.cross_entropy(logits.float(), targets, reduction="sum")
    return Losses(total=summed / max(1, len(targets)), floor=torch.zeros_like(summed).detach())
