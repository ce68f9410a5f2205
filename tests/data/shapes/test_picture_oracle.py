"""The oracle reads drawn pictures back, however they were made worse, and says what is wrong with others."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from isogloss.data.worlds.shapes.drawing import BACKGROUND, PALETTE, draw, outline
from isogloss.data.worlds.shapes.layout import lay_out
from isogloss.data.worlds.shapes.picture_oracle import attributes_right, read_groups, read_picture
from isogloss.data.worlds.shapes.scene import Group, Scene
from isogloss.data.worlds.shapes.splits import scenes
from isogloss.data.worlds.shapes.things import read_things

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def kept(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    return picture


def noisy(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    """As a diffusion model may draw: a little blurred, with noise of 12 in 255."""
    pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)), float)
    return Image.fromarray((pixels + generator.normal(0, 12, pixels.shape)).clip(0, 255).astype(np.uint8))


def blurred(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(1.0))


# Pixels, share that is read exactly, number of scenes, which, and what is done to the pictures.
CASES: Mapping[str, tuple[int, float, int, dict[str, Any], Change]] = {
    "64 pixels": (64, 0.999, 500, {}, kept),
    "48 pixels": (48, 0.995, 300, {}, kept),
    "32 pixels, pairs": (32, 0.995, 300, {"kinds": {"pair": 1}, "sizes": ("medium",)}, kept),
    "48 pixels with noise": (48, 0.98, 300, {}, noisy),
    "48 pixels, blurred": (48, 0.98, 150, {}, blurred),
    "200 pixels": (200, 0.999, 30, {}, kept),
}


@pytest.mark.parametrize("case", CASES)
def test_drawn_scenes_are_read_exactly(case: str) -> None:
    size, share, count, chosen, change = CASES[case]
    generator = np.random.default_rng(0)
    wrong = [
        scene
        for scene in scenes("train", count, 0, repeat=True, **chosen)
        if read_picture(change(draw(scene, size, generator), generator)) != scene
    ]
    assert 1 - len(wrong) / count >= share, wrong[:5]


def test_what_only_test_pairs_shows_is_read_too() -> None:
    generator = np.random.default_rng(0)
    shown = scenes("test_pairs", 60, 0)
    assert [read_picture(draw(scene, 64, generator)) for scene in shown] == shown


def test_things_lie_where_they_were_put() -> None:
    for seed, scene in enumerate(scenes("train", 50, 1)):
        placed = lay_out(scene, np.random.default_rng(seed))
        found = read_things(draw(scene, 64, np.random.default_rng(seed)))
        assert len(found) == len(placed)
        for thing in placed:
            nearest = min(found, key=lambda one: abs(one.x - thing.x) + abs(one.y - thing.y))
            assert (nearest.colour, nearest.shape) == (thing.colour, thing.shape)
            # A fifth of a pixel; the border of a polygon, which Pillow draws too, makes things larger by less than half of one.
            assert [nearest.x, nearest.y] == pytest.approx([thing.x, thing.y], abs=0.003)
            assert nearest.extent == pytest.approx(thing.extent, abs=0.008)


def painted(*things: tuple[str, str, float, float, float]) -> Image.Image:
    """Things as colour, shape, middle and extent, wherever they are put."""
    side = 48 * 6
    picture = Image.new("RGB", (side, side), BACKGROUND)
    for colour, shape, x, y, extent in things:
        corners = [((x + right * extent) * side, (y + down * extent) * side) for right, down in outline(shape)]
        ImageDraw.Draw(picture).polygon(corners, fill=PALETTE[colour])
    return picture.reduce(6)


def rectangle(width: float, height: float) -> Image.Image:
    side = 48 * 6
    picture = Image.new("RGB", (side, side), BACKGROUND)
    left, top = (1 - width) / 2, (1 - height) / 2
    corners = (left * side, top * side, (left + width) * side, (top + height) * side)
    ImageDraw.Draw(picture).rectangle(corners, fill=PALETTE["green"])
    return picture.reduce(6)


RED, BLUE = ("red", "circle"), ("blue", "square")
NO_SCENE = {
    "nothing": painted(),
    "three groups": painted((*RED, 0.2, 0.2, 0.2), (*BLUE, 0.6, 0.2, 0.2), ("black", "star", 0.6, 0.7, 0.2)),
    "too many alike": painted(*((*RED, x, y, 0.17) for x in (0.2, 0.5, 0.8) for y in (0.2, 0.8))),
    "too many beside": painted(*((*RED, x, 0.2, 0.17) for x in (0.2, 0.5, 0.8)), (*BLUE, 0.5, 0.8, 0.17)),
    "two sizes in a group": painted((*RED, 0.2, 0.5, 0.17), (*RED, 0.7, 0.5, 0.37)),
    "too large": painted((*BLUE, 0.5, 0.5, 0.7)),
    "too small": painted((*BLUE, 0.5, 0.5, 0.12)),
    "no shape": rectangle(0.4, 0.2),
    "no shape either": rectangle(0.3, 0.2),
    "black": Image.new("RGB", (48, 48)),
    "noise": Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(np.uint8)),
}


@pytest.mark.parametrize("name", NO_SCENE)
def test_what_shows_no_scene_is_read_as_none(name: str) -> None:
    assert read_picture(NO_SCENE[name]) is None


def test_things_that_touch_are_told_apart_by_colour() -> None:
    picture = painted((*BLUE, 0.3, 0.5, 0.26), (*RED, 0.56, 0.5, 0.26))
    assert read_picture(picture) == Scene((Group("blue", "square"), Group("red", "circle")), "left_of")


def test_specks_are_no_things() -> None:
    picture = painted((*BLUE, 0.3, 0.5, 0.26))
    picture.paste(PALETTE["red"], (40, 40, 42, 42))
    assert read_picture(picture) == Scene((Group("blue", "square"),))


def test_modes_with_other_channels_are_read_too() -> None:
    picture = painted((*BLUE, 0.3, 0.5, 0.26))
    assert read_picture(picture.convert("RGBA")) == read_picture(picture) is not None


INTENDED = Scene((Group("red", "circle", "small", 2), Group("blue", "square")), "left_of")


def drawn(*groups: Group, relation: str | None = "left_of") -> Image.Image:
    return draw(Scene(groups, relation), 64, np.random.default_rng(0))


first, second = INTENDED.groups
WRONG: Mapping[str, tuple[Image.Image, set[str]]] = {
    "nothing wrong": (drawn(first, second), set()),
    "colour": (drawn(Group("green", "circle", "small", 2), second), {"colour_1"}),
    "shape": (drawn(first, Group("blue", "star")), {"shape_2"}),
    "size": (drawn(first, Group("blue", "square", "large")), {"size_2"}),
    "count": (drawn(Group("red", "circle", "small", 1), second), {"count_1"}),
    "above": (drawn(first, second, relation="above"), {"relation"}),
    "the other way round": (drawn(second, first), {"relation"}),
    "colours swapped": (drawn(Group("blue", "circle", "small", 2), Group("red", "square")), {"colour_1", "colour_2"}),
    "the second alone": (
        drawn(second, relation=None),
        {"colour_1", "shape_1", "size_1", "count_1", "relation"},
    ),
    "one more": (
        painted(
            (*RED, 0.15, 0.2, 0.17), (*RED, 0.15, 0.5, 0.17), (*BLUE, 0.6, 0.3, 0.27), ("pink", "star", 0.6, 0.8, 0.2)
        ),
        {"nothing_else"},
    ),
    "nothing there": (
        painted(),
        {f"{name}_{number}" for name in ("colour", "shape", "size", "count") for number in (1, 2)} | {"relation"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_just_what_is_wrong_is_wrong(name: str) -> None:
    picture, wrong = WRONG[name]
    found = attributes_right(INTENDED, picture)
    assert {attribute for attribute, right in found.items() if not right} == wrong
    assert list(found) == [
        *(f"{attribute}_{number}" for number in (1, 2) for attribute in ("colour", "shape", "size", "count")),
        "relation",
        "nothing_else",
    ]


def test_all_attributes_are_right_of_pictures_that_are_read_exactly() -> None:
    generator = np.random.default_rng(2)
    for scene in scenes("test", 60, 2):
        picture = draw(scene, 48, generator)
        assert read_picture(picture) == scene
        assert all(attributes_right(scene, picture).values())


def test_groups_are_counted_however_many_they_are() -> None:
    groups = read_groups(NO_SCENE["too many beside"])
    assert [(group.colour, group.shape, group.size, group.count) for group in groups] == [
        ("red", "circle", "small", 3),
        ("blue", "square", "small", 1),
    ]
