"""Mixtures: shares are met at every step, a part is permuted anew in each of its epochs, and a step is a function of its number."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.mixture import Mixture, Mixtures
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError

NAMES = ("en", "es", "ja", "hi", "de")


@st.composite
def mixtures(draw: st.DrawFn) -> Mixture:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    sizes = {name: draw(st.integers(1, 40)) for name in names}
    proportions = {name: draw(st.floats(0.001, 10)) for name in names}
    return Mixture(sizes, proportions, draw(st.integers(1, sum(sizes.values()))), draw(st.integers(0, 2**32)))


def naive(mixture: Mixture, conversations: int) -> Counter[str]:
    """Each conversation is of the part that lacks most, by Webster's divisors."""
    proportions = mixture.proportions or {}
    total = math.fsum(proportions.values())
    counts = Counter[str]()
    for _ in range(conversations):
        counts[max(mixture.sizes, key=lambda name: proportions[name] / total / (counts[name] + 0.5))] += 1
    return counts


@given(mixtures(), st.integers(0, 6))
def test_a_step_takes_what_a_count_from_the_beginning_would_have_it_take(mixture: Mixture, step: int) -> None:
    taken = Counter(name for name, _ in mixture.taken(step))
    assert sum(taken.values()) == mixture.per_step
    after, before = naive(mixture, (step + 1) * mixture.per_step), naive(mixture, step * mixture.per_step)
    # A tie is broken by the last digit of a quotient, in either.
    assert all(abs(taken[name] - after[name] + before[name]) <= 1 for name in mixture.sizes)


@given(mixtures(), st.integers(1, 12))
def test_shares_are_met_up_to_rounding(mixture: Mixture, steps: int) -> None:
    counts = Counter(name for step in range(steps) for name, _ in mixture.taken(step))
    proportions = mixture.proportions or {}
    for name in mixture.sizes:
        share = proportions[name] / math.fsum(proportions.values())
        assert abs(counts[name] - share * steps * mixture.per_step) <= 0.5 + share * len(mixture.sizes) / 2 + 1e-6


@given(mixtures())
def test_each_epoch_of_a_part_shows_all_of_it(mixture: Mixture) -> None:
    rows: dict[str, list[int]] = {name: [] for name in mixture.sizes}
    for step in range(3 * mixture.steps_per_epoch):
        for name, row in mixture.taken(step):
            rows[name].append(row)
    for name, size in mixture.sizes.items():
        for first in range(0, len(rows[name]) // size * size, size):
            epoch = rows[name][first : first + size]
            # Within a step that begins another epoch, rows are in the order of the stream too.
            assert sorted(epoch) == list(range(size))


def test_epochs_seeds_and_parts_are_permuted_differently() -> None:
    def order(seed: int, name: str, epoch: int) -> list[int]:
        mixture = Mixture({"en": 30, "es": 30}, {name: 1.0}, 30, seed)
        return [row for _, row in mixture.taken(epoch)]

    orders = [order(seed, name, epoch) for seed in (0, 1) for name in ("en", "es") for epoch in (0, 1)]
    assert len({tuple(one) for one in orders}) == 8
    assert all(sorted(one) == list(range(30)) for one in orders)


def test_a_further_part_leaves_the_order_of_the_others() -> None:
    two = Mixture({"en": 20, "ja": 20}, {"en": 1, "ja": 1}, 4, 7)
    three = Mixture({"de": 5, "en": 20, "ja": 20}, {"en": 1, "ja": 1, "de": 2}, 4, 7)

    def stream(mixture: Mixture, name: str) -> list[int]:
        return [row for step in range(40) for part, row in mixture.taken(step) if part == name][:40]

    assert stream(two, "en") == stream(three, "en")
    assert stream(two, "ja") == stream(three, "ja")


@given(mixtures(), st.integers(0, 20))
def test_without_proportions_the_parts_are_one(mixture: Mixture, step: int) -> None:
    together = replace(mixture, proportions=None)
    every = [(name, row) for name, size in mixture.sizes.items() for row in range(size)]
    wanted = Sampler(len(every), mixture.per_step, mixture.seed).indices(step)
    assert sorted(together.taken(step)) == sorted(every[place] for place in wanted)
    assert together.steps_per_epoch == len(every) // mixture.per_step


@given(st.lists(mixtures(), min_size=1, max_size=3), st.integers(0, 20))
def test_several_mixtures_bring_to_a_step_what_each_brings_alone(each: list[Mixture], step: int) -> None:
    several = Mixtures(tuple(each))
    assert several.taken(step) == [one for mixture in each for one in mixture.taken(step)]
    assert several.per_step == len(several.taken(step))
    assert several.steps_per_epoch == each[0].steps_per_epoch
    if len({name for mixture in each for name in mixture.sizes}) == sum(len(mixture.sizes) for mixture in each):
        assert math.fsum(several.shares.values()) == pytest.approx(1)
        for mixture in each:
            own = math.fsum(several.shares[name] for name in mixture.shares)
            assert own == pytest.approx(mixture.per_step / several.per_step)


def test_shares_hold_over_a_billion() -> None:
    mixture = Mixture({"en": 5_000_000, "ja": 300, "hi": 7}, {"en": 0.9, "ja": 0.099, "hi": 0.001}, 1000, 3)
    step = 10**6 + 3
    assert Counter(name for name, _ in mixture.taken(step)) == {"en": 900, "ja": 99, "hi": 1}


def test_a_part_without_a_proportion_is_not_taken_from() -> None:
    mixture = Mixture({"en": 6, "es": 100, "ja": 6}, {"en": 2, "ja": 2, "es": 0}, 3, 0)
    assert mixture.shares == {"en": 0.5, "ja": 0.5}
    assert mixture.steps_per_epoch == 4
    assert {name for step in range(20) for name, _ in mixture.taken(step)} == {"en", "ja"}


@pytest.mark.parametrize(
    ("sizes", "proportions", "per_step", "message"),
    [
        (
            {"en": 5, "ja": 5},
            {"en": 1, "jp": 1},
            2,
            "no part of the data for the proportion of 'jp'; did you mean 'ja'?",
        ),
        ({"en": 5}, {"en": -1.0}, 2, "The proportion of 'en' is -1.0; give a number that is zero or more"),
        ({"en": 5}, {"en": math.nan}, 2, "The proportion of 'en' is nan"),
        ({"en": 5, "ja": 0}, {"en": 1, "ja": 0.5}, 2, "There is nothing in 'ja' to make 0.5 of the mixture"),
        ({"en": 5}, {"en": 0.0}, 2, "No part of the mixture has a proportion"),
        ({"en": 5}, {}, 2, "No part of the mixture has a proportion"),
        ({"en": 5, "ja": 4}, None, 10, "A step of 10 conversations cannot be drawn from the 9 that there are"),
        ({"en": 5, "ja": 4}, {"en": 1}, 6, "A step of 6 conversations cannot be drawn from the 5 that there are"),
        ({}, None, 1, "cannot be drawn from the 0 that there are"),
        ({"en": 5}, None, 0, "A step of 0 conversations"),
    ],
)
def test_what_is_no_mixture_is_refused(
    sizes: dict[str, int], proportions: dict[str, float] | None, per_step: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Mixture(sizes, proportions, per_step, 0)
