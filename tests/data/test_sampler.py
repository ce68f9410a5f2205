"""The order of images: a keyed permutation, and a step as a pure function of (seed, step)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.sampler import Sampler, permute
from isogloss.errors import UserError

keys = st.integers(-(2**63), 2**63 - 1)


@st.composite
def samplers(draw: st.DrawFn) -> Sampler:
    images = draw(st.integers(1, 200))
    return Sampler(images, draw(st.integers(1, images)), draw(st.integers(0, 2**32)))


@given(st.integers(1, 5000), keys)
def test_a_permutation_sends_every_position_to_another_one(size: int, key: int) -> None:
    found = permute(np.arange(size), size, key)
    assert found.dtype == np.int64
    assert np.array_equal(np.sort(found), np.arange(size))


@given(st.integers(1, 500), keys, st.data())
def test_a_position_is_sent_where_it_is_sent_among_all(size: int, key: int, data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.integers(0, size - 1), max_size=20))
    whole = permute(np.arange(size), size, key)
    assert np.array_equal(permute(np.array(asked, dtype=np.int64), size, key), whole[asked])


@given(keys, keys)
def test_permutations_differ_by_key(one: int, other: int) -> None:
    same = np.array_equal(permute(np.arange(100), 100, one), permute(np.arange(100), 100, other))
    assert same == (one == other)


def test_a_billion_images_are_permuted_without_being_listed() -> None:
    found = permute(np.arange(1000), 10**9, 7)
    assert len(set(found.tolist())) == 1000
    assert found.min() >= 0
    assert found.max() < 10**9
    # A thousand even draws from a billion: their mean is off the middle by 4 deviations once in 16,000 keys.
    assert abs(found.mean() - 5e8) < 4 * 1e9 / np.sqrt(12 * 1000)


def test_every_image_stands_in_every_place_alike_often() -> None:
    counts = np.zeros((10, 10))
    for key in range(3000):
        counts[np.arange(10), permute(np.arange(10), 10, key)] += 1
    # 300 expected, with a deviation of 16.
    assert counts.min() > 300 - 80
    assert counts.max() < 300 + 80


@given(samplers(), st.integers(0, 3))
def test_an_epoch_shows_an_image_once_at_most_and_leaves_out_less_than_a_step(sampler: Sampler, epoch: int) -> None:
    first = epoch * sampler.steps_per_epoch
    shown = [sampler.indices(step).tolist() for step in range(first, first + sampler.steps_per_epoch)]
    assert all(len(step) == sampler.images_per_step for step in shown)
    flat = [image for step in shown for image in step]
    assert len(set(flat)) == len(flat) > sampler.images - sampler.images_per_step
    assert set(flat) <= set(range(sampler.images))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {
        tuple(np.concatenate([Sampler(60, 20, seed).indices(step) for step in range(first, first + 3)]).tolist())
        for seed in range(5)
        for first in (0, 3, 6)
    }
    assert len(orders) == 15
    assert all(sorted(order) == list(range(60)) for order in orders)


@given(samplers(), st.integers(0, 10_000))
def test_a_step_is_the_same_whenever_it_is_asked_for(sampler: Sampler, step: int) -> None:
    again = Sampler(sampler.images, sampler.images_per_step, sampler.seed)
    again.indices(step + 1)
    assert np.array_equal(sampler.indices(step), again.indices(step))
    assert np.array_equal(sampler.generator(step).random(3), again.generator(step).random(3))
    assert not np.array_equal(sampler.generator(step).random(3), sampler.generator(step + 1).random(3))


def test_the_order_is_the_same_on_every_machine() -> None:
    sampler = Sampler(10, 4, 0)
    assert [sampler.indices(step).tolist() for step in range(4)] == [
        [2, 3, 7, 9],
        [1, 0, 8, 6],
        [1, 6, 0, 8],
        [9, 2, 7, 5],
    ]
    assert sampler.generator(5).integers(1000, size=4).tolist() == [696, 382, 831, 547]


@pytest.mark.parametrize(("images", "images_per_step"), [(3, 4), (3, 0), (0, 1), (0, 0), (5, -1)])
def test_a_step_that_cannot_be_drawn_is_refused(images: int, images_per_step: int) -> None:
    with pytest.raises(
        UserError,
        match=f"A step of {images_per_step} cannot be drawn from the {images} that there are; set images_per_step",
    ):
        Sampler(images, images_per_step, 0)
