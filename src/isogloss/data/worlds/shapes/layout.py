"""Where the things of a scene lie in a picture, at random but so that every picture shows its scene without doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from isogloss.data.worlds.shapes.scene import Group, Scene

# The longer side of a thing as a share of the picture's side. The bands lie far enough apart that a small thing of 8
# pixels and a medium one of 12 are told apart in a picture of 48; four large ones still fit.
BANDS: Mapping[str, tuple[float, float]] = {"small": (0.16, 0.19), "medium": (0.25, 0.29), "large": (0.35, 0.39)}
# Shares of the picture's side: from the edge, between things of a group, and between groups, which lie further apart.
MARGIN, GAP, APART = 0.03, 0.06, 0.08
# How much further apart things of one group may lie.
LOOSE = 0.04
# How far the centres of two groups may differ across their relation, as a share of how far they differ along it.
ASKEW = 0.5

# Rows and columns in which things of a group can lie; where a place is left over, any may stay empty.
_GRIDS: Mapping[int, tuple[tuple[int, int], ...]] = {
    1: ((1, 1),),
    2: ((1, 2), (2, 1)),
    3: ((1, 3), (3, 1), (2, 2)),
    4: ((1, 4), (4, 1), (2, 2)),
}


@dataclass(frozen=True)
class Thing:
    """A shape in a picture: the middle of its box from the left and the top, and the box's longer side.

    All three are shares of the picture's side.
    """

    colour: str
    shape: str
    x: float
    y: float
    extent: float


@dataclass(frozen=True)
class _Block:
    """The things of one group around the middle of their common box."""

    things: tuple[Thing, ...]
    width: float
    height: float


def lay_out(scene: Scene, generator: np.random.Generator) -> tuple[Thing, ...]:
    """Places for all things of a scene, group by group.

    Things never touch or leave the picture; of two groups, the boxes around them are apart in the direction of the
    relation, and their centres differ more in it than across.
    """
    blocks = _blocks(scene, generator)
    if scene.relation is None:
        (block,) = blocks
        return _moved(block, _anywhere(block.width, generator), _anywhere(block.height, generator))
    along = [block.width if scene.relation == "left_of" else block.height for block in blocks]
    across = [block.height if scene.relation == "left_of" else block.width for block in blocks]
    # What is free before the first group, between them and after the second, beyond what has to be.
    free = 1 - 2 * MARGIN - APART - sum(along)
    before, between, _ = generator.dirichlet((1, 1, 1)) * free
    first = MARGIN + before + along[0] / 2
    second = first + (along[0] + along[1]) / 2 + APART + between
    sides = _askew(across, ASKEW * (second - first), generator)
    places = list(zip((first, second), sides, strict=True))
    if scene.relation == "above":
        places = [(x, y) for y, x in places]
    return tuple(
        thing for block, (x, y) in zip(blocks, places, strict=True) for thing in _moved(block, float(x), float(y))
    )


def _blocks(scene: Scene, generator: np.random.Generator) -> tuple[_Block, ...]:
    """The groups, each in one of the grids with which all of them fit into the picture."""
    extents = [generator.uniform(*BANDS[group.size], size=group.count) for group in scene.groups]
    room = 1 - 2 * MARGIN
    fitting = [
        grids
        for grids in product(*(_GRIDS[group.count] for group in scene.groups))
        if _fits(grids, [float(each.max()) for each in extents], scene.relation, room)
    ]
    grids = fitting[int(generator.integers(len(fitting)))]
    return tuple(
        _block(group, grid, each, generator) for group, grid, each in zip(scene.groups, grids, extents, strict=True)
    )


def _fits(grids: tuple[tuple[int, int], ...], extents: list[float], relation: str | None, room: float) -> bool:
    sides = [
        [number * extent + (number - 1) * (GAP + LOOSE) for number in grid]
        for grid, extent in zip(grids, extents, strict=True)
    ]
    heights, widths = ([side[way] for side in sides] for way in (0, 1))
    if relation == "left_of":
        return sum(widths) + APART <= room and max(heights) <= room
    if relation == "above":
        return sum(heights) + APART <= room and max(widths) <= room
    return heights[0] <= room and widths[0] <= room


def _block(group: Group, grid: tuple[int, int], extents: np.ndarray, generator: np.random.Generator) -> _Block:
    rows, columns = grid
    pitch = float(extents.max())
    across, down = (_centres(number, pitch, generator) for number in (columns, rows))
    cells = generator.permutation(rows * columns)[: group.count]
    things: list[Thing] = []
    for cell, extent in zip(sorted(cells.tolist()), extents.tolist(), strict=True):
        row, column = divmod(cell, columns)
        # Within its cell, which the largest thing of the group fills.
        x, y = generator.uniform(-1, 1, size=2) * (pitch - extent) / 2
        things.append(Thing(group.colour, group.shape, across[column] + float(x), down[row] + float(y), extent))
    return _Block(tuple(things), across[-1] - across[0] + pitch, down[-1] - down[0] + pitch)


def _centres(number: int, pitch: float, generator: np.random.Generator) -> list[float]:
    """Centres of neighbouring cells around 0."""
    steps = pitch + GAP + generator.uniform(0, LOOSE, size=number - 1)
    places = np.concatenate(([0.0], np.cumsum(steps)))
    return (places - places[-1] / 2).tolist()


def _anywhere(side: float, generator: np.random.Generator) -> float:
    """A centre from which a box of this side stays within the picture."""
    slack = (1 - side) / 2 - MARGIN
    return 0.5 + float(generator.uniform(-slack, slack))


def _askew(sides: list[float], most: float, generator: np.random.Generator) -> list[float]:
    """Centres across the relation that differ by `most` at the most.

    The longer box has the narrower range, which lies within the other's, so that there is always a place for both.
    """
    longer = int(np.argmax(sides))
    slack = (1 - sides[1 - longer]) / 2 - MARGIN
    fixed = _anywhere(sides[longer], generator)
    other = float(generator.uniform(max(0.5 - slack, fixed - most), min(0.5 + slack, fixed + most)))
    return [fixed, other] if longer == 0 else [other, fixed]


def _moved(block: _Block, x: float, y: float) -> tuple[Thing, ...]:
    return tuple(Thing(thing.colour, thing.shape, thing.x + x, thing.y + y, thing.extent) for thing in block.things)
