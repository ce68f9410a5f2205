"""What the oracle of the shapes world reads in drawn pictures, and what pictures of other prompts would have right."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from isogloss.data.worlds.shapes.picture_oracle import FoundGroup, Reading, groups_right, read
from isogloss.data.worlds.shapes.scene import Scene

# The attributes of a scene that each measure is the share of. Sizes and numbers are measures of their own: in a world of
# single things of one size they come for nothing.
COUNTED: Mapping[str, tuple[str, ...]] = {
    "attributes": ("colour", "shape", "relation"),
    "colours": ("colour",),
    "shapes": ("shape",),
    "relation": ("relation",),
    "sizes": ("size",),
    "numbers": ("count",),
}
MEASURES = (*COUNTED, "all_right")

# Other prompts that a picture is held against, where there are more.
OTHERS = 20


def read_drawings(pictures: UInt8[np.ndarray, "image height width channel"]) -> list[Reading]:
    """What the oracle reads in each picture, whatever it was drawn for."""
    return [read(Image.fromarray(picture)) for picture in pictures]


def reading_of(scene: Scene) -> Reading:
    """What would be read in a perfect picture of a scene."""
    (x, y) = (0.0, 1.0) if scene.relation == "above" else (1.0, 0.0)
    groups = tuple(
        FoundGroup(group.colour, group.shape, group.size, group.count, place * x, place * y)
        for place, group in enumerate(scene.groups)
    )
    return Reading(groups, scene)


def right(scene: Scene, reading: Reading) -> dict[str, float]:
    """How much of a scene is right in a picture, from 0 to 1.

    - `colours`, `shapes`, `sizes`, `numbers`: the share of the scene's groups that have the right one; `relation`:
      whether the groups lie as they should, not a number where the scene has one group;
    - `attributes`: the share of the colours, the shapes and the relation together;
    - `all_right`: whether the picture shows this very scene and nothing else, in shapes that the oracle is sure of.

    Where a picture has more groups than the scene, those count of which the most is right, times the share of all its
    groups that they are. Else noise, which has things of all kinds, would have more than half of the attributes right.
    """
    found = groups_right(scene, reading.groups)
    worth = min(1.0, len(scene.groups) / max(1, len(reading.groups)))
    shares: dict[str, float] = {}
    for measure, names in COUNTED.items():
        own = [value for name, value in found.items() if name.split("_")[0] in names]
        shares[measure] = worth * fmean(own) if own else float("nan")
    return {**shares, "all_right": float(reading.scene == scene)}


def drawings_right(scenes: Sequence[Scene], readings: Sequence[Reading]) -> dict[str, Float[np.ndarray, " image"]]:
    """Every measure of `right` for each picture.

    Args:
        scenes: that the pictures were drawn for.
        readings: of the pictures, in the same order.
    """
    return _columns([right(scene, reading) for scene, reading in zip(scenes, readings, strict=True)])


def others_right(
    scenes: Sequence[Scene], readings: Sequence[Reading], *, others: int | None = OTHERS, seed: int = 0
) -> dict[str, Float[np.ndarray, " image"]]:
    """Every measure of `right` for each picture, had it been drawn for other prompts: the mean over some of them.

    It is what a model reaches that draws as well and as varied, and does not read.

    Args:
        scenes: that the pictures were drawn for.
        readings: of the pictures, in the same order.
        others: how many other prompts each picture is held against, the same number of times each; None for all.
        seed: of the choice.

    Raises:
        ValueError: there is no other prompt, or not as many readings as scenes.
    """
    count = len(scenes)
    if count < 2 or len(readings) != count:
        raise ValueError(
            f"{len(readings)} pictures of {count} prompts, of which there should be as many and at least 2"
        )
    order = np.random.default_rng(seed).permutation(count)
    # Along a random circle of all prompts, so that each is the other one equally often and none is a picture's own.
    shifts = range(1, count) if others is None else range(1, 1 + min(others, count - 1))
    by_picture: list[dict[str, list[float]]] = [{measure: [] for measure in MEASURES} for _ in scenes]
    for shift in shifts:
        for own, other in zip(order.tolist(), np.roll(order, -shift).tolist(), strict=True):
            for measure, value in right(scenes[other], readings[own]).items():
                by_picture[own][measure].append(value)
    return _columns([{measure: _mean(values) for measure, values in each.items()} for each in by_picture])


def chance(scenes: Sequence[Scene], *, others: int | None = OTHERS) -> dict[str, float]:
    """What perfect pictures of these scenes would have right, each held against the others' prompts.

    Args:
        scenes: of the prompts, at least two.
        others: how many other prompts each is held against; None for all, which is exact.
    """
    found = others_right(scenes, [reading_of(scene) for scene in scenes], others=others)
    return {measure: _mean(values.tolist()) for measure, values in found.items()}


def _mean(values: Sequence[float]) -> float:
    """The mean of what is a number."""
    numbers = [value for value in values if not np.isnan(value)]
    return fmean(numbers) if numbers else float("nan")


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, Float[np.ndarray, " image"]]:
    return {measure: np.array([row[measure] for row in rows], np.float64) for measure in MEASURES}
