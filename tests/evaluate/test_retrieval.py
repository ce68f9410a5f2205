"""Ranks against a naive sort, with every order of the tied; and a collapsed model, which gets what chance gets."""

from itertools import pairwise, permutations
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isogloss.errors import UserError
from isogloss.evaluate.retrieval import CUTOFFS, Ranks, caption_to_image, image_to_caption, telling_cutoff

# Few values and few dimensions, so that many similarities are equal.
COARSE = st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0])


def matrices(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, (rows, columns), elements=COARSE).map(lambda found: found.astype(np.float32))


@st.composite
def cases(draw: st.DrawFn, most: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, captions and owner, every image owning at least one caption."""
    images = draw(st.integers(1, most))
    further = draw(st.lists(st.integers(0, images - 1), max_size=most - 1))
    owner = np.array(draw(st.permutations([*range(images), *further])), np.int64)
    return draw(matrices(images, 2)), draw(matrices(len(owner), 2)), owner


def naive(scores: list[float], right: set[int]) -> list[int]:
    """The rank of the first right answer, from 1, in every order that sorting by score allows, each as likely."""
    sorted_orders = [
        order for order in permutations(range(len(scores))) if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]
    return [min(order.index(one) for one in right) + 1 for order in sorted_orders]


def check(ranks: Ranks, each: list[list[int]]) -> None:
    assert ranks.middle == pytest.approx([np.mean(possible) for possible in each])
    for k in range(1, 8):
        expected = [np.mean([rank <= k for rank in possible]) for possible in each]
        assert ranks.hits(k) == pytest.approx(expected)


@given(cases())
def test_captions_find_images_as_a_naive_sort_says(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    images, captions, owner = case
    each = [
        naive([float(caption @ image) for image in images], {int(right)})
        for caption, right in zip(captions, owner, strict=True)
    ]
    check(caption_to_image(captions, images, owner), each)


@given(cases())
def test_images_find_the_first_of_their_captions_as_a_naive_sort_says(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    images, captions, owner = case
    each: list[list[int]] = []
    for number, image in enumerate(images):
        each.append(
            naive([float(image @ caption) for caption in captions], set(np.flatnonzero(owner == number).tolist()))
        )
    check(image_to_caption(images, captions, owner), each)


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 5))
def test_without_ties_it_is_sorting(seed: int, images: int, per_image: int) -> None:
    chance = np.random.default_rng(seed)
    owner = chance.permutation(np.repeat(np.arange(images), per_image))
    pictures = chance.normal(size=(images, 6)).astype(np.float32)
    captions = chance.normal(size=(len(owner), 6)).astype(np.float32)
    scores = captions.astype(np.float64) @ pictures.astype(np.float64).T
    assume(np.diff(np.sort(scores, axis=1), axis=1).min() > 2e-6)  # nearer ones count as tied
    ranks = caption_to_image(captions, pictures, owner)
    places = np.argsort(np.argsort(-scores, axis=1), axis=1)[np.arange(len(owner)), owner] + 1
    np.testing.assert_array_equal(ranks.middle, places)
    for k in (1, 5, 10):
        np.testing.assert_array_equal(ranks.hits(k), places <= k)


@pytest.mark.parametrize("dim", [1, 16, 33, 64, 128, 512])
@pytest.mark.parametrize("images", [2, 27, 721, 1025])
@pytest.mark.parametrize("collapsed", ["images", "captions", "both"])
def test_a_collapsed_model_gets_exactly_what_chance_gets(collapsed: str, images: int, dim: int) -> None:
    """Also where a matrix product gives equal vectors different last bits, and over several blocks of queries."""
    chance = np.random.default_rng(dim)

    def unit(rows: int) -> np.ndarray:
        found = chance.normal(size=(rows, dim)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    one = np.tile(unit(1), (images, 1))
    pictures = one if collapsed != "captions" else unit(images)
    captions = one if collapsed != "images" else unit(images)
    owner = np.arange(images)
    if collapsed != "captions":
        found = caption_to_image(captions, pictures, owner)
    else:
        found = image_to_caption(pictures, captions, owner)
    for k in (1, 5, 10):
        assert found.hits(k) == pytest.approx(np.full(images, min(1.0, k / images)))
    assert found.middle == pytest.approx(np.full(images, (images + 1) / 2))


@pytest.mark.parametrize("own", [1, 2, 5])
def test_a_collapsed_model_finds_one_of_several_own_captions_as_often_as_chance_does(own: int) -> None:
    images, owner = np.ones((12, 1), np.float32), np.repeat(np.arange(12), own)
    found = image_to_caption(images, np.ones((12 * own, 1), np.float32), owner)
    for k in (1, 5, 10):
        chance = 1 - comb(11 * own, k) / comb(12 * own, k)
        assert found.hits(k) == pytest.approx(np.full(12, chance))
    assert found.middle == pytest.approx(np.full(12, (12 * own + 1) / (own + 1)))


def test_a_model_that_knows_everything_is_always_first() -> None:
    images = np.eye(30, dtype=np.float32)
    owner = np.repeat(np.arange(30), 4)
    to_image, to_caption = (
        caption_to_image(images[owner], images, owner),
        image_to_caption(images, images[owner], owner),
    )
    for ranks in (to_image, to_caption):
        assert ranks.hits(1).min() == 1.0
        assert ranks.middle.max() == 1.0
    assert (len(to_image.middle), len(to_caption.middle)) == (120, 30)


def test_two_pictures_alike_share_the_first_place() -> None:
    images = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    found = caption_to_image(images, images, np.arange(3))
    assert found.hits(1).tolist() == [0.5, 0.5, 1.0]
    assert found.hits(2).tolist() == [1.0, 1.0, 1.0]
    assert found.middle.tolist() == [1.5, 1.5, 1.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_never_passes_for_a_right_answer(bad: float) -> None:
    images, captions, owner = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), np.arange(3)
    for broken in (images, captions):
        broken[1, 1] = bad
        with pytest.raises(UserError, match="not finite numbers"):
            caption_to_image(captions, images, owner)
        with pytest.raises(UserError, match="not finite numbers"):
            image_to_caption(images, captions, owner)
        broken[1, 1] = 1.0


def test_an_image_without_a_caption_cannot_look_for_one() -> None:
    with pytest.raises(ValueError, match="3 images, of which only 2 own a caption"):
        image_to_caption(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[:2], np.array([0, 2]))


@given(st.integers(0, 1000))
def test_the_telling_cutoff_is_the_largest_by_which_guessing_finds_half_at_most(pictures: int) -> None:
    found = telling_cutoff(pictures)
    assert [k for k in CUTOFFS if k <= (found or 0)] == [k for k in CUTOFFS if k <= pictures / 2]
