"""The parallel objective and its per-language variant, beside their formulas read out in loops."""

import math
from random import Random

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from losses.drawn import Drawn, batches, unit
from losses.naive import parallel, per_language
from torch import Tensor
from transformers.models.clip.modeling_clip import image_text_contrastive_loss

from isogloss.losses.parallel import parallel_loss
from isogloss.losses.per_language import per_language_loss

# Two languages of three images: the first is captioned thrice, the second in one language, the third not at all.
OWNER = torch.tensor([1, 0, 0, 1, 0])
LANGUAGE = torch.tensor([7, 3, 7, 7, 7])


def distinct(drawn: Drawn) -> Tensor:
    """The images that own a caption."""
    return torch.unique(drawn.owner)


@given(batches())
def test_parallel_is_its_formula(drawn: Drawn) -> None:
    losses = parallel_loss(drawn.images, drawn.captions, drawn.owner, drawn.scale)
    image_side, caption_side, floor = parallel(drawn.images, drawn.captions, drawn.owner.tolist(), drawn.scale)
    assert set(losses.parts) == {"image_to_caption", "caption_to_image"}
    torch.testing.assert_close(losses.parts["image_to_caption"], image_side)
    torch.testing.assert_close(losses.parts["caption_to_image"], caption_side)
    torch.testing.assert_close(losses.total, (image_side + caption_side) / 2)
    assert float(losses.floor) == pytest.approx(floor)


@given(batches())
def test_per_language_is_its_formula(drawn: Drawn) -> None:
    losses = per_language_loss(drawn.images, drawn.captions, drawn.owner, drawn.language, drawn.scale)
    total, floor = per_language(
        drawn.images, drawn.captions, drawn.owner.tolist(), drawn.language.tolist(), drawn.scale
    )
    torch.testing.assert_close(losses.total, total)
    assert float(losses.floor) == pytest.approx(floor)


@given(st.integers(1, 8), st.integers(0, 1000), st.floats(1, 100))
def test_one_caption_an_image_is_clip(images: int, seed: int, scale: float) -> None:
    pictures, captions = unit(seed, images, 4), unit(seed + 1, images, 4)
    wanted = image_text_contrastive_loss(scale * captions @ pictures.T)
    for found in (
        parallel_loss(pictures, captions, torch.arange(images), torch.tensor(scale)),
        per_language_loss(
            pictures, captions, torch.arange(images), torch.zeros(images, dtype=torch.int64), torch.tensor(scale)
        ),
    ):
        torch.testing.assert_close(found.total, wanted)
        assert float(found.floor) == 0


@given(batches(), st.randoms(use_true_random=False))
def test_the_order_of_captions_and_of_images_does_not_matter(drawn: Drawn, chance: Random) -> None:
    order = torch.tensor(chance.sample(range(len(drawn.owner)), len(drawn.owner)))
    place = torch.tensor(chance.sample(range(len(drawn.images)), len(drawn.images)))
    moved = Drawn(
        torch.empty_like(drawn.images).index_copy(0, place, drawn.images),
        drawn.captions[order],
        place[drawn.owner[order]],
        drawn.language[order],
        drawn.scale,
    )
    for one, other in (
        (
            parallel_loss(drawn.images, drawn.captions, drawn.owner, drawn.scale),
            parallel_loss(moved.images, moved.captions, moved.owner, moved.scale),
        ),
        (
            per_language_loss(drawn.images, drawn.captions, drawn.owner, drawn.language, drawn.scale),
            per_language_loss(moved.images, moved.captions, moved.owner, 5 - moved.language, moved.scale),
        ),
    ):
        torch.testing.assert_close(one.total, other.total)
        torch.testing.assert_close(one.floor, other.floor)


@given(batches())
def test_the_floor_is_never_beaten(drawn: Drawn) -> None:
    for losses in (
        parallel_loss(drawn.images, drawn.captions, drawn.owner, drawn.scale),
        per_language_loss(drawn.images, drawn.captions, drawn.owner, drawn.language, drawn.scale),
    ):
        assert float(losses.total) >= float(losses.floor) - 1e-9


@given(batches())
def test_the_floor_is_reached_by_captions_that_equal_their_images(drawn: Drawn) -> None:
    images = torch.eye(len(drawn.images), dtype=torch.float64)
    captions, scale = images[drawn.owner], torch.tensor(1000.0, dtype=torch.float64)
    for losses in (
        parallel_loss(images, captions, drawn.owner, scale),
        per_language_loss(images, captions, drawn.owner, drawn.language, scale),
    ):
        assert float(losses.total) == pytest.approx(float(losses.floor), abs=1e-9)


def test_the_floor_of_four_languages_is_half_of_log_four() -> None:
    images = F.normalize(torch.randn(3, 8), dim=-1)
    losses = parallel_loss(images, images.repeat(4, 1), torch.arange(3).repeat(4), torch.tensor(10.0))
    assert float(losses.floor) == pytest.approx(math.log(4) / 2)
    assert not losses.floor.requires_grad
    assert not any(part.requires_grad for part in losses.parts.values())


@given(batches())
def test_an_image_without_captions_is_a_negative(drawn: Drawn) -> None:
    """It moves the captions away, and the mean over images does not count it."""
    alone = distinct(drawn)
    place = torch.full((len(drawn.images),), -1)
    place[alone] = torch.arange(len(alone))
    without = parallel_loss(drawn.images[alone], drawn.captions, place[drawn.owner], drawn.scale)
    whole = parallel_loss(drawn.images, drawn.captions, drawn.owner, drawn.scale)
    torch.testing.assert_close(whole.parts["image_to_caption"], without.parts["image_to_caption"])
    torch.testing.assert_close(whole.floor, without.floor)
    assert float(whole.parts["caption_to_image"]) >= float(without.parts["caption_to_image"]) - 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_gradients(seed: int) -> None:
    inputs = (unit(seed, 3, 4), unit(seed + 10, 5, 4), torch.tensor(5.0, dtype=torch.float64))
    images, captions, scale = (value.requires_grad_() for value in inputs)
    assert torch.autograd.gradcheck(
        lambda *values: parallel_loss(values[0], values[1], OWNER, values[2]).total, (images, captions, scale)
    )
    assert torch.autograd.gradcheck(
        lambda *values: per_language_loss(values[0], values[1], OWNER, LANGUAGE, values[2]).total,
        (images, captions, scale),
    )


def test_gradients_in_float32_are_those_of_the_formula() -> None:
    gradients: list[list[Tensor]] = []
    for dtype in (torch.float32, torch.float64):
        images, captions = (unit(seed, rows, 4).to(dtype).requires_grad_() for seed, rows in ((1, 3), (2, 5)))
        scale = torch.tensor(100.0, dtype=dtype, requires_grad=True)
        if dtype == torch.float32:
            parallel_loss(images, captions, OWNER, scale).total.backward()
        else:
            image_side, caption_side, _ = parallel(images, captions, OWNER.tolist(), scale)
            ((image_side + caption_side) / 2).backward()
        gradients.append([value.grad.float() for value in (images, captions, scale) if value.grad is not None])
    for found, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-3)
