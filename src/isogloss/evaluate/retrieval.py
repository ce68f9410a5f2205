"""Retrieval: where the right answer stands among all answers, for captions and for images."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from isogloss.errors import UserError

# The k of every accuracy@k.
CUTOFFS = (1, 5, 10)
# Similarities of so many queries are held at once.
_BLOCK = 1024
# Decimals of a similarity that count. Embeddings in float32 tell similarities apart to about 1e-7, and a matrix product
# gives equal vectors last bits that depend on their place in the matrix; neither may decide who stands first.
_DECIMALS = 6


def telling_cutoff(pictures: int, cutoffs: Iterable[int] = CUTOFFS) -> int | None:
    """The largest k whose accuracy@k tells models apart among so many pictures; None where there are too few for any.

    The first k may be half of the pictures at most: beyond that, guessing finds more than it misses.
    """
    return max((k for k in cutoffs if 2 * k <= pictures), default=None)


@dataclass(frozen=True)
class Ranks:
    """For every query, how many wrong answers score better than its best right one, and how many score the same.

    Every figure is its expectation over random orders of the tied, so that a model that scores everything alike gets what
    chance gets, and no more.

    Attributes:
        better: int64 [query].
        tied: int64 [query], wrong answers alone.
        right: int64 [query], the right answers that share the best right one's score, it included: one, but for a
            picture whose own captions tie.
    """

    better: Int[np.ndarray, " query"]
    tied: Int[np.ndarray, " query"]
    right: Int[np.ndarray, " query"] | int = 1

    @property
    def middle(self) -> Float[np.ndarray, " query"]:
        """The rank of the first right answer, counted from 1; ties take the mean over their orders."""
        return 1 + self.better + self.tied / (self.right + 1)

    def hits(self, k: int) -> Float[np.ndarray, " query"]:
        """The chance that a right answer is among the first k: 0 or 1 but for ties.

        Of the tied, r right and w wrong, m stand among the first k, and none of them is right with the hypergeometric
        chance C(w, m) / C(w + r, m) = Π_j<m (w − j) / (w + r − j).
        """
        missed = np.ones(len(self.better))
        for place in range(k):
            before = place - self.better  # how many of the tied stand before this place
            wrong = np.maximum(self.tied - before, 0) / np.maximum(self.tied + self.right - before, 1)
            missed *= np.where(before >= 0, wrong, 1.0)
        return 1.0 - missed


def caption_to_image(
    captions: Float[np.ndarray, "caption dim"],
    images: Float[np.ndarray, "image dim"],
    owner: Int[np.ndarray, " caption"],
) -> Ranks:
    """Where each caption finds its image among all images, by the dot product.

    Args:
        captions, images: embeddings of unit norm.
        owner: the row of the image that a caption describes, [caption].

    Raises:
        UserError: an embedding is not finite.
    """
    _check_finite(captions)
    _check_finite(images)
    better, tied = np.empty(len(captions), np.int64), np.empty(len(captions), np.int64)
    for start in range(0, len(captions), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores = _similarities(captions[block], images)
        right = np.take_along_axis(scores, owner[block, None], axis=1)
        better[block] = (scores > right).sum(axis=1)
        tied[block] = (scores == right).sum(axis=1) - 1
    return Ranks(better, tied)


def image_to_caption(
    images: Float[np.ndarray, "image dim"],
    captions: Float[np.ndarray, "caption dim"],
    owner: Int[np.ndarray, " caption"],
) -> Ranks:
    """Where each image finds the first of its captions among those of the other images; one row for every image.

    Raises:
        UserError: an embedding is not finite.
        ValueError: an image has no caption.
    """
    _check_finite(captions)
    _check_finite(images)
    if len(np.unique(owner)) < len(images):
        raise ValueError(f"{len(images)} images, of which only {len(np.unique(owner))} own a caption")
    better, tied, several = np.empty((3, len(images)), np.int64)
    for start in range(0, len(images), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(images)))
        scores = _similarities(images[block], captions)
        own = owner[None, :] == block[:, None]
        right = np.where(own, scores, -np.inf).max(axis=1, keepdims=True)
        better[block] = ((scores > right) & ~own).sum(axis=1)
        tied[block] = ((scores == right) & ~own).sum(axis=1)
        several[block] = ((scores == right) & own).sum(axis=1)
    return Ranks(better, tied, several)


def _similarities(
    queries: Float[np.ndarray, "query dim"], gallery: Float[np.ndarray, "answer dim"]
) -> Float[np.ndarray, "query answer"]:
    return np.round(queries.astype(np.float64) @ gallery.astype(np.float64).T, _DECIMALS)


def _check_finite(embeddings: Float[np.ndarray, "row dim"]) -> None:
    """Nothing compares with what is not a number, which would pass for a right answer."""
    if not np.isfinite(embeddings).all():
        raise UserError(
            "The model's embeddings are not finite numbers, so nothing can be ranked by them; train it anew."
        )
