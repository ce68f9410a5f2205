"""Which split a scene belongs to, and scenes of a split drawn at random."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from isogloss.data.worlds.shapes.scene import COLOURS, MOST_ALONE, MOST_BESIDE, RELATIONS, SHAPES, SIZES, Group, Scene
from isogloss.errors import UserError, unknown

# Half of the scenes that have pictures would do for training; what is left makes tests whose scenes differ.
SHARES: Mapping[str, float] = {"text": 0.40, "train": 0.40, "validation": 0.05, "test": 0.15}
# The share of the scenes that show a pair of HELD_OUT and are not for text alone is all of it.
HELD_OUT_SPLIT = "test_pairs"
SPLITS = (*SHARES, HELD_OUT_SPLIT)

# Pairs that no picture for training, validation or the plain test shows: each shape is held out once, and six colours are.
HELD_OUT = frozenset(
    {
        ("red", "square"),
        ("yellow", "heart"),
        ("green", "circle"),
        ("blue", "star"),
        ("purple", "cross"),
        ("pink", "triangle"),
    }
)

# Kinds of scenes and the shares in which they are drawn. Two things side by side are the most of all scenes and need
# the most practice; a thing alone is the easiest.
KINDS: Mapping[str, float] = {"one": 0.1, "many": 0.2, "pair": 0.4, "groups": 0.3}


def split_of(scene: Scene) -> str:
    """The split of a scene, by its key alone: `text`, `train`, `validation`, `test` or `test_pairs`.

    Scenes of `text` are described and never drawn; no scene of another split is among them. Scenes that show a pair of
    HELD_OUT are either drawn for `test_pairs` or described in `text`, so that a language model has read of each pair.

    Example:
        >>> split_of(Scene((Group("red", "circle"),)))
        'train'
    """
    share = int.from_bytes(hashlib.sha256(f"shapes:{scene.key}".encode()).digest()[:8], "big") / 2**64
    if share < SHARES["text"]:
        return "text"
    if any((group.colour, group.shape) in HELD_OUT for group in scene.groups):
        return HELD_OUT_SPLIT
    bound = 0.0
    for split, width in SHARES.items():
        bound += width
        if share < bound:
            return split
    return "test"  # where the sum of the shares is rounded below 1


def kind_of(scene: Scene) -> str:
    """The kind of a scene: `one` thing, `many` alike, a `pair` of two, or two `groups` of which one has several."""
    counts = [group.count for group in scene.groups]
    if len(counts) == 1:
        return "one" if counts == [1] else "many"
    return "pair" if counts == [1, 1] else "groups"


def scenes(
    split: str,
    count: int,
    seed: int,
    *,
    kinds: Mapping[str, float] = KINDS,
    colours: Sequence[str] = COLOURS,
    shapes: Sequence[str] = SHAPES,
    sizes: Sequence[str] = SIZES,
    repeat: bool = False,
) -> list[Scene]:
    """Scenes of a split in random order, drawn uniformly within each kind.

    Args:
        split: one of SPLITS.
        count: how many.
        seed: another one gives others.
        kinds: the share of each kind. One that has too few scenes gives all of them, and the others give the rest.
        colours: only scenes with these.
        shapes: only scenes with these.
        sizes: only scenes with these.
        repeat: begin a kind anew when all its scenes are drawn, so that the shares hold; else all scenes are distinct.

    Raises:
        UserError: a word or split is unknown, or there are too few such scenes.
    """
    if split not in SPLITS:
        raise unknown("split of the shapes world", split, SPLITS)
    groups = _groups(colours, shapes, sizes)
    weights = _weights(kinds)
    walks = {
        kind: _walk(kind, split, groups, np.random.default_rng([seed, SPLITS.index(split), number]), repeat)
        for number, kind in enumerate(KINDS)
    }
    chosen: list[Scene] = []
    while len(chosen) < count:
        if not weights:
            raise UserError(
                f"The split '{split}' has only {len(chosen):,} such scenes, and {count:,} are wanted; ask for fewer or for "
                "more kinds, colours, shapes or sizes."
            )
        for kind, number in portions(count - len(chosen), weights).items():
            found = list(islice(walks[kind], number))
            chosen += found
            if len(found) < number:
                weights.pop(kind)
    order = np.random.default_rng([seed, SPLITS.index(split), len(KINDS)]).permutation(len(chosen))
    return [chosen[place] for place in order]


def portions(count: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers that add up to `count`, as near to the weights' shares as can be."""
    shares = {name: count * weight / sum(weights.values()) for name, weight in weights.items()}
    whole = {name: int(share) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: whole[name] - shares[name])
    for name in by_remainder[: count - sum(whole.values())]:
        whole[name] += 1
    return whole


def _groups(colours: Sequence[str], shapes: Sequence[str], sizes: Sequence[str]) -> list[Group]:
    """All single groups, by number last."""
    for name, given, known in (("colour", colours, COLOURS), ("shape", shapes, SHAPES), ("size", sizes, SIZES)):
        for word in given:
            if word not in known:
                raise unknown(f"{name} of the shapes world", word, known)
    return [
        Group(colour, shape, size, number)
        for number in range(1, MOST_ALONE + 1)
        for colour in COLOURS
        if colour in colours
        for shape in SHAPES
        if shape in shapes
        for size in SIZES
        if size in sizes
    ]


def _weights(kinds: Mapping[str, float]) -> dict[str, float]:
    for kind, weight in kinds.items():
        if kind not in KINDS:
            raise unknown("kind of scene", kind, KINDS)
        if weight < 0:
            raise UserError(f"The share of the kind '{kind}' is {weight}; give a share of 0 or more.")
    return {kind: weight for kind, weight in kinds.items() if weight > 0}


def _walk(
    kind: str, split: str, groups: Collection[Group], random: np.random.Generator, repeat: bool
) -> Iterator[Scene]:
    """All scenes of a kind and split in random order; with `repeat` again and again, each time in another order."""
    alone = kind in ("one", "many")
    most = {"one": 1, "many": MOST_ALONE, "pair": 1, "groups": MOST_BESIDE}[kind]
    choice = [group for group in groups if group.count <= most]
    while True:
        found = False
        # A place in the order is a number that holds both groups and the relation, so that nothing is listed in advance.
        for place in random.permutation(len(choice) if alone else len(choice) ** 2 * len(RELATIONS)).tolist():
            scene = _alone(choice[place]) if alone else _two(choice, place)
            if scene is not None and kind_of(scene) == kind and split_of(scene) == split:
                found = True
                yield scene
        if not (repeat and found):
            return


def _alone(group: Group) -> Scene:
    return Scene((group,))


def _two(choice: Sequence[Group], place: int) -> Scene | None:
    place, relation = divmod(place, len(RELATIONS))
    first, second = (choice[number] for number in divmod(place, len(choice)))
    if (first.colour, first.shape) == (second.colour, second.shape):
        return None
    return Scene((first, second), RELATIONS[relation])
