"""What a chat model replies to many prompts: the likeliest word each time, and each picture looked at once."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import LlavaProcessor

from isogloss.data.chat_tokens import ChatTokens, Encoded
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.models.chat import ChatModel
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.serve.generation import Generation
from isogloss.train.features import Features

# Prompts that are replied to together. More of them take memory and, on a processor, no less time.
TOGETHER = 128
# Bytes of pictures' features that are kept for the next language.
_KEPT = 1 << 32


def seen_pictures(processor: LlavaProcessor, dataset: Dataset, split: str) -> Features:
    """The pictures of a split, as a chat model will look at them.

    Raises:
        UserError: there is no such split, or the processor makes no squares.
    """
    images: Any = processor.image_processor
    mean, deviation = pixel_scale(images)
    return Features(Pictures(dataset, dataset.split(split, ()), picture_size(images)), mean, deviation, room=_KEPT)


def longest_reply(tokens: ChatTokens, references: Sequence[Sequence[str]]) -> tuple[list[int], int]:
    """How long replies are expected to be, in tokens, and how long any may become.

    Returns:
        The length of each one's longest reference; and half as much again as that of all, so that nothing which is cut
        off passes for a reference.
    """
    counts = [len(ids) for ids in tokens.tokenizer([one for each in references for one in each])["input_ids"]]
    ends = np.cumsum([len(each) for each in references])
    lengths = [max(part.tolist()) for part in np.split(np.array(counts), ends[:-1])]
    return lengths, max(lengths) * 3 // 2 + 4


@torch.no_grad()
def reply_to(
    model: ChatModel,
    tokens: ChatTokens,
    prompts: Sequence[Encoded],
    seen: Features,
    *,
    lengths: Sequence[int],
    most: int,
    together: int = TOGETHER,
    told: Callable[[int], None] | None = None,
) -> list[str]:
    """The reply to each prompt; an empty one where the model's context has no room for any.

    Args:
        model: on its device.
        tokens: that made the prompts.
        prompts: about pictures of a split, or none.
        seen: the split's pictures.
        lengths: of the replies that are expected, in tokens; those of like length are written together.
        most: tokens of a reply.
        together: how many replies are written at a time.
        told: called with each further number of replies.

    Raises:
        UserError: a picture is missing or damaged.
    """
    room: int | None = getattr(model.config.text_config, "max_position_embeddings", None)
    places = {key: row for row, key in enumerate(seen.pictures.split.keys)}
    replies = [""] * len(prompts)
    fitting = [number for number, prompt in enumerate(prompts) if room is None or len(prompt) < room]
    # The longest first, so that too little memory shows at once.
    order = sorted(fitting, key=lambda number: (len(prompts[number]), lengths[number]), reverse=True)
    if told and len(fitting) < len(prompts):
        told(len(prompts) - len(fitting))
    for part in (order[start : start + together] for start in range(0, len(order), together)):
        rows = [prompts[number] for number in part]
        images = np.array([places[key] for row in rows for key in row.images], np.int64)
        left = most if room is None else min(most, room - max(map(len, rows)))
        for number, reply in zip(part, _write(model, tokens, rows, images, seen, left), strict=True):
            replies[number] = reply
        if told:
            told(len(part))
    return replies


def _write(
    model: ChatModel, tokens: ChatTokens, rows: Sequence[Encoded], images: NDArray[np.int64], seen: Features, most: int
) -> list[str]:
    """The replies to some prompts, padded on the left to one length."""
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), tokens.padding, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, width - len(row) :] = torch.from_numpy(row.input_ids)
        mask[number, width - len(row) :] = 1
    features = seen.of(torch.from_numpy(images).to(model.device), model.visual_features) if len(images) else None
    written: Tensor = model.generate(
        ids.to(model.device),
        features=features,
        attention_mask=mask.to(model.device),
        **Generation(max_tokens=most).options(most),
    )
    replies = tokens.tokenizer.batch_decode(written[:, width:], skip_special_tokens=True)
    return [reply.strip() for reply in replies]
