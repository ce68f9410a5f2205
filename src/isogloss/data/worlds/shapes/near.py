"""Families of near scenes: a scene and others that differ from it in one word, or in whose word it is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from numpy.random import Generator

from isogloss.data.worlds.shapes.scene import COLOURS, MOST_ALONE, MOST_BESIDE, RELATIONS, SHAPES, SIZES, Group, Scene

_ATTRIBUTES = ("colour", "shape", "size", "count")
# The share of exchanges in a family, as long as there are any.
_EXCHANGED = 0.4


def near_scenes(scene: Scene) -> list[Scene]:
    """All that differs from a scene in one word, in its place, or in whose a word is.

    Example:
        >>> len(near_scenes(Scene((Group("red", "star"),))))
        17
    """
    return [near for alike in (*_other_words(scene), *_exchanges(scene)) for near in alike]


def _other_words(scene: Scene) -> Iterator[list[Scene]]:
    """With another word for one, a list for each word."""
    groups = scene.groups
    most = MOST_ALONE if len(groups) == 1 else MOST_BESIDE
    known: dict[str, Sequence[Any]] = {
        "colour": COLOURS,
        "shape": SHAPES,
        "size": SIZES,
        "count": range(1, most + 1),
    }
    for number, group in enumerate(groups):
        for name in _ATTRIBUTES:
            others = [replace(group, **{name: value}) for value in known[name] if value != getattr(group, name)]
            yield list(_made(scene, [(*groups[:number], other, *groups[number + 1 :]) for other in others]))
    if len(groups) == 2:
        yield [Scene(groups, relation) for relation in RELATIONS if relation != scene.relation]


def _exchanges(scene: Scene) -> Iterator[list[Scene]]:
    """With both groups, or a word of each, exchanged, a list for each such exchange."""
    if len(scene.groups) == 2:
        first, second = scene.groups
        yield list(_made(scene, [(second, first)]))
        for name in _ATTRIBUTES:
            one, other = getattr(first, name), getattr(second, name)
            if one != other:
                yield list(_made(scene, [(replace(first, **{name: other}), replace(second, **{name: one}))]))


def _made(scene: Scene, groups: Sequence[tuple[Group, ...]]) -> Iterator[Scene]:
    for some in groups:
        if len(some) == 1 or (some[0].colour, some[0].shape) != (some[1].colour, some[1].shape):
            made = Scene(some, scene.relation)
            if made != scene:
                yield made


def near_family(scene: Scene, size: int, fits: Callable[[Scene], bool], generator: Generator) -> list[Scene]:
    """A scene and others that are near it or, where these are too few, near one of them; all of them differ.

    Each kind of difference is as likely as any other, however many scenes differ so; but exchanges are more, since they
    alone ask which group a word belongs to, and which group is named first in which language.

    Args:
        size: how many scenes at most; there are fewer where no more fit.
        fits: which scenes may be in it.
    """
    found = [scene]
    for centre in found:  # which grows meanwhile
        parts = [
            [[near for near in alike if near not in found and fits(near)] for alike in kinds]
            for kinds in (list(_exchanges(centre)), list(_other_words(centre)))
        ]
        while len(found) < size:
            exchanges, words = ([alike for alike in part if alike] for part in parts)
            kinds = exchanges if exchanges and (not words or generator.random() < _EXCHANGED) else words
            if not kinds:
                break
            alike = kinds[int(generator.integers(len(kinds)))]
            chosen = alike.pop(int(generator.integers(len(alike))))
            if chosen not in found:
                found.append(chosen)
        if len(found) >= size:
            break
    return found
