"""Moving pictures about, beside a reference that samples pixel by pixel."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from isogloss.data.augment import Augmentation, normalise, warp

shares = st.floats(0, 0.9)


def naive_warp(picture: Tensor, affine: Tensor) -> Tensor:
    """Each pixel of one picture, [channel, height, width], from where its map says, by bilinear interpolation."""
    channels, height, width = picture.shape
    found = torch.empty_like(picture)

    def at(channel: int, row: int, column: int) -> float:
        return float(picture[channel, min(max(row, 0), height - 1), min(max(column, 0), width - 1)])

    for row in range(height):
        for column in range(width):
            # Pixel centres; -1 and 1 are the outer edges of the picture.
            here = torch.tensor([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1, 1.0], dtype=affine.dtype)
            across, down = (affine @ here).tolist()
            # The border continues outside, from the centres of its pixels on.
            x = min(max(((across + 1) * width - 1) / 2, 0.0), width - 1.0)
            y = min(max(((down + 1) * height - 1) / 2, 0.0), height - 1.0)
            left, top = math.floor(x), math.floor(y)
            for channel in range(channels):
                found[channel, row, column] = sum(
                    (1 - abs(x - i)) * (1 - abs(y - j)) * at(channel, j, i)
                    for i in (left, left + 1)
                    for j in (top, top + 1)
                )
    return found


@given(st.integers(0, 1000), st.integers(1, 6))
def test_warping_is_sampling_pixel_by_pixel(seed: int, side: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randn(2, 3, side, side, generator=generator)
    maps = Augmentation(scale=0.5, shift=0.5, turn=1.0, flip=0.5).draw(2, np.random.default_rng(seed))
    found = warp(pixels, maps)
    for picture, affine, moved in zip(pixels, maps, found, strict=True):
        torch.testing.assert_close(moved, naive_warp(picture, affine), rtol=1e-4, atol=1e-4)


def test_a_still_augmentation_leaves_pictures_as_they_are() -> None:
    still = Augmentation(scale=0.0, shift=0.0, turn=0.0)
    assert still.still
    maps = still.draw(3, np.random.default_rng(0))
    assert maps.equal(torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(3, 2, 3))
    pixels = torch.randn(3, 3, 5, 5)
    torch.testing.assert_close(warp(pixels, maps), pixels)


@pytest.mark.parametrize("moving", [{"scale": 0.1}, {"shift": 0.1}, {"turn": 0.1}, {"flip": 0.1}])
def test_anything_else_is_not_still(moving: dict[str, float]) -> None:
    assert not Augmentation(**{"scale": 0.0, "shift": 0.0, "turn": 0.0, **moving}).still


def test_a_certain_flip_is_a_mirror_image() -> None:
    pixels = torch.randn(4, 3, 6, 6)
    maps = Augmentation(scale=0.0, shift=0.0, turn=0.0, flip=1.0).draw(4, np.random.default_rng(0))
    torch.testing.assert_close(warp(pixels, maps), pixels.flip(-1))


@given(shares, shares, shares, st.integers(0, 1000))
def test_maps_stay_within_their_bounds(scale: float, shift: float, turn: float, seed: int) -> None:
    augmentation = Augmentation(scale, shift, turn, flip=0.5)
    maps = augmentation.draw(50, np.random.default_rng(seed)).double()
    zoom = torch.linalg.det(maps[:, :, :2]).abs().sqrt()
    assert ((zoom - 1).abs() <= scale + 1e-6).all()
    assert (maps[:, :, 2].abs() <= shift + 1e-6).all()
    angle = torch.atan2(-maps[:, 0, 1], maps[:, 1, 1])
    assert (angle.abs() <= turn + 1e-6).all()
    assert maps.equal(augmentation.draw(50, np.random.default_rng(seed)).double())


def test_bounds_are_reached_on_both_sides() -> None:
    maps = Augmentation(scale=0.2, shift=0.3, turn=0.0, flip=0.25).draw(4000, np.random.default_rng(1))
    for values, low, high in (
        (maps[:, 1, 1], 0.8, 1.2),
        (maps[:, 0, 2], -0.3, 0.3),
        (maps[:, 1, 2], -0.3, 0.3),
    ):
        assert float(values.min()) == pytest.approx(low, abs=0.005)
        assert float(values.max()) == pytest.approx(high, abs=0.005)
        assert float(values.mean()) == pytest.approx((low + high) / 2, abs=0.02)
    assert 0.21 < float((maps[:, 0, 0] < 0).float().mean()) < 0.29


@given(st.integers(0, 255), st.floats(0, 1), st.floats(0.1, 1))
def test_pixels_are_brought_to_the_towers_scale(value: int, mean: float, deviation: float) -> None:
    pixels = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    pixels[0, 1] = value
    found = normalise(pixels, (0.0, mean, 0.5), (1.0, deviation, 0.5))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[0, 0], torch.zeros(2, 2))
    torch.testing.assert_close(found[0, 1], torch.full((2, 2), (value / 255 - mean) / deviation))
    torch.testing.assert_close(found[0, 2], torch.full((2, 2), -1.0))
