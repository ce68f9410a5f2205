"""Counts of whole numbers, beside the numbers themselves."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.tally import Tally

VALUES = st.lists(st.integers(0, 60), min_size=1, max_size=40)


def tally(*parts: list[int], most: int = 50) -> Tally:
    made = Tally(most)
    for part in parts:
        made.add(np.array(part, np.int64))
    return made


@given(VALUES, VALUES, st.floats(0, 1))
def test_quantiles_mean_and_total_are_those_of_the_values(some: list[int], more: list[int], share: float) -> None:
    values = np.minimum(np.array(some + more), 50)
    made = tally(some, more)
    assert made.total == len(values)
    assert made.mean() == pytest.approx(values.mean())
    assert made.quantile(share) == np.quantile(values, share, method="inverted_cdf")


@given(VALUES, st.lists(st.floats(0, 55), min_size=3, max_size=8, unique=True).map(sorted))
def test_bars_count_from_edge_to_edge_and_the_last_one_the_rest(values: list[int], edges: list[float]) -> None:
    edges[0] = 0.0
    clipped = [min(value, 50) for value in values]
    *bars, last = tally(values).bars(edges)
    assert bars == [sum(low <= value < high for value in clipped) for low, high in pairwise(edges[:-1])]
    assert last == sum(value >= edges[-2] for value in clipped)


def test_nothing() -> None:
    assert (tally().total, tally([]).quantile(0.5), tally().bars([0, 1, 2])) == (0, 0, [0, 0])
