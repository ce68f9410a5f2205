"""One batch of conversations: packed rows of tokens, what of them is learnt, and the pictures that they see."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

# The target of a token that is not learnt, which PyTorch's cross entropy leaves out.
IGNORED = -100


@dataclass(frozen=True)
class ChatBatch:
    """What one process trains on in one step.

    Attributes:
        input_ids: [row, token], whole conversations one after the other, padded at the end; the image token stands
            wherever a visual token goes.
        position_ids: [row, token], from 0 on anew in each conversation, which tells where one ends; padding counts as one.
        labels: [row, token], the token itself where it is learnt, `IGNORED` elsewhere; not shifted.
        images: [image], rows of the split's pictures in the order in which `input_ids` has them; one may come twice.
        pixel_values: [image, channel, height, width], normalised; None where features of the pictures are cached.
    """

    input_ids: Int[Tensor, "row token"]
    position_ids: Int[Tensor, "row token"]
    labels: Int[Tensor, "row token"]
    images: Int[Tensor, " image"]
    pixel_values: Float[Tensor, "image channel height width"] | None = None

    def to(self, device: torch.device) -> "ChatBatch":
        moved = {name: value.to(device, non_blocking=True) for name, value in vars(self).items() if value is not None}
        return replace(self, **moved)
