"""Intervals: how far a figure would move with another draw of pictures, and of seeds."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

RESAMPLES = 2000
LEVEL = 0.95


def resampled_means(
    values: Sequence[Float[np.ndarray, "seed _"]],
    pictures: Sequence[Int[np.ndarray, " _"]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Float[np.ndarray, "resample language"]:
    """The mean of every language in every draw of pictures and seeds, which all languages share.

    Pictures are drawn and not queries, because the captions of one picture rise and fall together, in all languages;
    seeds are drawn beside them (one seed has nothing to draw from). A language's mean is over its own queries of the
    drawn pictures, however many pictures it covers. A draw without any picture of a language says nothing of it, and
    there it stands at its mean over all of its queries, so that every draw is of the same languages.

    Args:
        values: of each language, [seed, query].
        pictures: of each language, the picture that each query is about, [query].

    Raises:
        ValueError: the languages have unequal numbers of seeds.
    """
    counted = {len(each) for each in values}
    if len(counted) != 1:
        raise ValueError(f"languages of {sorted(counted)} seeds, and one draw of seeds is for all")
    (seeds,) = counted
    number = np.unique(np.concatenate(pictures), return_inverse=True)[1]
    total = int(number.max()) + 1
    drawn, weights = _draws(total, seeds, resamples, seed)
    means = np.empty((resamples, len(values)))
    start = 0
    for language, each in enumerate(values):
        own = number[start : start + each.shape[1]]
        start += each.shape[1]
        sums = np.stack([np.bincount(own, weights=of_seed, minlength=total) for of_seed in each], axis=1)
        counts = np.bincount(own, minlength=total).astype(np.float64)
        found = (drawn @ counts)[:, None]
        # Divided before seeds are weighed: whole numbers over themselves are exactly 1.
        per_seed = np.where(found > 0, (drawn @ sums) / np.maximum(found, 1), sums.sum(axis=0) / counts.sum())
        means[:, language] = (per_seed * weights).sum(axis=1) / seeds
    return means


@lru_cache(maxsize=2)
def _draws(
    total: int, seeds: int, resamples: int, seed: int
) -> tuple[Float[np.ndarray, "resample picture"], Float[np.ndarray, "resample seed"]]:
    """How often each picture and each seed is drawn; kept, because an experiment asks for the same hundreds of times."""
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(total, np.full(total, 1 / total), size=resamples).astype(np.float64)
    weights = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples).astype(np.float64)
    drawn.flags.writeable = weights.flags.writeable = False
    return drawn, weights


def interval(draws: Float[np.ndarray, " resample"], level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval of a figure that was made anew from every draw (Efron & Tibshirani 1993, chapter 13)."""
    # No mixture of two where one may be infinite; not a number where any draw is.
    method = "linear" if np.isfinite(draws).all() else "nearest"
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], method=method)
    return float(low), float(high)


def bootstrap_mean(
    values: Float[np.ndarray, " query"],
    picture: Int[np.ndarray, " query"],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, float, float]:
    """The mean and its bootstrap interval over pictures.

    Args:
        values: one for each query.
        picture: which picture a query is about, any numbers.

    Returns:
        The mean, and the interval's low and high end.
    """
    means = resampled_means([values[None].astype(np.float64)], [picture], resamples=resamples, seed=seed)
    return float(values.mean()), *interval(means[:, 0], level)


def quartiles(ranks: Float[np.ndarray, " query"]) -> tuple[float, float, float]:
    """The first quartile, the median and the third quartile."""
    first, median, third = np.quantile(ranks, [0.25, 0.5, 0.75])
    return float(first), float(median), float(third)
