"""Places of things, as a reader of the picture needs them."""

from itertools import combinations, pairwise

import numpy as np
from data.shapes.any_scene import KEYS
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.shapes.layout import APART, ASKEW, BANDS, GAP, LOOSE, MARGIN, Thing, lay_out
from isogloss.data.worlds.shapes.scene import Scene

TINY = 1e-9


def box(things: list[Thing]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the box around things."""
    return (
        min(thing.x - thing.extent / 2 for thing in things),
        min(thing.y - thing.extent / 2 for thing in things),
        max(thing.x + thing.extent / 2 for thing in things),
        max(thing.y + thing.extent / 2 for thing in things),
    )


def apart(one: Thing, other: Thing) -> float:
    """How far the boxes of two things are apart, along one side or the other."""
    reach = (one.extent + other.extent) / 2
    return max(abs(one.x - other.x), abs(one.y - other.y)) - reach


def by_group(scene: Scene, things: tuple[Thing, ...]) -> list[list[Thing]]:
    rest = list(things)
    return [[rest.pop(0) for _ in range(group.count)] for group in scene.groups]


@given(KEYS, st.integers(0, 2**32))
def test_a_layout_shows_its_scene_without_doubt(key: str, seed: int) -> None:
    scene = Scene.of(key)
    things = lay_out(scene, np.random.default_rng(seed))
    groups = by_group(scene, things)
    assert len(things) == sum(group.count for group in scene.groups)
    for group, placed in zip(scene.groups, groups, strict=True):
        least, most = BANDS[group.size]
        assert all((thing.colour, thing.shape) == (group.colour, group.shape) for thing in placed)
        assert all(least <= thing.extent <= most for thing in placed)
        assert all(apart(one, other) >= GAP - TINY for one, other in combinations(placed, 2))
        for one in placed:
            nearest = min((apart(one, other) for other in placed if other != one), default=0)
            assert nearest <= GAP + LOOSE + (most - least) + TINY
    left, top, right, bottom = box(list(things))
    assert min(left, top) >= MARGIN - TINY and max(right, bottom) <= 1 - MARGIN + TINY
    if scene.relation is not None:
        first, second = (box(placed) for placed in groups)
        along, across = (0, 1) if scene.relation == "left_of" else (1, 0)
        assert second[along] - first[along + 2] >= APART - TINY
        # What the centre of a group is, its box and its things do not quite agree on.
        middles = [[(sides[way] + sides[way + 2]) / 2 for way in (0, 1)] for sides in (first, second)]
        ahead, aside = (middles[1][way] - middles[0][way] for way in (along, across))
        assert abs(aside) <= ASKEW * ahead + 2 * 0.04 + TINY


@given(KEYS)
def test_pictures_of_one_scene_differ(key: str) -> None:
    scene = Scene.of(key)
    one, same, other = (lay_out(scene, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one == same != other


def test_bands_lie_apart() -> None:
    bands = [BANDS[size] for size in ("small", "medium", "large")]
    assert all(smaller[1] * 1.2 < larger[0] for smaller, larger in pairwise(bands))
