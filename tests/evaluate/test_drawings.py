"""What the oracle finds right in drawn pictures, and that nothing is found in pictures that show nothing of it."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from isogloss.data.worlds.shapes.drawing import draw
from isogloss.data.worlds.shapes.picture_oracle import Reading, attributes_right
from isogloss.data.worlds.shapes.scene import COLOURS, RELATIONS, SHAPES, Group, Scene
from isogloss.data.worlds.shapes.splits import scenes
from isogloss.evaluate.drawings import (
    COUNTED,
    MEASURES,
    chance,
    drawings_right,
    others_right,
    read_drawings,
    reading_of,
    right,
)

FIRST, SECOND = Group("red", "circle"), Group("blue", "square")
PAIR = Scene((FIRST, SECOND), "left_of")
PAIRS = {"kinds": {"pair": 1.0}, "sizes": ("medium",)}
everything = st.sampled_from(scenes("test", 120, 0))


def pictures(shown: list[Scene], side: int = 48, *, noise: float = 0, blur: float = 0) -> np.ndarray:
    random = np.random.default_rng(0)
    drawn = [draw(scene, side, random).filter(ImageFilter.GaussianBlur(blur)) for scene in shown]
    return (np.stack(drawn) + random.normal(0, noise, (len(shown), side, side, 3))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("side", "chosen"), [(32, PAIRS), (48, {})])
@pytest.mark.parametrize(("noise", "blur"), [(0, 0), (12, 0.6), (0, 1.0)])
def test_drawn_scenes_are_right_sharp_noisy_and_blurred(side: int, chosen: dict, noise: float, blur: float) -> None:
    shown = scenes("test", 40, 0, **chosen)
    found = drawings_right(shown, read_drawings(pictures(shown, side, noise=noise, blur=blur)))
    assert list(found) == list(MEASURES)
    for measure, values in found.items():
        assert np.nanmean(values) >= 0.97, measure
    assert np.array_equal(np.isnan(found["relation"]), [scene.relation is None for scene in shown])


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (PAIR, {"attributes": 1.0, "all_right": 1.0}),
        (Scene((SECOND, FIRST), "left_of"), {"attributes": 0.8, "relation": 0.0, "colours": 1.0}),
        (Scene((FIRST, SECOND), "above"), {"attributes": 0.8, "relation": 0.0}),
        (Scene((Group("red", "square"), Group("blue", "circle")), "left_of"), {"attributes": 0.6, "relation": 1.0}),
        (
            Scene((FIRST, Group("blue", "square", "large")), "left_of"),
            {"attributes": 1.0, "sizes": 0.5, "all_right": 0.0},
        ),
        (
            Scene((FIRST, Group("blue", "square", count=2)), "left_of"),
            {"attributes": 1.0, "numbers": 0.5, "all_right": 0.0},
        ),
        (Scene((FIRST,)), {"attributes": 0.4, "colours": 0.5, "shapes": 0.5, "relation": 0.0}),
    ],
)
def test_what_is_wrong_counts_as_wrong(drawn: Scene, expected: dict[str, float]) -> None:
    (reading,) = read_drawings(pictures([drawn]))
    for found in (right(PAIR, reading), right(PAIR, reading_of(drawn))):
        assert {measure: found[measure] for measure in expected} == pytest.approx(expected)


@settings(max_examples=40)
@given(everything, everything)
def test_shares_are_those_of_the_attributes(meant: Scene, drawn: Scene) -> None:
    """Counted one by one, where the picture has no more groups than were meant."""
    found = right(meant, reading_of(drawn))
    picture = draw(drawn, 64, np.random.default_rng(0))
    each = attributes_right(meant, picture)
    if each["nothing_else"]:
        for measure, names in COUNTED.items():
            own = [value for name, value in each.items() if name.rstrip("_12") in names]
            assert found[measure] == pytest.approx(sum(own) / len(own) if own else math.nan, nan_ok=True)
    assert found["all_right"] == (meant == drawn)


def everything_at_once(side: int = 48) -> np.ndarray:
    """A picture of sixteen things, which has something right whatever was meant."""
    canvas, step = Image.new("RGB", (side, side), (248, 248, 248)), side // 4
    for place, (row, column) in enumerate(product(range(4), range(4))):
        thing = Scene((Group(COLOURS[place % 8], SHAPES[(5 * place + place // 8) % 6], "large"),))
        one = draw(thing, 128, np.random.default_rng(0))
        box = Image.fromarray((np.asarray(one) != 248).any(2)).getbbox()
        canvas.paste(one.crop(box).resize((step - 1, step - 1)), (column * step, row * step))
    return np.asarray(canvas)


RANDOM = np.random.default_rng(0)
NOTHING = {
    "background": np.full((4, 48, 48, 3), 248, np.uint8),
    "grey": np.full((4, 48, 48, 3), 128, np.uint8),
    "black": np.zeros((4, 48, 48, 3), np.uint8),
    "noise": RANDOM.integers(0, 256, (4, 48, 48, 3)).astype(np.uint8),
    "coarse noise": RANDOM.integers(0, 256, (4, 6, 6, 3)).astype(np.uint8).repeat(8, 1).repeat(8, 2),
    "everything at once": everything_at_once()[None].repeat(4, 0),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_shows_no_scene_has_less_right_than_chance(name: str) -> None:
    """Things of all kinds, which are in noise too, would have more than half of the attributes right if all counted."""
    meant = scenes("test", 40, 1, **PAIRS)
    readings = read_drawings(NOTHING[name]) * 10
    found = drawings_right(meant, readings)
    assert not found["all_right"].any()
    assert found["attributes"].mean() < chance(meant)["attributes"]


def test_more_groups_than_were_meant_are_worth_less_one_by_one() -> None:
    reading = reading_of(PAIR)
    other = reading_of(Scene((Group("pink", "star"),))).groups[0]
    for further in range(4):
        found = right(PAIR, Reading((*reading.groups, *[other] * further), None))
        assert found["attributes"] == pytest.approx(2 / (2 + further))


def naive_others(shown: list[Scene], meant: list[Scene]) -> float:
    values = [
        right(intended, reading_of(scene))["attributes"]
        for i, intended in enumerate(meant)
        for j, scene in enumerate(shown)
        if i != j
    ]
    return sum(values) / len(values)


def test_chance_over_all_other_prompts_is_exact() -> None:
    shown = scenes("test", 12, 0)
    assert chance(shown, others=None)["attributes"] == pytest.approx(naive_others(shown, shown))
    meant = scenes("test", 12, 1)
    found = others_right(meant, [reading_of(scene) for scene in shown], others=None)
    assert found["attributes"].mean() == pytest.approx(naive_others(shown, meant))


def test_some_other_prompts_do_for_all() -> None:
    shown = scenes("test", 200, 0, **PAIRS)
    some, more = chance(shown, others=10), chance(shown, others=60)
    for measure in ("attributes", "colours", "shapes", "relation"):
        assert some[measure] == pytest.approx(more[measure], abs=0.02)


def test_chance_of_two_things_is_what_all_scenes_give() -> None:
    """Two things of one size, all equally likely: 0.260 of five attributes, by going through every scene.

    Of the scenes meant it is enough to take three: those whose things share neither colour nor shape, and those that
    share one; of 47 second things 35, 5 and 7 are such.
    """
    kinds = [Group(colour, shape) for colour, shape in product(COLOURS, SHAPES)]
    drawn = [
        reading_of(Scene((one, other), relation))
        for one, other in product(kinds, kinds)
        for relation in RELATIONS
        if one != other
    ]
    second = {Group("blue", "square"): 35 / 47, Group("red", "square"): 5 / 47, Group("blue", "circle"): 7 / 47}
    exact = sum(
        share * float(np.mean([right(Scene((FIRST, other), "left_of"), each)["attributes"] for each in drawn]))
        for other, share in second.items()
    )
    assert exact == pytest.approx(0.25996, abs=1e-5)
    random = np.random.default_rng(0)
    sample = [
        Scene(tuple(kinds[place] for place in random.choice(48, 2, False)), RELATIONS[each % 2]) for each in range(300)
    ]
    assert chance(sample)["attributes"] == pytest.approx(exact, abs=0.02)


def test_every_other_prompt_comes_equally_often() -> None:
    """Of one prompt that is drawn everywhere, each picture has all right against that prompt, and it comes once each."""
    shown = [PAIR, *scenes("test", 6, 0, **PAIRS)]
    found = others_right(shown, [reading_of(PAIR)] * 7, others=3)
    assert (found["all_right"] > 0).sum() == 3 and found["all_right"].max() == pytest.approx(1 / 3)


def test_one_prompt_has_no_other() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        chance([PAIR])
    with pytest.raises(ValueError, match="1 pictures of 2 prompts"):
        others_right([PAIR, PAIR], [reading_of(PAIR)])
