"""How far drawn pictures are from real ones as sets: the Fréchet distance (FID) and the kernel distance (KID)."""

import math

import numpy as np
from jaxtyping import Float

from isogloss.errors import UserError

# As the authors of KID have them (arXiv 1801.01401, section 4).
SUBSETS, SUBSET = 100, 1000


def frechet_distance(drawn: Float[np.ndarray, "drawn dim"], real: Float[np.ndarray, "real dim"]) -> float:
    """The Fréchet distance between two sets of features, each taken for normally distributed (FID, arXiv 1706.08500).

        |m - n|² + tr(A + B - 2 (A B)^½)

    of the means m, n and the covariances A, B. With A = XᵀX and B = YᵀY for centred features, the trace of (A B)^½ is
    the sum of the singular values of X Yᵀ, which needs no root of a matrix and loses nothing where A or B is singular.

    It is too large for few pictures: two sets from one distribution are apart by about as much as their covariances are
    uncertain. Distances of unequal numbers of pictures do not compare; the kernel distance does not have this fault.

    Args:
        drawn, real: features of some pictures each, of one extractor.

    Raises:
        ValueError: there are fewer than two pictures of a kind, or a feature is not a finite number.
    """
    _check(drawn, real)
    one, other = _root_of_covariance(drawn), _root_of_covariance(real)
    apart = float(((drawn.mean(0, dtype=np.float64) - real.mean(0, dtype=np.float64)) ** 2).sum())
    shared = float(np.linalg.svd(one @ other.T, compute_uv=False).sum())
    return max(0.0, apart + float((one**2).sum() + (other**2).sum()) - 2 * shared)


def check_enough(drawn: int, real: int, dim: int, extractor: str) -> None:
    """Refuse a Fréchet distance of so few pictures that their covariance cannot be told.

    Args:
        drawn, real: how many pictures there are.
        dim: how many features each has.
        extractor: what the features are called.

    Raises:
        UserError: there are not more pictures than features.
    """
    if min(drawn, real) <= dim:
        raise UserError(
            f"FID over {dim:,} features ({extractor}) needs more pictures than that, and there are {drawn:,} drawn and "
            f"{real:,} real ones; draw more, or go by KID, which is right for few."
        )


def kernel_distance(drawn: Float[np.ndarray, "drawn dim"], real: Float[np.ndarray, "real dim"]) -> float:
    """The squared maximum mean discrepancy under k(x, y) = (x·y / dim + 1)³, without bias (KID, arXiv 1801.01401).

    The mean of k over pairs of different drawn pictures, plus that over pairs of different real ones, minus twice that
    over pairs of one drawn and one real one. It is 0 on average for sets from one distribution however few they are, and
    so may be below 0.

    Args:
        drawn, real: features of some pictures each, of one extractor.

    Raises:
        ValueError: there are fewer than two pictures of a kind, or a feature is not a finite number.
    """
    _check(drawn, real)
    return _within(drawn) + _within(real) - 2 * _between(drawn, real)


def kernel_distance_of_subsets(
    drawn: Float[np.ndarray, "drawn dim"],
    real: Float[np.ndarray, "real dim"],
    *,
    subsets: int = SUBSETS,
    size: int | None = None,
    seed: int = 0,
) -> tuple[float, float, int]:
    """The kernel distance as it is mostly reported: its mean and standard deviation over random subsets.

    The deviation is that of one subset, and so tells how sure a figure of so few pictures would be. It is too small
    where subsets share many pictures.

    Args:
        drawn, real: features of some pictures each, of one extractor.
        subsets: how many.
        size: pictures of each kind in a subset; None for 1,000, or half of the pictures where there are fewer.
        seed: of the choice.

    Returns:
        Mean, standard deviation, and the pictures in a subset.

    Raises:
        ValueError: as for `kernel_distance`, or a subset has fewer than two pictures or more than there are.
    """
    _check(drawn, real)
    fewest = min(len(drawn), len(real))
    own = min(SUBSET, max(2, fewest // 2)) if size is None else size
    if not 2 <= own <= fewest or subsets < 1:
        raise ValueError(f"{subsets} subsets of {own} pictures out of {fewest}")
    random = np.random.default_rng(seed)
    found = [
        kernel_distance(
            drawn[random.choice(len(drawn), own, replace=False)], real[random.choice(len(real), own, replace=False)]
        )
        for _ in range(subsets)
    ]
    return float(np.mean(found)), float(np.std(found)), own


def _check(drawn: np.ndarray, real: np.ndarray) -> None:
    if min(len(drawn), len(real)) < 2:
        raise ValueError(f"{len(drawn)} drawn and {len(real)} real pictures, of which there should be at least 2 each")
    if not (np.isfinite(drawn).all() and np.isfinite(real).all()):
        raise ValueError("a feature is not a finite number")


def _root_of_covariance(features: Float[np.ndarray, "picture dim"]) -> Float[np.ndarray, "row dim"]:
    """A matrix X of at most dim rows with XᵀX the covariance."""
    centred = features.astype(np.float64)
    centred -= centred.mean(0)
    centred /= math.sqrt(len(features) - 1)
    if len(centred) <= centred.shape[1]:
        return centred
    triangle: np.ndarray = np.linalg.qr(centred)[1]  # R of X = QR, as RᵀR = XᵀX
    return triangle


def _kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one.astype(np.float64) @ other.astype(np.float64).T / one.shape[1] + 1) ** 3


# Rows of a block of the kernel, so that any number of pictures fits into memory.
_BLOCK = 2048


def _within(features: np.ndarray) -> float:
    """The mean over pairs of different pictures of one set."""
    count = len(features)
    total = 0.0
    for start in range(0, count, _BLOCK):
        block = _kernel(features[start : start + _BLOCK], features)
        rows = np.arange(len(block))
        block[rows, start + rows] = 0
        total += float(block.sum())
    return total / (count * (count - 1))


def _between(drawn: np.ndarray, real: np.ndarray) -> float:
    """The mean over pairs of one picture of each set."""
    sums = [float(_kernel(drawn[start : start + _BLOCK], real).sum()) for start in range(0, len(drawn), _BLOCK)]
    return sum(sums) / (len(drawn) * len(real))
