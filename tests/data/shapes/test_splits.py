"""Splits of scenes, and scenes drawn from them."""

from collections import Counter
from itertools import product

import pytest
from data.shapes.any_scene import KEYS, some_scenes
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.shapes.scene import COLOURS, RELATIONS, SHAPES, SIZES, Group, Scene
from isogloss.data.worlds.shapes.splits import (
    HELD_OUT,
    KINDS,
    SHARES,
    SPLITS,
    kind_of,
    portions,
    scenes,
    split_of,
)
from isogloss.errors import UserError

# For ever: datasets and text corpora that were made apart fit together.
RECORDED = {
    "1-medium-red-circle": "train",
    "1-small-red-square": "test_pairs",
    "3-large-black-star": "text",
    "1-medium-red-circle.above.1-small-blue-square": "test",
    "1-small-blue-square.above.1-medium-red-circle": "train",
    "1-medium-yellow-heart.left_of.2-large-orange-cross": "text",
    "2-small-pink-heart.left_of.1-large-pink-circle": "text",
    "1-large-blue-star.above.1-small-green-triangle": "text",
    "2-medium-purple-circle.above.2-medium-black-circle": "text",
}


def shows_held_out(scene: Scene) -> bool:
    return any((group.colour, group.shape) in HELD_OUT for group in scene.groups)


def test_splits_are_those_of_all_time() -> None:
    assert {key: split_of(Scene.of(key)) for key in RECORDED} == RECORDED


def test_what_is_held_out_is_in_no_picture_but_those_of_test_pairs() -> None:
    found = Counter((split_of(scene), shows_held_out(scene)) for scene in some_scenes())
    assert {split for split, held_out in found if held_out} == {"text", "test_pairs"}
    assert {split for split, held_out in found if not held_out} == set(SHARES)


def test_splits_have_their_shares_of_what_is_not_held_out() -> None:
    plain = [split_of(scene) for scene in some_scenes() if not shows_held_out(scene)]
    for split, share in SHARES.items():
        # Five standard deviations.
        spread = 5 * (share * (1 - share) / len(plain)) ** 0.5
        assert plain.count(split) / len(plain) == pytest.approx(share, abs=spread)


def test_every_colour_and_shape_stays_in_training() -> None:
    assert len(HELD_OUT) == 6
    for scene_split in ("train", "validation", "test"):
        pairs = {(group.colour, group.shape) for scene in scenes(scene_split, 600, 0) for group in scene.groups}
        assert pairs == set(product(COLOURS, SHAPES)) - HELD_OUT


def test_text_knows_every_pair_and_no_scene_that_is_drawn() -> None:
    told = scenes("text", 1000, 0)
    assert {(group.colour, group.shape) for scene in told for group in scene.groups} == set(product(COLOURS, SHAPES))
    drawn = {scene for split in SPLITS if split != "text" for scene in scenes(split, 100, 0)}
    assert not drawn & set(told)


@pytest.mark.parametrize("split", SPLITS)
def test_scenes_are_distinct_of_their_split_and_in_a_shuffled_order(split: str) -> None:
    found = scenes(split, 500, 7)
    assert len(set(found)) == len(found) == 500
    assert {split_of(scene) for scene in found} == {split}
    first, last = (Counter(kind_of(scene) for scene in half) for half in (found[:250], found[250:]))
    assert all(abs(first[kind] - last[kind]) < 60 for kind in KINDS)


def test_the_seed_decides() -> None:
    assert scenes("train", 50, 1) == scenes("train", 50, 1) != scenes("train", 50, 2)


def test_kinds_have_their_shares_when_scenes_may_come_again() -> None:
    found = Counter(kind_of(scene) for scene in scenes("test", 1000, 0, repeat=True))
    assert found == {kind: 1000 * share for kind, share in KINDS.items()}
    again = Counter(scene for scene in scenes("test", 1000, 0, repeat=True) if kind_of(scene) == "one")
    # Each once more before any comes twice more.
    assert max(again.values()) - min(again.values()) <= 1 < max(again.values())


def test_a_kind_that_runs_out_gives_all_and_others_the_rest() -> None:
    every = [Scene((Group(*look),)) for look in product(COLOURS, SHAPES, SIZES)]
    found = scenes("test", 1000, 0)
    singles = {scene for scene in found if kind_of(scene) == "one"}
    assert singles == {scene for scene in every if split_of(scene) == "test"}
    assert len(set(found)) == 1000


def test_all_scenes_can_be_had_and_no_more() -> None:
    words = {"colours": ("red", "blue"), "shapes": ("circle", "star"), "sizes": ("medium",)}
    groups = [Group(colour, shape, "medium", 1) for colour in words["colours"] for shape in words["shapes"]]
    every = {
        Scene((first, second), relation)
        for first, second, relation in product(groups, groups, RELATIONS)
        if first != second and split_of(Scene((first, second), relation)) == "train"
    }
    assert every
    assert set(scenes("train", len(every), 0, kinds={"pair": 1}, **words)) == every
    with pytest.raises(UserError, match=f"has only {len(every)} such scenes"):
        scenes("train", len(every) + 1, 0, kinds={"pair": 1}, **words)


def test_scenes_of_a_kind_are_drawn_alike_often() -> None:
    found = Counter(scene.relation for scene in scenes("train", 4000, 0, kinds={"pair": 1}))
    assert abs(found["left_of"] - found["above"]) < 5 * 4000**0.5


def test_chosen_words_are_the_only_ones() -> None:
    found = scenes("train", 30, 0, colours=("red", "black"), shapes=("heart", "star", "cross"), sizes=("small",))
    groups = [group for scene in found for group in scene.groups]
    assert {group.colour for group in groups} == {"red", "black"}
    assert {group.size for group in groups} == {"small"}
    assert {group.shape for group in groups} == {"heart", "star", "cross"}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"split": "trian"}, "did you mean 'train'"),
        ({"colours": ("gren",)}, "did you mean 'green'"),
        ({"shapes": ("sqare",)}, "did you mean 'square'"),
        ({"sizes": ("big",)}, "There is no size of the shapes world 'big'"),
        ({"kinds": {"pairs": 1.0}}, "did you mean 'pair'"),
        ({"kinds": {"pair": -1.0}}, "give a share of 0 or more"),
        ({"kinds": {"pair": 0.0}}, "has only 0 such scenes"),
        ({"kinds": {"pair": 1.0}, "colours": ("red",), "shapes": ("star",), "repeat": True}, "has only 0 such scenes"),
    ],
)
def test_what_cannot_be_had_is_told(asked: dict[str, object], sentence: str) -> None:
    arguments = {"split": "test", "count": 1, "seed": 0} | asked
    with pytest.raises(UserError, match=sentence):
        scenes(**arguments)  # type: ignore[arg-type]


@given(KEYS)
def test_a_kind_says_how_many_groups_and_things(key: str) -> None:
    scene = Scene.of(key)
    counts = tuple(group.count for group in scene.groups)
    assert (
        kind_of(scene)
        == {1: "one" if counts == (1,) else "many", 2: "pair" if counts == (1, 1) else "groups"}[len(counts)]
    )


@given(st.integers(0, 10_000), st.lists(st.floats(0.01, 10), min_size=1, max_size=6))
def test_portions_add_up_and_are_near_their_shares(count: int, weights: list[float]) -> None:
    named = {str(number): weight for number, weight in enumerate(weights)}
    found = portions(count, named)
    assert sum(found.values()) == count
    assert all(abs(found[name] - count * weight / sum(weights)) < 1 for name, weight in named.items())
