"""Arms side by side over seeds: per language first, averages after, and whether what is claimed holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isogloss.evaluate.figures import ranks_from_json
from isogloss.evaluate.retrieval import CUTOFFS, Ranks
from isogloss.evaluate.statistics import bootstrap_mean, quartiles


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
        """Each query's accuracy@k, the mean over seeds: [query]."""
        return np.mean([ranks.hits(k) for ranks in self.seeds], axis=0)

    def figures(self) -> dict[str, Any]:
        """The figures of results.json: means with bootstrap intervals over pictures, and every seed's own value."""
        return {
            **{f"accuracy@{k}": list(bootstrap_mean(self.hits(k), self.picture)) for k in CUTOFFS},
            "rank_quartiles": list(quartiles(np.concatenate([ranks.middle for ranks in self.seeds]))),
            "captions": len(self.picture),
            "seeds": {f"accuracy@{k}": [float(ranks.hits(k).mean()) for ranks in self.seeds] for k in CUTOFFS},
        }


def measured(evaluations: Sequence[Mapping[str, Any]], language: str, direction: str) -> Measured:
    """One arm's ranks in one language, from the saved evaluations of its seeds."""
    read = [ranks_from_json(saved["languages"][language][direction]["ranks"]) for saved in evaluations]
    return Measured(tuple(ranks for ranks, _ in read), read[0][1])


def mean_over_languages(each: Sequence[Measured], k: int) -> tuple[float, float, float]:
    """The unweighted mean over languages of accuracy@k, with an interval over the pictures that they share.

    A picture is drawn with its captions in all languages, because they rise and fall together.
    """
    hits = np.concatenate([one.hits(k) / len(one.picture) for one in each])
    pictures = np.concatenate([one.picture for one in each])
    # Each language's hits weigh one over its captions, so the mean over queries times their number is the sum of means.
    value, low, high = bootstrap_mean(hits, pictures)
    scale = len(hits) / len(each)
    return value * scale, low * scale, high * scale


def paired_difference(one: Sequence[Measured], other: Sequence[Measured], k: int) -> tuple[float, float, float]:
    """How much better the second is than the first in accuracy@k, the mean over languages, on the same queries."""
    hits = np.concatenate([(b.hits(k) - a.hits(k)) / len(a.picture) for a, b in zip(one, other, strict=True)])
    pictures = np.concatenate([measured.picture for measured in one])
    value, low, high = bootstrap_mean(hits, pictures)
    scale = len(hits) / len(one)
    return value * scale, low * scale, high * scale


def ratio(
    one: Sequence[Measured], other: Sequence[Measured], k: int, resamples: int = 2000
) -> tuple[float, float, float]:
    """The second's mean accuracy@k over languages as a multiple of the first's, with an interval over pictures.

    It is infinite where the first finds nothing, and not a number where neither finds anything.
    """
    pictures = np.unique(np.concatenate([measured.picture for measured in one]), return_inverse=True)[1]

    def per_picture(each: Sequence[Measured]) -> np.ndarray:
        return np.bincount(pictures, weights=np.concatenate([m.hits(k) / len(m.picture) for m in each]))

    below, above = per_picture(one), per_picture(other)
    drawn = np.random.default_rng(0).multinomial(len(below), np.full(len(below), 1 / len(below)), size=resamples)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The nearest and no mixture of two, for a draw in which the first finds nothing is infinite.
        low, high = np.quantile((drawn @ above) / (drawn @ below), [0.025, 0.975], method="nearest")
        return float(above.sum() / below.sum()), float(low), float(high)
