"""Intervals: how far a figure would move with another draw of pictures."""

import numpy as np
from jaxtyping import Float, Int

RESAMPLES = 2000
LEVEL = 0.95


def bootstrap_mean(
    values: Float[np.ndarray, " query"],
    picture: Int[np.ndarray, " query"],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, float, float]:
    """The mean and its percentile bootstrap interval over pictures (Efron & Tibshirani 1993, chapter 13).

    Pictures are drawn and not queries, because the captions of one picture rise and fall together.

    Args:
        values: one for each query.
        picture: which picture a query is about, any numbers.

    Returns:
        The mean, and the interval's low and high end.
    """
    _, number = np.unique(picture, return_inverse=True)
    sums, counts = np.bincount(number, weights=values), np.bincount(number).astype(np.float64)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=resamples)
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(values.mean()), float(low), float(high)


def quartiles(ranks: Float[np.ndarray, " query"]) -> tuple[float, float, float]:
    """The first quartile, the median and the third quartile."""
    first, median, third = np.quantile(ranks, [0.25, 0.5, 0.75])
    return float(first), float(median), float(third)
