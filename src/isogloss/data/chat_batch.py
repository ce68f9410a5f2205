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
        owner: [image], the row that shows each, ascending.
        pixel_values: [image, channel, height, width], normalised; None where features of the pictures are cached.
    """

    input_ids: Int[Tensor, "row token"]
    position_ids: Int[Tensor, "row token"]
    labels: Int[Tensor, "row token"]
    images: Int[Tensor, " image"]
    owner: Int[Tensor, " image"]
    pixel_values: Float[Tensor, "image channel height width"] | None = None

    def __len__(self) -> int:
        return len(self.input_ids)

    def to(self, device: torch.device) -> "ChatBatch":
        moved = {name: value.to(device, non_blocking=True) for name, value in vars(self).items() if value is not None}
        return replace(self, **moved)

    def parts(self, count: int) -> "list[ChatBatch]":
        """So many smaller batches, of every count-th row each, since rows are packed from long conversations to short ones."""
        return [self._part(slice(first, None, count)) for first in range(count)]

    def _part(self, chosen: slice) -> "ChatBatch":
        rows = torch.arange(len(self))[chosen].contiguous()
        shown = torch.isin(self.owner, rows)
        pixels = None if self.pixel_values is None else self.pixel_values[shown]
        if not len(rows):
            # With fewer rows than parts: a token that ends a row, and so stands for no picture, and is not learnt.
            token = self.input_ids[-1:, -1:]
            nothing = torch.full_like(token, IGNORED)
            return ChatBatch(token, torch.zeros_like(token), nothing, self.images[shown], self.owner[shown], pixels)
        return ChatBatch(
            input_ids=self.input_ids[rows],
            position_ids=self.position_ids[rows],
            labels=self.labels[rows],
            images=self.images[shown],
            owner=torch.searchsorted(rows, self.owner[shown]),
            pixel_values=pixels,
        )
