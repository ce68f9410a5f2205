"""The things in a picture: where something is drawn, in which colour, and which shape it is most like."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from isogloss.data.worlds.shapes.components import components
from isogloss.data.worlds.shapes.drawing import BACKGROUND, PALETTE, outline
from isogloss.data.worlds.shapes.layout import BANDS
from isogloss.data.worlds.shapes.scene import SHAPES

Floats = NDArray[np.float64]

# A pixel shows a thing when its colour lies at least this far on the way from the background to the thing's own.
_COVERED = 0.45
# Of the area of the smallest thing that is ever drawn; less of a colour is noise.
_LEAST = 0.4
# Larger pictures are averaged down, which loses nothing that is needed.
_LARGEST = 128
# Pixels by which things are taken to be blurred, as standard deviations: whichever is most like the thing that is seen.
_BLURS = (0.0, 0.8)
# Cells a side of the pictures of shapes that things are compared with.
_CELLS = 48


@dataclass(frozen=True)
class Found:
    """A thing that a picture shows: its middle and extent as shares of the picture's side.

    unlike: how much its pixels differ from those of the shape, as a share of their squares.
    """

    colour: str
    shape: str
    x: float
    y: float
    extent: float
    unlike: float


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
    parts = _parts(coverage, colours, least)
    return [
        thing
        for label, colour in enumerate(parts.colours, start=1)
        if (thing := _thing(parts.numbers, label, coverage[colour], colour, side, least))
    ]


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
    lengths = (lines**2).sum(1)[:, None, None]
    products = np.tensordot(lines, BACKGROUND - pixels, (1, 2))
    coverage = np.clip(products / lengths, 0, 1)
    # |away - coverage × line|², less |away|², which is the same for all colours.
    distance = coverage * (coverage * lengths - 2 * products)
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
        enough = np.flatnonzero(areas >= min(least, areas.max()))
        for colour in enough.tolist():
            pieces = components(mask & (colours == colour)) if len(enough) > 1 else mask.astype(np.int32)
            for piece in range(1, int(pieces.max()) + 1):
                if pieces[pieces == piece].size >= least:
                    found.append(colour)
                    numbers[pieces == piece] = len(found)
    return _Parts(numbers, tuple(found))


def _thing(
    numbers: NDArray[np.int32], label: int, coverage: Floats, colour: int, side: int, least: float
) -> Found | None:
    """The thing that a part shows, by the shape whose own pixels are most like it; None where next to nothing is left."""
    mask = numbers == label
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    # Two pixels more, into which blur has spread, as far as they are not nearer to another thing.
    top, left = max(rows[0] - 2, 0), max(columns[0] - 2, 0)
    crop = (slice(top, rows[-1] + 3), slice(left, columns[-1] + 3))
    own = numbers[crop] == label
    others = (numbers[crop] != 0) & ~own
    seen = coverage[crop] * (_wider(_wider(own)) & ~_wider(others))
    area = float(seen.sum())
    if area < least:
        return None
    height, width = seen.shape
    x = float(seen.sum(0) @ (np.arange(width) + 0.5)) / area
    y = float(seen.sum(1) @ (np.arange(height) + 0.5)) / area
    shapes = _shapes()
    extents = np.sqrt(area / np.array([shape.area for shape in shapes]))
    drawn = _drawn(extents, x, y, height, width)
    unlike = (((drawn - seen) ** 2).sum((2, 3)) / (drawn**2).sum((2, 3))).min(0)
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
    """How much of each pixel every shape covers when its centre of gravity is at (x, y), [blur, shape, height, width].

    Pixels and cells are boxes along the same axes, so what they share is a product of what their sides share.
    """
    shapes = _shapes()
    cells = np.stack([shape.cells for shape in shapes])
    middles = np.array([[shape.y, shape.x] for shape in shapes])
    down = _shared(extents, y - middles[:, 0] * extents, height)
    across = _shared(extents, x - middles[:, 1] * extents, width)
    sharp = down @ cells @ across.transpose(0, 2, 1) * (extents / _CELLS)[:, None, None] ** 2
    return np.stack([_blur(height, sigma) @ sharp @ _blur(width, sigma) if sigma else sharp for sigma in _BLURS])


@cache
def _blur(length: int, sigma: float) -> Floats:
    """Gaussian blur along so many pixels as a matrix."""
    places = np.arange(length)
    weights = np.exp(-((places[:, None] - places) ** 2) / (2 * sigma**2))
    return weights / np.exp(-(np.arange(-length, length + 1) ** 2) / (2 * sigma**2)).sum()


def _shared(extents: Floats, middles: Floats, length: int) -> Floats:
    """The share of each cell's side that lies within each pixel, [shape, pixel, cell]."""
    edges = np.arange(length + 1)[None] - middles[:, None] + extents[:, None] / 2
    passed = np.clip(edges[:, :, None] * (_CELLS / extents)[:, None, None] - np.arange(_CELLS), 0, 1)
    return np.diff(passed, axis=1)
