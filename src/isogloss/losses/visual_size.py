"""Visual tokens of the size of words, so that what a language model adds to them weighs as much as it does in text."""

import torch
from jaxtyping import Float
from torch import Tensor


def word_size(words: Float[Tensor, "word dim"]) -> float:
    """The size of a language model's words: the mean root mean square of their embeddings."""
    return float(words.detach().float().square().mean(dim=-1).sqrt().mean())


def visual_excess(visual: Float[Tensor, "visual_token dim"], size: float) -> Float[Tensor, " visual_token"]:
    """By how much each visual token is larger than words are: max(0, rms / size - 1) squared.

    A frozen language model reads tokens of many times that size in the one language that it was aligned in, and less well in
    others (docs/log.md): beside them nothing counts that its layers add.

    Args:
        size: of words, above 0.
    """
    # A square root has no slope at 0, where an untrained connector may begin.
    rms = (visual.float().square().mean(dim=-1) + torch.finfo(torch.float32).tiny).sqrt()
    return (rms / size - 1).clamp(min=0).square()
