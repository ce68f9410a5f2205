"""From a text encoder's states to what a UNet's cross attention reads.

This file is saved beside the adapter's weights, so it needs torch and Diffusers alone.
"""

from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

# The width of a head of Stable Diffusion 2's cross attention.
_HEAD_WIDTH = 64


class PaintAdapter(ModelMixin, ConfigMixin):
    """A linear layer and a LayerNorm, over token states, a sentence's vector or both; or learnt queries that read tokens.

    Args:
        text_dim: of the text encoder's states.
        dim: the width of the UNet's cross attention.
        kind: what the states are. "tokens": one for each token. "sentence": a single one for the whole prompt, which is
            spread over `queries` tokens. "both": that of the sentence and then those of the tokens. "slots": tokens, which
            `queries` learnt queries read.
        queries: tokens that are made of a sentence, or learnt queries.
        projected: False leaves token states as they are, which must have the UNet's width.
        learnt_empty: have learnt tokens for the empty prompt; False where the text encoder reads it as any other.
    """

    @register_to_config
    def __init__(
        self,
        text_dim: int,
        dim: int,
        kind: str = "tokens",
        queries: int = 8,
        projected: bool = True,
        learnt_empty: bool = True,
    ) -> None:
        super().__init__()
        self.kind, self.queries, self.dim = kind, queries, dim
        if kind in ("tokens", "both") and projected:
            self.token = nn.Sequential(nn.Linear(text_dim, dim), nn.LayerNorm(dim))
        if kind in ("sentence", "both"):
            self.sentence = nn.Linear(text_dim, queries * dim)
            self.sentence_norm = nn.LayerNorm(dim)
        if kind == "slots":
            self.query = nn.Parameter(torch.randn(queries, dim) * dim**-0.5)
            self.token = nn.Sequential(nn.Linear(text_dim, dim), nn.LayerNorm(dim))
            heads = max(heads for heads in range(1, max(1, dim // _HEAD_WIDTH) + 1) if dim % heads == 0)
            self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)
            self.slot_norm = nn.LayerNorm(dim)
        if learnt_empty:
            self.empty = nn.Parameter(torch.randn(1 if kind == "tokens" else queries, dim) * dim**-0.5)

        if not projected and not learnt_empty:
            # Diffusers saves no network that has nothing to save, and asks each for its device.
            self.register_buffer("nothing_learnt", torch.ones(()))

    def forward(self, states: Tensor, mask: Tensor, dropped: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What cross attention reads, [prompt, place, dim], and its mask, [prompt, place].

        Args:
            states: [prompt, token, text_dim]; with "both", the first is the sentence's.
            mask: [prompt, token], 1 for a token and 0 for padding; at least one token a prompt.
            dropped: [prompt], which prompts are read as the empty one; needs learnt tokens for it.
        """
        parts: list[Tensor] = []
        masks: list[Tensor] = []
        if self.kind in ("sentence", "both"):
            spread = self.sentence(states[:, 0]).unflatten(1, (self.queries, self.dim))
            parts.append(self.sentence_norm(spread))
            masks.append(mask.new_ones(len(mask), self.queries))
            states, mask = states[:, 1:], mask[:, 1:]
        if self.kind in ("tokens", "both"):
            token: Any = getattr(self, "token", None)
            parts.append(states if token is None else token(states))
            masks.append(mask)
        if self.kind == "slots":
            read = self.token(states)
            query = self.query.expand(len(read), -1, -1)
            found, _ = self.attention(query, read, read, key_padding_mask=mask == 0, need_weights=False)
            parts.append(self.slot_norm(query + found))
            masks.append(mask.new_ones(len(mask), self.queries))
        places, there = torch.cat(parts, dim=1), torch.cat(masks, dim=1)
        return (places, there) if dropped is None else self._without(places, there, dropped)

    def nothing(self, prompts: int) -> tuple[Tensor, Tensor]:
        """The learnt tokens of the empty prompt, [prompt, place, dim], and their mask, [prompt, place]."""
        empty = self.empty.expand(prompts, -1, -1)
        return empty, torch.ones(empty.shape[:2], dtype=torch.int64, device=empty.device)

    def _without(self, places: Tensor, there: Tensor, dropped: Tensor) -> tuple[Tensor, Tensor]:
        """With the empty prompt in place of some."""
        empty, mask = self.nothing(len(places))
        spare = places.shape[1] - empty.shape[1]
        empty = nn.functional.pad(empty.to(places.dtype), (0, 0, 0, spare))
        mask = nn.functional.pad(mask.to(there.dtype), (0, spare))
        return torch.where(dropped[:, None, None], empty, places), torch.where(dropped[:, None], mask, there)
