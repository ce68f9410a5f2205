"""Distances between sets of pictures: against closed forms, SciPy's root of a matrix, and loops over pairs."""

import math
import re

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.evaluate import frechet
from isogloss.evaluate.frechet import check_enough, frechet_distance, kernel_distance, kernel_distance_of_subsets


def features(count: int, dim: int, seed: int, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(shift, 1, (count, dim)) @ random.normal(0, 1, (dim, dim))


def with_moments(mean: np.ndarray, covariance: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Features whose mean and covariance are exactly these."""
    random = np.random.default_rng(seed).normal(size=(count, len(mean)))
    random -= random.mean(0)
    white = random @ np.linalg.inv(np.linalg.cholesky(np.cov(random.T).reshape(len(mean), -1))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def naive_frechet(one: np.ndarray, other: np.ndarray) -> float:
    a, b = (np.cov(each, rowvar=False) for each in (one, other))
    root = np.real(scipy.linalg.sqrtm(a @ b))
    return float(((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root))


def naive_kernel(one: np.ndarray, other: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return (sum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(some: np.ndarray) -> float:
        pairs = [k(x, y) for i, x in enumerate(some) for j, y in enumerate(some) if i != j]
        return sum(pairs) / len(pairs)

    between = [k(x, y) for x in one for y in other]
    return within(one) + within(other) - 2 * sum(between) / len(between)


@pytest.mark.parametrize(("drawn", "real", "dim"), [(40, 60, 5), (300, 30, 12), (7, 9, 6)])
def test_the_frechet_distance_is_that_of_a_root_of_a_matrix(drawn: int, real: int, dim: int) -> None:
    one, other = features(drawn, dim, 0), features(real, dim, 1, 0.5)
    assert frechet_distance(one, other) == pytest.approx(naive_frechet(one, other), rel=1e-6)


def test_covariances_that_commute_have_a_closed_form() -> None:
    """Of diagonal ones: the squared distance of the means, and of the deviations."""
    first, second = np.array([1.0, 4.0, 0.25]), np.array([9.0, 1.0, 2.25])
    one = with_moments(np.array([0.0, 1.0, 2.0]), np.diag(first), 50, 0)
    other = with_moments(np.array([1.0, 1.0, 0.0]), np.diag(second), 80, 1)
    expected = 1 + 0 + 4 + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    assert frechet_distance(one, other) == pytest.approx(expected)


def test_fewer_pictures_than_features_lose_nothing() -> None:
    """Points on a line in many dimensions: the distance of two one-dimensional normal distributions."""
    random = np.random.default_rng(0)
    direction = random.normal(size=500)
    direction /= np.linalg.norm(direction)
    a, b = random.normal(0, 2, 8), random.normal(3, 5, 6)
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(np.outer(a, direction), np.outer(b, direction)) == pytest.approx(expected)


counts = st.tuples(st.integers(2, 12), st.integers(2, 12), st.integers(1, 8), st.integers(0, 99))


@settings(max_examples=60)
@given(counts, st.floats(-3, 3))
def test_a_distance_is_one(shape: tuple[int, int, int, int], move: float) -> None:
    drawn, real, dim, seed = shape
    one, other = features(drawn, dim, seed), features(real, dim, seed + 100)
    scale = float((one**2).sum() + (other**2).sum())
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]
    for distance in (frechet_distance, kernel_distance):
        found = distance(one, other)
        assert distance(other, one) == pytest.approx(found, abs=1e-8 * scale**1.5 + 1e-9)
        assert distance(one @ turn, other @ turn) == pytest.approx(found, abs=1e-7 * scale**1.5 + 1e-7)
        assert distance(one[::-1], other) == pytest.approx(found, abs=1e-8 * scale**1.5 + 1e-9)
    assert frechet_distance(one, other) >= 0
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9 * scale)
    assert frechet_distance(one, one + move) == pytest.approx(dim * move**2, abs=1e-9 * scale + 1e-9)


def test_a_large_mean_does_not_drown_the_covariance() -> None:
    one, other = features(30, 4, 0).astype(np.float32), features(30, 4, 1).astype(np.float32)
    plain = frechet_distance(one, other)
    far = np.float32(1e4)
    assert frechet_distance(one + far, other + far) == pytest.approx(plain, rel=0.01)


@pytest.mark.parametrize("block", [3, 2048])
def test_the_kernel_distance_is_that_of_a_loop_over_pairs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frechet, "_BLOCK", block)
    one, other = features(8, 3, 0), features(11, 3, 1, 0.3)
    assert kernel_distance(one, other) == pytest.approx(naive_kernel(one, other))


def test_the_kernel_distance_of_few_pictures_has_no_bias_and_that_of_frechet_has() -> None:
    random = np.random.default_rng(0)
    kernel = np.array([kernel_distance(*random.normal(size=(2, 6, 4))) for _ in range(2000)])
    assert abs(kernel.mean()) < 3 * kernel.std() / math.sqrt(len(kernel))
    assert (kernel < 0).any()
    small = np.mean([frechet_distance(*random.normal(size=(2, 6, 4))) for _ in range(50)])
    large = np.mean([frechet_distance(*random.normal(size=(2, 600, 4))) for _ in range(10)])
    assert small > 20 * large


def test_subsets() -> None:
    one, other = features(30, 4, 0), features(24, 4, 1, 0.3)
    mean, deviation, size = kernel_distance_of_subsets(one, other, size=24, subsets=3)
    assert size == 24 and deviation < abs(mean)
    same = kernel_distance_of_subsets(other, other[::-1], size=24, subsets=3)
    assert same[:2] == (pytest.approx(kernel_distance(other, other)), pytest.approx(0, abs=1e-6))
    mean, deviation, size = kernel_distance_of_subsets(one, other, subsets=400)
    assert size == 12 and mean == pytest.approx(kernel_distance(one, other), abs=4 * deviation / math.sqrt(400))
    assert kernel_distance_of_subsets(one, other) == kernel_distance_of_subsets(one, other)
    assert kernel_distance_of_subsets(features(2100, 2, 0), features(2100, 2, 1), subsets=1)[2] == 1000
    for wrong in (1, 25):
        with pytest.raises(ValueError, match=f"subsets of {wrong} pictures"):
            kernel_distance_of_subsets(one, other, size=wrong)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        frechet_distance(features(1, 3, 0), features(5, 3, 0))
    broken = features(5, 3, 0)
    broken[2, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        kernel_distance(features(5, 3, 0), broken)
    check_enough(2049, 5000, 2048, "Inception")
    with pytest.raises(
        UserError, match=re.escape("2,048 features (Inception) needs more pictures than that, and there are 2,048")
    ):
        check_enough(2048, 5000, 2048, "Inception")
