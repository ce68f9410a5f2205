"""Retrieval: where the right answer stands among all answers, for captions and for images."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

# Similarities of so many queries are held at once.
_BLOCK = 1024


@dataclass(frozen=True)
class Ranks:
    """For every query, how many wrong answers score better than the right one, and how many score the same.

    Every figure is its expectation over random orders of the tied, so that a model that scores everything alike gets what
    chance gets, and no more.

    Attributes:
        better: int64 [query].
        tied: int64 [query], without the right answer itself.
    """

    better: Int[np.ndarray, " query"]
    tied: Int[np.ndarray, " query"]

    @property
    def middle(self) -> Float[np.ndarray, " query"]:
        """The rank, counted from 1; ties take the middle one."""
        return 1 + self.better + self.tied / 2

    def hits(self, k: int) -> Float[np.ndarray, " query"]:
        """The chance that the right answer is among the first k: 0 or 1 but for ties."""
        return np.clip((k - self.better) / (self.tied + 1), 0.0, 1.0)


def caption_to_image(
    captions: Float[np.ndarray, "caption dim"],
    images: Float[np.ndarray, "image dim"],
    owner: Int[np.ndarray, " caption"],
) -> Ranks:
    """Where each caption finds its image among all images, by the dot product.

    Args:
        captions, images: embeddings of unit norm.
        owner: the row of the image that a caption describes, [caption].
    """
    better, tied = np.empty(len(captions), np.int64), np.empty(len(captions), np.int64)
    for start in range(0, len(captions), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores = captions[block] @ images.T
        right = np.take_along_axis(scores, owner[block, None], axis=1)
        better[block] = (scores > right).sum(axis=1)
        tied[block] = (scores == right).sum(axis=1) - 1
    return Ranks(better, tied)


def image_to_caption(
    images: Float[np.ndarray, "image dim"],
    captions: Float[np.ndarray, "caption dim"],
    owner: Int[np.ndarray, " caption"],
) -> Ranks:
    """Where each image finds the best of its captions among those of the other images; one row for every image.

    Raises:
        ValueError: an image has no caption.
    """
    if len(np.unique(owner)) < len(images):
        raise ValueError(f"{len(images)} images, of which only {len(np.unique(owner))} own a caption")
    better, tied = np.empty(len(images), np.int64), np.empty(len(images), np.int64)
    for start in range(0, len(images), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(images)))
        scores = images[block] @ captions.T
        own = owner[None, :] == block[:, None]
        right = np.where(own, scores, -np.inf).max(axis=1, keepdims=True)
        better[block] = ((scores > right) & ~own).sum(axis=1)
        tied[block] = ((scores == right) & ~own).sum(axis=1)
    return Ranks(better, tied)
