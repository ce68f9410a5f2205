"""The bootstrap against a naive loop, and that its intervals hold what they should as often as they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.statistics import bootstrap_mean, quartiles


def naive_interval(values: list[float], picture: list[int], resamples: int, level: float) -> tuple[float, float]:
    """Draw as many pictures as there are, each with all its queries, and take the mean; many times."""
    chance = np.random.default_rng(12345)
    pictures = sorted(set(picture))
    means: list[float] = []
    for _ in range(resamples):
        drawn: list[float] = []
        for number in chance.integers(len(pictures), size=len(pictures)):
            drawn += [value for value, of in zip(values, picture, strict=True) if of == pictures[number]]
        means.append(sum(drawn) / len(drawn))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@pytest.mark.parametrize("level", [0.95, 0.5])
@pytest.mark.parametrize("ragged", [False, True])
def test_the_interval_is_that_of_a_naive_loop(ragged: bool, level: float) -> None:
    chance = np.random.default_rng(3)
    counts = chance.integers(1, 6, size=30) if ragged else np.ones(30, np.int64)
    picture = chance.permutation(np.repeat(np.arange(30) * 7 - 50, counts))
    values = (chance.random(len(picture)) < 0.2 + 0.02 * ((picture + 50) // 7)).astype(np.float64)
    mean, low, high = bootstrap_mean(values, picture, level=level)
    assert mean == pytest.approx(values.mean())
    expected = naive_interval(values.tolist(), picture.tolist(), 2000, level)
    assert (low, high) == pytest.approx(expected, abs=0.02)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(-9, 9)), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
def test_the_interval_is_the_same_whenever_it_is_asked_for(pairs: list[tuple[float, int]], chance: object) -> None:
    values, picture = np.array([value for value, _ in pairs]), np.array([number for _, number in pairs])
    found = bootstrap_mean(values, picture, resamples=200)
    assert bootstrap_mean(values, picture, resamples=200) == found
    assert values.min() - 1e-9 <= found[1] <= found[2] <= values.max() + 1e-9
    # Renaming the pictures in their order changes nothing, and nor does the order of the queries.
    order = np.random.default_rng(0).permutation(len(values))
    assert bootstrap_mean(values[order], 3 * picture[order] + 1, resamples=200) == pytest.approx(found)


def test_queries_that_all_agree_have_an_interval_of_no_width() -> None:
    assert bootstrap_mean(np.full(12, 0.25), np.arange(12)) == (0.25, 0.25, 0.25)
    assert bootstrap_mean(np.array([1.0, 0.0]), np.array([5, 5])) == (0.5, 0.5, 0.5), (
        "one picture says nothing of others"
    )


def test_captions_of_one_picture_are_not_taken_for_evidence_of_their_own() -> None:
    """Five captions that rise and fall together tell as much as one, and no more."""
    chance = np.random.default_rng(0)
    hits = (chance.random(200) < 0.4).astype(np.float64)
    once = bootstrap_mean(hits, np.arange(200))
    five = bootstrap_mean(np.repeat(hits, 5), np.repeat(np.arange(200), 5))
    assert five == pytest.approx(once)
    fooled = bootstrap_mean(np.repeat(hits, 5), np.arange(1000))
    assert fooled[2] - fooled[1] < 0.6 * (once[2] - once[1])


def test_nineteen_intervals_of_twenty_hold_the_truth() -> None:
    """300 draws of 150 pictures with three captions each, whose accuracy varies from picture to picture."""
    chance = np.random.default_rng(1)
    picture = np.repeat(np.arange(150), 3)
    held = 0
    for _ in range(300):
        ease = chance.beta(1, 2, size=150)  # a mean of 1/3
        hits = (chance.random(450) < ease[picture]).astype(np.float64)
        _, low, high = bootstrap_mean(hits, picture, resamples=400)
        held += low <= 1 / 3 <= high
    assert 0.91 <= held / 300 <= 0.98


def test_quartiles() -> None:
    assert quartiles(np.array([4.0, 1.0, 3.0, 2.0, 5.0])) == (2.0, 3.0, 4.0)
    assert quartiles(np.array([10.0])) == (10.0, 10.0, 10.0)
