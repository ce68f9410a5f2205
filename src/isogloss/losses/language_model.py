"""Language modelling: write each learnt token from what stands before it."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from isogloss.data.chat_batch import ChatBatch
from isogloss.losses import Losses
from isogloss.losses.gather import gather_rows


def language_model_loss(logits: Float[Tensor, "learnt vocabulary"], targets: Int[Tensor, " learnt"]) -> Losses:
    """Cross entropy over the learnt tokens alone; its floor is 0, and a batch that teaches nothing has the loss 0.

    Every learnt token counts alike, whichever process or row holds it: the mean is over those of all processes, of which
    the cross entropies alone are gathered. A mean of the processes' means would favour the tokens of short replies.

    Args:
        logits: over the vocabulary where the next token is learnt (`isogloss.data.next_tokens`), [learnt, vocabulary].
        targets: the next token there, [learnt].
    """
    each = gather_rows(F.cross_entropy(logits.float(), targets, reduction="none"))
    total = each.sum() / max(1, len(each))
    return Losses(total=total, floor=torch.zeros_like(total).detach(), terms=len(each))


def lm_loss(writer: nn.Module, batch: ChatBatch) -> Losses:
    """The same of a (possibly wrapped) `isogloss.models.lm.Writer` on a batch."""
    output: Any = writer(batch.input_ids, batch.position_ids, batch.labels)
    return language_model_loss(output["logits"], output["targets"])
