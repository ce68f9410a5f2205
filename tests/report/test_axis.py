"""Axes hold their values between round ends."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.report.axis import linear, logarithmic

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_a_linear_axis_holds_every_value_between_even_ticks(values: list[float]) -> None:
    axis = linear(values)
    assert axis.low <= min(values) + 1e-6
    assert axis.high >= max(values) - 1e-6
    assert 2 <= len(axis.ticks) <= 8
    steps = {round(after - before, 6) for before, after in zip(axis.ticks, axis.ticks[1:], strict=False)}
    assert max(steps) - min(steps) < 1e-5
    leading = max(steps) / 10 ** math.floor(math.log10(max(steps)) + 1e-9)
    assert round(leading, 3) in (1, 2, 5, 10)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=2, max_size=20))
def test_places_keep_the_order_of_values(values: list[float]) -> None:
    axis = linear(values)
    places = [axis.percent(value) for value in sorted(values)]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 100


@pytest.mark.parametrize(
    ("values", "low", "ticks"),
    [
        ([0.0, 0.47], 0.0, (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        ([1.4, 5.6], None, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
        ([600.0], 0.0, (0.0, 200.0, 400.0, 600.0)),
        ([3.0], None, (3.0, 4.0, 5.0, 6.0)),
    ],
)
def test_ticks_that_a_person_would_choose(values: list[float], low: float | None, ticks: tuple[float, ...]) -> None:
    found = linear(values, low=low).ticks
    assert found[0] == ticks[0]
    assert set(ticks) <= set(found)


def test_a_logarithmic_axis_gives_each_factor_the_same_room() -> None:
    axis = logarithmic(1000)
    assert [axis.percent(rank) for rank in (1, 10, 100, 1000)] == pytest.approx([0, 33.33, 66.67, 100])
    assert axis.percent(0.5) == 0
    assert axis.percent(5000) == 100


@settings(deadline=None)
@given(st.floats(1, 1e7))
def test_the_end_of_a_logarithmic_axis_is_labelled_and_crowds_no_other(high: float) -> None:
    axis = logarithmic(high)
    assert axis.ticks[0] == 1
    assert axis.ticks[-1] == max(high, 10)
    assert all(after / before > 2.5 for before, after in zip(axis.ticks, axis.ticks[1:], strict=False))
