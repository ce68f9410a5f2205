"""Pictures of scenes, drawn with Pillow."""

import math
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from isogloss.data.worlds.shapes.layout import Thing, lay_out
from isogloss.data.worlds.shapes.scene import Scene
from isogloss.errors import UserError

Point = tuple[float, float]

# Not pure white, so that a model cannot learn the edge of the range for nothing.
BACKGROUND = (248, 248, 248)
# Seen from the background, no two colours lie in nearly the same direction unless one is far paler, so that the blurred
# rim of a thing, which mixes its colour with the background, is not taken for a thing of a paler colour.
PALETTE: Mapping[str, tuple[int, int, int]] = {
    "red": (215, 20, 40),
    "orange": (245, 120, 0),
    "yellow": (252, 218, 30),
    "green": (30, 155, 60),
    "blue": (30, 80, 220),
    "purple": (125, 35, 170),
    "pink": (250, 115, 185),
    "black": (35, 35, 35),
}

# Below this a medium thing has 8 pixels and fewer, and its shape cannot be made out any more.
SMALLEST = 32
# Things are drawn so many times larger and then averaged, which gives smooth edges in 36 steps.
_OVERSAMPLING = 6
_CIRCLE_POINTS = 96


def draw(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """A picture of a scene, which another state of the generator draws otherwise.

    Args:
        scene: what it shows.
        size: pixels a side.
        generator: of the places and sizes.

    Raises:
        UserError: the size is too small for shapes to be made out.
    """
    check_size(size)
    large = size * _OVERSAMPLING
    picture = Image.new("RGB", (large, large), BACKGROUND)
    canvas = ImageDraw.Draw(picture)
    for thing in lay_out(scene, generator):
        canvas.polygon(_placed(thing, large), fill=PALETTE[thing.colour])
    return picture.reduce(_OVERSAMPLING)


def check_size(size: int) -> None:
    """Check that shapes can be made out in a picture of so many pixels a side.

    Raises:
        UserError: they cannot.
    """
    if size < SMALLEST:
        raise UserError(f"Shapes cannot be made out at {size} pixels; choose a size of {SMALLEST} or more.")


def outline(shape: str) -> list[Point]:
    """The corners of a shape, from the left and the top, in a box around 0 whose longer side is 1."""
    points = _OUTLINES[shape]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    longer = max(right - left, bottom - top)
    return [((x - (left + right) / 2) / longer, (y - (top + bottom) / 2) / longer) for x, y in points]


def _placed(thing: Thing, side: int) -> list[Point]:
    # Pillow counts from the middle of the first pixel.
    return [
        ((thing.x + x * thing.extent) * side - 0.5, (thing.y + y * thing.extent) * side - 0.5)
        for x, y in outline(thing.shape)
    ]


def _on_circle(turn: float, radius: float = 1.0) -> Point:
    """A point on a circle around 0, clockwise from the top in whole turns."""
    return radius * math.sin(2 * math.pi * turn), -radius * math.cos(2 * math.pi * turn)


def _heart(turn: float) -> Point:
    """A point on https://mathworld.wolfram.com/HeartCurve.html, the sixth curve there."""
    angle = 2 * math.pi * turn
    waves = 13 * math.cos(angle) - 5 * math.cos(2 * angle) - 2 * math.cos(3 * angle) - math.cos(4 * angle)
    return 16 * math.sin(angle) ** 3, -waves


# Half the width of the cross's arms, where each is 1 long; the star's inner corners, where the outer are at 1.
_ARM, _INNER = 0.36, 0.42
_OUTLINES: Mapping[str, list[Point]] = {
    "circle": [_on_circle(step / _CIRCLE_POINTS) for step in range(_CIRCLE_POINTS)],
    "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "triangle": [_on_circle(step / 3) for step in range(3)],
    "star": [_on_circle(step / 10, _INNER if step % 2 else 1.0) for step in range(10)],
    "heart": [_heart(step / _CIRCLE_POINTS) for step in range(_CIRCLE_POINTS)],
    "cross": [
        (-_ARM, -1),
        (_ARM, -1),
        (_ARM, -_ARM),
        (1, -_ARM),
        (1, _ARM),
        (_ARM, _ARM),
        (_ARM, 1),
        (-_ARM, 1),
        (-_ARM, _ARM),
        (-1, _ARM),
        (-1, -_ARM),
        (-_ARM, -_ARM),
    ],
}
