"""Drawn pictures, pixel by pixel against the layout that they were drawn from."""

import numpy as np
import pytest

from isogloss.data.worlds.shapes.drawing import BACKGROUND, PALETTE, draw, outline
from isogloss.data.worlds.shapes.layout import lay_out
from isogloss.data.worlds.shapes.scene import COLOURS, SHAPES, Scene
from isogloss.data.worlds.shapes.splits import scenes
from isogloss.errors import UserError


def inside(points: list[tuple[float, float]], x: float, y: float) -> bool:
    """Whether a point lies in a polygon: a ray to the right crosses its sides an odd number of times."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


def naive(scene: Scene, size: int, seed: int, samples: int) -> np.ndarray:
    """The picture by asking of points in every pixel which thing they lie in."""
    things = lay_out(scene, np.random.default_rng(seed))
    picture = np.zeros((size, size, 3))
    steps = (np.arange(samples) + 0.5) / samples
    for row in range(size):
        for column in range(size):
            for down in steps:
                for right in steps:
                    colour = BACKGROUND
                    for thing in things:
                        x = ((column + right) / size - thing.x) / thing.extent
                        y = ((row + down) / size - thing.y) / thing.extent
                        if max(abs(x), abs(y)) <= 0.5 and inside(outline(thing.shape), x, y):
                            colour = PALETTE[thing.colour]
                    picture[row, column] += colour
    return picture / samples**2


@pytest.mark.parametrize("number", range(4))
def test_a_picture_is_what_its_layout_says(number: int) -> None:
    scene = scenes("train", 4, 5, kinds={"groups": 1, "pair": 1})[number]
    drawn = np.asarray(draw(scene, 32, np.random.default_rng(3)), float)
    difference = np.abs(drawn - naive(scene, 32, 3, 3))
    # Pillow draws the border of a polygon too, half a point of the finer picture all around.
    assert difference.mean() < 3
    assert np.quantile(difference, 0.9) < 1


@pytest.mark.parametrize("shape", SHAPES)
def test_an_outline_fills_a_box_of_side_1(shape: str) -> None:
    x, y = np.array(outline(shape)).T
    assert max(np.ptp(x), np.ptp(y)) == pytest.approx(1)
    assert [x.min() + x.max(), y.min() + y.max()] == pytest.approx([0, 0])
    assert min(np.ptp(x), np.ptp(y)) > 0.85


def test_a_heart_points_down_and_a_triangle_up() -> None:
    for shape, point in (("heart", max), ("triangle", min)):
        x, _ = point(outline(shape), key=lambda corner: corner[1])
        assert x == pytest.approx(0)


def test_every_colour_is_far_from_the_background_and_from_mixtures_of_others_with_it() -> None:
    background = np.array(BACKGROUND, float)
    for colour in COLOURS:
        own = np.array(PALETTE[colour], float)
        assert np.linalg.norm(own - background) > 120
        for other in set(COLOURS) - {colour}:
            mixed = background + np.linspace(0, 1, 101)[:, None] * (np.array(PALETTE[other], float) - background)
            assert np.linalg.norm(mixed - own, axis=1).min() > 40


def test_the_generator_alone_decides() -> None:
    scene = scenes("train", 1, 0)[0]
    one, same, other = (draw(scene, 48, np.random.default_rng(seed)).tobytes() for seed in (0, 0, 1))
    assert one == same != other


def test_a_picture_of_any_size_is_square_and_one_that_is_too_small_is_refused() -> None:
    scene = scenes("train", 1, 0)[0]
    assert draw(scene, 97, np.random.default_rng(0)).size == (97, 97)
    with pytest.raises(UserError, match="choose a size of 32 or more"):
        draw(scene, 31, np.random.default_rng(0))
