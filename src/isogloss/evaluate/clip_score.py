"""CLIPScore in any language: how well a picture fits its prompt, judged by a dual encoder (arXiv 2104.08718)."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from transformers import VisionTextDualEncoderProcessor

from isogloss.evaluate.picture_features import prepared
from isogloss.evaluate.retrieval import image_to_caption
from isogloss.models.clip import DualEncoder
from isogloss.models.embedding import embed_captions
from isogloss.models.towers import preparation

# The paper's weight, by which most scores of its CLIP lie between 0 and 1 (section 3).
WEIGHT = 2.5
_BLOCK = 64


@torch.no_grad()
def embed_drawings(
    model: DualEncoder,
    processor: VisionTextDualEncoderProcessor,
    pictures: UInt8[np.ndarray, "image height width channel"],
) -> Float[np.ndarray, "image dim"]:
    """Embeddings of unit norm of some pictures of one size.

    Raises:
        UserError: the model's image processor makes no squares of one size.
    """
    parts = [
        model.encode_image(prepared(pictures[start : start + _BLOCK], processor.image_processor).to(model.device)).cpu()
        for start in range(0, len(pictures), _BLOCK)
    ]
    return torch.cat(parts).numpy()


@torch.no_grad()
def embed_prompts(
    model: DualEncoder, processor: VisionTextDualEncoderProcessor, prompts: list[str]
) -> Float[np.ndarray, "image dim"]:
    """Embeddings of unit norm of some prompts, as they are: the paper's "A photo depicts" is English."""
    return embed_captions(model, prompts, preparation(processor, model.config)).numpy()


def clip_measures(
    model: DualEncoder,
    processor: VisionTextDualEncoderProcessor,
    pictures: UInt8[np.ndarray, "image height width channel"],
    prompts: list[str],
    english: list[str] | None = None,
) -> dict[str, Float[np.ndarray, " image"]]:
    """What a dual encoder finds of each picture of one language.

    Args:
        pictures: of one size.
        prompts: that they were drawn for, in the same order.
        english: what the prompts say, in English.

    Returns:
        `clip_score` and `prompt_found`; `clip_score_of_others`, the mean score against the prompts of the other pictures,
        where there are any; `clip_score_in_english`, against the English prompts, where they are given.

    Raises:
        UserError: the model's image processor makes no squares of one size, or its embeddings are not finite.
    """
    seen, read = embed_drawings(model, processor, pictures), embed_prompts(model, processor, prompts)
    own = clip_scores(seen, read)
    found = {"clip_score": own, "prompt_found": prompts_found(seen, read)}
    if len(own) > 1:
        every = np.stack([clip_scores(np.broadcast_to(one, read.shape), read).sum() for one in seen])
        found["clip_score_of_others"] = (every - own) / (len(own) - 1)
    if english is not None:
        found["clip_score_in_english"] = clip_scores(seen, embed_prompts(model, processor, english))
    return found


def clip_scores(
    pictures: Float[np.ndarray, "image dim"], prompts: Float[np.ndarray, "image dim"]
) -> Float[np.ndarray, " image"]:
    """2.5 · max(cos(picture, prompt), 0) of each picture and its prompt.

    A dual encoder gives captions of some languages higher cosines than those of others, whatever they say. Figures of two
    languages compare when both are of the English prompts, or by `prompts_found`; those of two dual encoders never do.

    Args:
        pictures, prompts: embeddings of any norm but 0, in the same order.
    """
    norms = np.linalg.norm(pictures, axis=1) * np.linalg.norm(prompts, axis=1)
    return WEIGHT * np.maximum((pictures * prompts).sum(1) / norms, 0).astype(np.float64)


def prompts_found(
    pictures: Float[np.ndarray, "image dim"], prompts: Float[np.ndarray, "image dim"]
) -> Float[np.ndarray, " image"]:
    """Whether a picture's own prompt is nearest to it among the prompts of all pictures; n that tie count 1/n each.

    It grows harder with the number of prompts, so figures compare over the same ones.

    Args:
        pictures, prompts: embeddings of unit norm, in the same order.
    """
    rows = np.arange(len(pictures))
    return image_to_caption(pictures, prompts, rows).hits(1).astype(np.float64)
