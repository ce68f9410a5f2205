"""The oracle of pictures: it reads a drawn or generated picture back into a scene."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, permutations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from isogloss.data.worlds.shapes.components import components
from isogloss.data.worlds.shapes.drawing import BACKGROUND, PALETTE, outline
from isogloss.data.worlds.shapes.layout import BANDS
from isogloss.data.worlds.shapes.scene import SHAPES, SIZES, Group, Scene

Floats = NDArray[np.float64]

# A pixel shows a thing when its colour lies at least this far on the way from the background to the thing's own.
_COVERED = 0.45
# Of the area of the smallest thing that is ever drawn; less of a colour is noise.
_LEAST = 0.4
# A thing whose pixels differ more from its shape's, as a share of their squares, is of no shape.
_UNLIKE = 0.2
# A group whose things differ more in extent, as the largest over the smallest, is not of one size.
_UNEVEN = 1.45
# Larger pictures are averaged down, which loses nothing that is needed.
_LARGEST = 128
# Cells a side of the pictures of shapes that things are compared with.
_CELLS = 48


@dataclass(frozen=True)
class Found:
    """A thing that a picture shows: its middle and extent as shares of the picture's side.

    unlike: how much its pixels differ from those of the shape, from 0 on; drawn ones stay below 0.1.
    """

    colour: str
    shape: str
    x: float
    y: float
    extent: float
    unlike: float


@dataclass(frozen=True)
class FoundGroup:
    """Things of one colour and shape in a picture, however many, and their common middle."""

    colour: str
    shape: str
    size: str
    count: int
    x: float
    y: float


def read_things(picture: Image.Image) -> list[Found]:
    """Every thing in a picture, with the colour and shape that it is most alike.

    Args:
        picture: of any square size from 32 pixels on; sharp, blurred or noisy.
    """
    if max(picture.size) > _LARGEST:
        picture = picture.reduce(-(-max(picture.size) // _LARGEST))
    pixels = np.asarray(picture.convert("RGB"), np.float64)
    side = max(pixels.shape[:2])
    least = _LEAST * BANDS["small"][0] ** 2 * side**2 * min(shape.area for shape in _shapes())
    coverage, colours = _coverage(pixels)
    labels = _parts(coverage, colours, least)
    return [
        thing
        for label, colour in enumerate(labels.colours, start=1)
        if (thing := _thing(labels.numbers == label, labels.numbers, coverage[colour], colour, side, least))
    ]


def read_groups(picture: Image.Image) -> list[FoundGroup]:
    """The things of a picture by colour and shape, the largest group first."""
    return [_group(things) for things in _alike(read_things(picture))]


def read_picture(picture: Image.Image) -> Scene | None:
    """The scene that a picture shows, or None where it shows none: nothing, too much, or things of no shape or size."""
    things = read_things(picture)
    alike = _alike(things)
    if len(alike) not in (1, 2) or any(thing.unlike > _UNLIKE for thing in things):
        return None
    for group in alike:
        extents = [thing.extent for thing in group]
        if max(extents) > _UNEVEN * min(extents):
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
    """Which attributes of a scene a picture shows, groups that were found being taken for those that were meant.

    They are taken so that as many attributes as possible are right.

    Returns:
        `colour_1 shape_1 size_1 count_1` of the first group, with 2 of the second, `relation` where there is one, and
        `nothing_else`: whether the picture has no further group. All are right when the picture shows the scene.
    """
    found = read_groups(picture)
    wanted = len(intended.groups)
    # Where too few were found, a group is compared with nothing.
    candidates: list[FoundGroup | None] = [*found, *[None] * wanted]
    choices = (_compared(intended, chosen) for chosen in permutations(candidates, wanted))
    best = max(choices, key=lambda attributes: sum(attributes.values()))
    return {**best, "nothing_else": len(found) <= wanted}


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
    extent, x, y = (float(np.mean([getattr(thing, name) for thing in things])) for name in ("extent", "x", "y"))
    return FoundGroup(things[0].colour, things[0].shape, _size(extent), len(things), x, y)


def _size(extent: float) -> str:
    """The band that an extent lies in or nearest to."""
    small, medium, large = (BANDS[size] for size in SIZES)
    if extent < (small[1] + medium[0]) / 2:
        return "small"
    return "medium" if extent < (medium[1] + large[0]) / 2 else "large"


@dataclass(frozen=True)
class _Parts:
    """Numbers of things, pixel by pixel and 0 for none, and the colour of each as its place in the palette."""

    numbers: NDArray[np.int32]
    colours: tuple[int, ...]


def _coverage(pixels: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """How far each pixel lies on the way from the background to each colour, [colour, height, width], and to which.

    A pixel on a thing's rim lies on the line between background and colour; that of the nearest line is its colour.
    """
    lines = np.asarray(BACKGROUND, np.float64) - np.asarray(list(PALETTE.values()), np.float64)
    away = np.asarray(BACKGROUND, np.float64) - pixels
    lengths = (lines**2).sum(1)
    coverage = np.clip(np.tensordot(lines, away, (1, 2)) / lengths[:, None, None], 0, 1)
    # |away - coverage × line|², less |away|², which is the same for all colours.
    distance = coverage**2 * lengths[:, None, None] - 2 * coverage * np.tensordot(lines, away, (1, 2))
    return coverage, distance.argmin(0)


def _parts(coverage: Floats, colours: NDArray[np.int64], least: float) -> _Parts:
    """The connected parts of one colour that are no noise.

    A part of several colours is one thing with a few wrong pixels, unless each of them would be enough for a thing.
    """
    own = np.take_along_axis(coverage, colours[None], 0)[0]
    whole = components(own > _COVERED)
    numbers = np.zeros_like(whole)
    found: list[int] = []
    for part in range(1, int(whole.max()) + 1):
        mask = whole == part
        areas = np.bincount(colours[mask], weights=own[mask], minlength=len(PALETTE))
        if areas.sum() < least:
            continue
        enough = np.flatnonzero(areas >= least) if areas.max() >= least else areas.argmax()[None]
        for colour in enough.tolist():
            pieces = components(mask & (colours == colour)) if len(enough) > 1 else mask.astype(np.int32)
            for piece in range(1, int(pieces.max()) + 1):
                if pieces[pieces == piece].size >= least:
                    found.append(colour)
                    numbers[pieces == piece] = len(found)
    return _Parts(numbers, tuple(found))


def _thing(
    mask: NDArray[np.bool_], numbers: NDArray[np.int32], coverage: Floats, colour: int, side: int, least: float
) -> Found | None:
    """The thing that a part shows, by the shape whose own pixels are most like it; None where next to nothing is left."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    # Two pixels more, into which blur has spread, as far as they are not nearer to another thing.
    top, left = max(rows[0] - 2, 0), max(columns[0] - 2, 0)
    crop = (slice(top, rows[-1] + 3), slice(left, columns[-1] + 3))
    others = (numbers[crop] != 0) & ~mask[crop]
    seen = coverage[crop] * (_wider(_wider(mask[crop])) & ~_wider(others))
    area = float(seen.sum())
    if area < least:
        return None
    height, width = seen.shape
    x = float(seen.sum(0) @ (np.arange(width) + 0.5)) / area
    y = float(seen.sum(1) @ (np.arange(height) + 0.5)) / area
    shapes = _shapes()
    extents = np.sqrt(area / np.array([shape.area for shape in shapes]))
    drawn = _drawn(extents, x, y, height, width)
    unlike = ((drawn - seen) ** 2).sum((1, 2)) / (drawn**2).sum((1, 2))
    best = int(unlike.argmin())
    extent = float(extents[best])
    return Found(
        tuple(PALETTE)[colour],
        SHAPES[best],
        (left + x - shapes[best].x * extent) / side,
        (top + y - shapes[best].y * extent) / side,
        extent / side,
        float(unlike[best]),
    )


def _wider(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask with all pixels around it."""
    tall = mask.copy()
    tall[1:] |= mask[:-1]
    tall[:-1] |= mask[1:]
    wide = tall.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide


@dataclass(frozen=True)
class _Shape:
    """A shape of extent 1 around 0: how much of each cell of its box it covers, its area and its centre of gravity."""

    cells: Floats
    area: float
    x: float
    y: float


@cache
def _shapes() -> tuple[_Shape, ...]:
    return tuple(_shape(shape) for shape in SHAPES)


def _shape(shape: str) -> _Shape:
    finer = 8
    side = _CELLS * finer
    picture = Image.new("L", (side, side))
    corners = [((x + 0.5) * side - 0.5, (y + 0.5) * side - 0.5) for x, y in outline(shape)]
    ImageDraw.Draw(picture).polygon(corners, fill=255)
    cells = np.asarray(picture, np.float64).reshape(_CELLS, finer, _CELLS, finer).mean((1, 3)) / 255
    places = (np.arange(_CELLS) + 0.5) / _CELLS - 0.5
    total = cells.sum()
    return _Shape(
        cells, float(total) / _CELLS**2, float(cells.sum(0) @ places / total), float(cells.sum(1) @ places / total)
    )


def _drawn(extents: Floats, x: float, y: float, height: int, width: int) -> Floats:
    """How much of each pixel every shape covers when its centre of gravity is at (x, y): [shape, height, width].

    Pixels and cells are boxes along the same axes, so what they share is a product of what their sides share.
    """
    shapes = _shapes()
    cells = np.stack([shape.cells for shape in shapes])
    middles = np.array([[shape.y, shape.x] for shape in shapes])
    down = _shared(extents, y - middles[:, 0] * extents, height)
    across = _shared(extents, x - middles[:, 1] * extents, width)
    return down @ cells @ across.transpose(0, 2, 1) * (extents / _CELLS)[:, None, None] ** 2


def _shared(extents: Floats, middles: Floats, length: int) -> Floats:
    """The share of each cell's side that lies within each pixel, [shape, pixel, cell]."""
    edges = np.arange(length + 1)[None] - middles[:, None] + extents[:, None] / 2
    passed = np.clip(edges[:, :, None] * (_CELLS / extents)[:, None, None] - np.arange(_CELLS), 0, 1)
    return np.diff(passed, axis=1)
