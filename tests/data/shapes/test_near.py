"""Families of near scenes differ in one thing, and there is nothing near that they leave out."""

import numpy as np
from data.shapes.any_scene import KEYS
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.shapes.near import near_family, near_scenes
from isogloss.data.worlds.shapes.scene import Group, Scene, every_group
from isogloss.data.worlds.shapes.splits import split_of

PARTS = ("colour", "shape", "size", "count")


def words(scene: Scene) -> list[object]:
    return [scene.relation, *(getattr(group, part) for group in scene.groups for part in PARTS)]


@given(KEYS.map(Scene.of))
def test_near_scenes_differ_in_one_word_or_in_whose_it_is(scene: Scene) -> None:
    alike = near_scenes(scene)
    assert scene not in alike
    for near in alike:
        assert len(near.groups) == len(scene.groups)
        different = sum(one != other for one, other in zip(words(scene), words(near), strict=True))
        exchanged = sorted(map(str, words(scene))) == sorted(map(str, words(near)))
        assert different == 1 or exchanged


def test_every_scene_of_one_other_word_is_near() -> None:
    alone = Scene((Group("red", "star", count=2),))
    expected = {
        Scene((group,))
        for group in every_group(4)
        if sum(one != other for one, other in zip(words(Scene((group,))), words(alone), strict=True)) == 1
    }
    assert set(near_scenes(alone)) == expected
    pair = Scene((Group("red", "star"), Group("blue", "star", "small")), "above")
    near = set(near_scenes(pair))
    assert Scene((Group("blue", "star"), Group("red", "star", "small")), "above") in near
    assert Scene((Group("red", "star", "small"), Group("blue", "star")), "above") in near
    assert Scene(pair.groups[::-1], "above") in near
    assert Scene(pair.groups, "left_of") in near
    # Both would be red stars.
    assert all(len({(group.colour, group.shape) for group in one.groups}) == 2 for one in near)
    # 6 + 7 colours, 5 + 5 shapes, 2 + 2 sizes, 1 + 1 counts, a place, and both, their colours or their sizes exchanged.
    assert len(near) == 6 + 6 + 5 + 5 + 2 + 2 + 1 + 1 + 1 + 3


@given(KEYS.map(Scene.of), st.integers(1, 12), st.integers(0, 9))
def test_a_family_begins_with_its_scene_and_fits(scene: Scene, size: int, seed: int) -> None:
    found = near_family(scene, size, lambda one: split_of(one) == "text", np.random.default_rng(seed))
    assert found[0] == scene
    assert len(set(found)) == len(found) <= size
    assert all(split_of(one) == "text" for one in found[1:])
    assert found == near_family(scene, size, lambda one: split_of(one) == "text", np.random.default_rng(seed))
    alike = [near for near in near_scenes(scene) if split_of(near) == "text"]
    assert len(set(found) & set(alike)) == min(size - 1, len(set(alike)))


def test_both_exchanges_and_other_words_are_in_a_family() -> None:
    pair = Scene((Group("red", "star"), Group("blue", "heart", "small")), "above")
    drawn = [near_family(pair, 4, lambda _: True, np.random.default_rng(seed))[1:] for seed in range(60)]
    exchanged = sum(sorted(map(str, words(one))) == sorted(map(str, words(pair))) for some in drawn for one in some)
    assert 50 < exchanged < 95  # 0.4 of 180
