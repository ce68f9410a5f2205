"""From a tower's states to one vector: which state or mean of states stands for the whole."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)


def mean_pooling(states: Any, mask: Int[Tensor, "item token"] | None) -> Float[Tensor, "item width"]:
    """The mean of the states that are not padding."""
    hidden = states.last_hidden_state
    if hidden.ndim == 4:  # a convolutional map: [item, width, height, width]
        return hidden.mean(dim=(2, 3))
    if mask is None:
        return hidden.mean(dim=1)
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def first_pooling(states: Any, mask: Int[Tensor, "item token"] | None) -> Float[Tensor, "item width"]:
    """The first state: a vision transformer's class token."""
    return states.last_hidden_state[:, 0]


def last_pooling(states: Any, mask: Int[Tensor, "item token"] | None) -> Float[Tensor, "item width"]:
    """The last state that is not padding: the only one of a causal language model that has read everything."""
    hidden = states.last_hidden_state
    if mask is None:
        return hidden[:, -1]
    positions = torch.arange(mask.shape[1], device=mask.device)
    last = (mask * positions).argmax(dim=1)
    return hidden[torch.arange(len(last), device=mask.device), last]


def pooler_pooling(states: Any, mask: Int[Tensor, "item token"] | None) -> Float[Tensor, "item width"]:
    """The tower's own pooled output, trained with it (CLIP, SigLIP) or free of weights (convolutional networks)."""
    return states.pooler_output.flatten(1)


POOLINGS: Mapping[str, Callable[[Any, Any], Tensor]] = {
    "mean": mean_pooling,
    "first": first_pooling,
    "last": last_pooling,
    "pooler": pooler_pooling,
}

# What each vision tower was trained to be read by: the class token after the last norm, or its own pooled output.
_VISION = {
    "vit": "first",
    "deit": "first",
    "vit_mae": "first",
    "dinov2": "first",
    "dinov2_with_registers": "first",
    "dinov3_vit": "first",
    "beit": "pooler",
    "clip_vision_model": "pooler",
    "siglip_vision_model": "pooler",
    "siglip2_vision_model": "pooler",
    "convnext": "pooler",
    "convnextv2": "pooler",
    "dinov3_convnext": "pooler",
    "resnet": "pooler",
    "swin": "pooler",
    "swinv2": "pooler",
}
# CLIP is read at its end token, which is the last. Its own pooled output is the same state, but finds that token by a number
# that is not every tokenizer's, and takes the number 2 for the highest number of the caption.
_TEXT = {"clip_text_model": "last", "siglip_text_model": "pooler", "siglip2_text_model": "pooler"}


def vision_pooling(model_type: str) -> str:
    """The pooling that suits a vision tower of a Transformers model type; the mean where none is known to suit better."""
    return _VISION.get(model_type, "mean")


def text_pooling(model_type: str) -> str:
    """The pooling that suits a text tower: the last token of a causal model, else the mean, as for XLM-R."""
    # Encoders such as BERT are also among the causal ones, as decoders that they may be made into.
    encoders = {*MODEL_FOR_MASKED_LM_MAPPING_NAMES, *MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES}
    causal = model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and model_type not in encoders
    return _TEXT.get(model_type, "last" if causal else "mean")
