"""How often each whole number occurs: an exact distribution of any number of values in little memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Tally:
    """Counts of the numbers from 0 on.

    most: what is greater counts as this.
    """

    most: int
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def add(self, values: NDArray[np.int64]) -> None:
        """Count some more."""
        counts = np.bincount(np.clip(values, 0, self.most), minlength=len(self.counts)).astype(np.int64)
        counts[: len(self.counts)] += self.counts
        self.counts = counts

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def quantile(self, share: float) -> int:
        """The least value that this share of all values does not exceed; 0 where there is none."""
        if not self.total:
            return 0
        return int(np.searchsorted(np.cumsum(self.counts), max(1, np.ceil(share * self.total))))

    def mean(self) -> float:
        return float(self.counts @ np.arange(len(self.counts)) / max(1, self.total))

    def bars(self, edges: Sequence[float]) -> list[int]:
        """How many values lie from each edge to the next; the last bar has all from its edge on."""
        places = np.searchsorted(np.asarray(edges[1:-1], np.float64), np.arange(len(self.counts)), side="right")
        return np.bincount(places, weights=self.counts, minlength=len(edges) - 1).astype(np.int64).tolist()
