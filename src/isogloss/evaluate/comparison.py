"""Arms side by side over seeds: per language first, averages after, and whether what is claimed holds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isogloss.evaluate.figures import ranks_from_json
from isogloss.evaluate.retrieval import CUTOFFS, Ranks
from isogloss.evaluate.statistics import interval, quartiles, resampled_means


@dataclass(frozen=True)
class Measured:
    """One direction of one arm in one language over all seeds: the same queries, ranked by each seed's model.

    Attributes:
        seeds: the ranks, one for each seed.
        picture: int64 [query], the picture a query is about.
    """

    seeds: tuple[Ranks, ...]
    picture: np.ndarray

    def hits(self, k: int) -> np.ndarray:
        """Each query's accuracy@k by each seed: [seed, query]."""
        return np.stack([ranks.hits(k) for ranks in self.seeds])

    def figures(self) -> dict[str, Any]:
        """The figures of results.json: means with bootstrap intervals, and every seed's own value."""
        return {
            **{f"accuracy@{k}": list(mean_over_languages([self], k)) for k in CUTOFFS},
            "rank_quartiles": list(quartiles(np.concatenate([ranks.middle for ranks in self.seeds]))),
            "captions": len(self.picture),
            "seeds": {f"accuracy@{k}": [float(ranks.hits(k).mean()) for ranks in self.seeds] for k in CUTOFFS},
        }


def measured(evaluations: Sequence[Mapping[str, Any]], language: str, direction: str) -> Measured:
    """One arm's ranks in one language, from the saved evaluations of its seeds.

    Raises:
        ValueError: the seeds were asked other queries.
    """
    read = [ranks_from_json(saved["languages"][language][direction]["ranks"]) for saved in evaluations]
    for _, picture in read[1:]:
        _check_same(read[0][1], picture)
    return Measured(tuple(ranks for ranks, _ in read), read[0][1])


def mean_over_languages(each: Sequence[Measured], k: int) -> tuple[float, float, float]:
    """The unweighted mean over languages of accuracy@k, with an interval over the pictures that they share, and seeds.

    A picture is drawn with its captions in all languages, because they rise and fall together.
    """
    means = resampled_means([one.hits(k) for one in each], [one.picture for one in each])
    return _mean(each, k), *interval(means.mean(axis=1))


def paired_difference(one: Sequence[Measured], other: Sequence[Measured], k: int) -> tuple[float, float, float]:
    """How much better the second is than the first in accuracy@k, the mean over languages, on the same queries.

    Raises:
        ValueError: the two were asked other queries.
    """
    for a, b in zip(one, other, strict=True):
        _check_same(a.picture, b.picture)
    gains = [b.hits(k) - a.hits(k) for a, b in zip(one, other, strict=True)]
    means = resampled_means(gains, [measured.picture for measured in one])
    return float(np.mean([gain.mean() for gain in gains])), *interval(means.mean(axis=1))


def ratio(one: Sequence[Measured], other: Sequence[Measured], k: int) -> tuple[float, float, float]:
    """The second's mean accuracy@k over languages as a multiple of the first's, with an interval over the same draws.

    It is infinite where the first finds nothing, and not a number where neither finds anything; draws in which neither
    does say nothing of it and are left out.

    Raises:
        ValueError: the two were asked other queries.
    """
    for a, b in zip(one, other, strict=True):
        _check_same(a.picture, b.picture)
    both = [*one, *other]
    means = resampled_means([each.hits(k) for each in both], [each.picture for each in both])
    below, above = means[:, : len(one)].mean(axis=1), means[:, len(one) :].mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        times, draws = float(np.divide(_mean(other, k), _mean(one, k))), above / below
    said = draws[~np.isnan(draws)]
    return (times, *interval(said)) if len(said) else (times, math.nan, math.nan)


def _mean(each: Sequence[Measured], k: int) -> float:
    return float(np.mean([one.hits(k).mean() for one in each]))


def _check_same(one: np.ndarray, other: np.ndarray) -> None:
    if not np.array_equal(one, other):
        raise ValueError(f"{len(one)} and {len(other)} queries that are not about the same pictures in the same order")
