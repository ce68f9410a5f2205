"""The oracle of pictures: it reads a drawn or generated picture back into a scene."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, permutations
from statistics import fmean

from PIL import Image

from isogloss.data.worlds.shapes.layout import BANDS
from isogloss.data.worlds.shapes.scene import SIZES, Group, Scene
from isogloss.data.worlds.shapes.things import Found, read_things

# A thing whose pixels differ more from its shape's, as a share of their squares, is of no shape. Drawn ones stay below
# 0.01, with noise and blur below 0.1; a rectangle of 3 to 2 differs from a heart, of all shapes, by 0.16.
_UNLIKE = 0.12
# A thing whose extent lies so many times outside the bands is of no size.
_OUTSIZED = 1.2
# A group whose things differ more in extent, as the largest over the smallest, is not of one size.
_UNEVEN = 1.45


@dataclass(frozen=True)
class FoundGroup:
    """Things of one colour and shape in a picture, however many, and their common middle."""

    colour: str
    shape: str
    size: str
    count: int
    x: float
    y: float


@dataclass(frozen=True)
class Reading:
    """What a picture shows: its groups, the largest first, and its scene, or None where it shows none.

    It shows none when there is nothing, too much, or a thing of no shape or size.
    """

    groups: tuple[FoundGroup, ...]
    scene: Scene | None


def read(picture: Image.Image) -> Reading:
    """The groups and the scene of a picture."""
    things = read_things(picture)
    alike = _alike(things)
    return Reading(tuple(_group(group) for group in alike), _scene(things, alike))


def read_groups(picture: Image.Image) -> list[FoundGroup]:
    """The things of a picture by colour and shape, the largest group first."""
    return list(read(picture).groups)


def read_picture(picture: Image.Image) -> Scene | None:
    """The scene that a picture shows, or None where it shows none: nothing, too much, or things of no shape or size."""
    return read(picture).scene


def _scene(things: Sequence[Found], alike: Sequence[Sequence[Found]]) -> Scene | None:
    if len(alike) not in (1, 2) or any(thing.unlike > _UNLIKE for thing in things) or not all(map(_even, alike)):
        return None
    found = [_group(group) for group in alike]
    relation = None
    if len(found) == 2:
        found, relation = _related(*found)
    try:
        return Scene(tuple(Group(one.colour, one.shape, one.size, one.count) for one in found), relation)
    except ValueError:
        return None


def attributes_right(intended: Scene, picture: Image.Image) -> dict[str, bool]:
    """Which attributes of a scene a picture shows, as `groups_right` tells of the groups that are found in it."""
    return groups_right(intended, read_groups(picture))


def groups_right(intended: Scene, found: Sequence[FoundGroup]) -> dict[str, bool]:
    """Which attributes of a scene some groups have, those that were found being taken for those that were meant.

    They are taken so that as many attributes as possible are right; of those as many colours, shapes and relations; and then
    the same ones, in whatever order the groups were found.

    Returns:
        `colour_1 shape_1 size_1 count_1` of the first group, with 2 of the second, `relation` where there is one, and
        `nothing_else`: whether there is no further group. All are right when a picture shows the scene.
    """
    wanted = len(intended.groups)
    # Where too few were found, a group is compared with nothing.
    candidates: list[FoundGroup | None] = [*found, *[None] * wanted]
    choices = (_compared(intended, chosen) for chosen in permutations(candidates, wanted))
    best = max(choices, key=_worth)
    return {**best, "nothing_else": len(found) <= wanted}


def _worth(attributes: Mapping[str, bool]) -> tuple[int, int, tuple[bool, ...]]:
    looks = sum(right for name, right in attributes.items() if not name.startswith(("size", "count")))
    return sum(attributes.values()), looks, tuple(attributes.values())


def _compared(intended: Scene, chosen: Sequence[FoundGroup | None]) -> dict[str, bool]:
    attributes: dict[str, bool] = {}
    for number, (group, found) in enumerate(zip(intended.groups, chosen, strict=True), start=1):
        for name in ("colour", "shape", "size", "count"):
            attributes[f"{name}_{number}"] = found is not None and getattr(found, name) == getattr(group, name)
    if intended.relation is not None:
        first, second = chosen
        attributes["relation"] = (
            first is not None and second is not None and _related(first, second) == ([first, second], intended.relation)
        )
    return attributes


def _related(one: FoundGroup, other: FoundGroup) -> tuple[list[FoundGroup], str]:
    """Two groups, the left or the upper one first, and the direction in which they differ more."""
    if abs(one.x - other.x) > abs(one.y - other.y):
        return sorted((one, other), key=lambda group: group.x), "left_of"
    return sorted((one, other), key=lambda group: group.y), "above"


def _alike(things: Sequence[Found]) -> list[list[Found]]:
    def look(thing: Found) -> tuple[str, str]:
        return thing.colour, thing.shape

    return sorted((list(group) for _, group in groupby(sorted(things, key=look), look)), key=len, reverse=True)


def _group(things: Sequence[Found]) -> FoundGroup:
    extent, x, y = (fmean(getattr(thing, name) for thing in things) for name in ("extent", "x", "y"))
    return FoundGroup(things[0].colour, things[0].shape, _size(extent), len(things), x, y)


def _even(things: Sequence[Found]) -> bool:
    """Whether things are of one size, and of one that there is."""
    extents = [thing.extent for thing in things]
    smallest, largest = BANDS["small"][0] / _OUTSIZED, BANDS["large"][1] * _OUTSIZED
    return smallest < min(extents) and max(extents) < min(largest, _UNEVEN * min(extents))


def _size(extent: float) -> str:
    """The band that an extent lies in or nearest to."""
    small, medium, large = (BANDS[size] for size in SIZES)
    if extent < (small[1] + medium[0]) / 2:
        return "small"
    return "medium" if extent < (medium[1] + large[0]) / 2 else "large"
