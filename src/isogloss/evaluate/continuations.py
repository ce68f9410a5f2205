"""What a language model writes after some prompts: the likeliest word each time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation

# Prompts that are read together.
TOGETHER = 160


@torch.no_grad()
def continuations(model: Any, conversations: Sequence[Conversation], tokens: ChatTokens, most: int) -> list[str]:
    """The model's reply to each conversation's last turn that is not the assistant's.

    Args:
        model: a causal language model of Transformers.
        conversations: without pictures.
        tokens: to token numbers.
        most: tokens of a reply.
    """
    prompts = [tokens.prompt(one).input_ids for one in conversations]
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    replies = [""] * len(prompts)
    for start in range(0, len(order), TOGETHER):
        numbers = order[start : start + TOGETHER]
        ids, mask = _padded_left([prompts[number] for number in numbers], tokens.padding)
        written = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=most,
            do_sample=False,
            pad_token_id=tokens.padding,
        )
        for number, reply in zip(numbers, written[:, ids.shape[1] :].tolist(), strict=True):
            replies[number] = tokens.tokenizer.decode(reply, skip_special_tokens=True).strip()
    return replies


def _padded_left(
    prompts: Sequence[np.ndarray], padding: int
) -> tuple[Int[Tensor, "prompt token"], Int[Tensor, "prompt token"]]:
    """Prompts of different lengths that all end at the last column, and 1 where they are."""
    longest = max(map(len, prompts))
    ids = np.full((len(prompts), longest), padding, np.int64)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = prompt
        mask[row, longest - len(prompt) :] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
