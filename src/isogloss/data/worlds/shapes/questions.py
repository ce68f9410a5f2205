"""Questions about scenes that have one right answer, whatever the language."""

from dataclasses import dataclass
from typing import Literal, get_args

from numpy.random import Generator

from isogloss.data.worlds.shapes.scene import COLOURS, SHAPES, Group, Scene

Kind = Literal["colour", "shape", "size", "count", "where", "exists"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# A relation of a scene, and how its second group lies from its first.
CONVERSE = {"left_of": "right_of", "above": "below"}


@dataclass(frozen=True)
class Question:
    """What is asked; it says nothing of the answer.

    Attributes:
        kind: what it asks for: the colour of a shape, the shape of a colour, the size or number of a shape of a colour,
            what lies where from it, or whether there is any.
        colour: of the things that are spoken of, or empty.
        shape: of the things that are spoken of, or empty.
        plural: whether several things are spoken of.
        direction: left_of, right_of, above or below, where `kind` is "where".
    """

    kind: Kind
    colour: str = ""
    shape: str = ""
    plural: bool = False
    direction: str = ""


@dataclass(frozen=True)
class Answer:
    """What is answered to a question of a kind: about which group, and whether there is such a thing at all."""

    kind: Kind
    group: Group
    found: bool = True


def questions(scene: Scene, generator: Generator) -> list[tuple[Question, Answer]]:
    """All questions about a scene with their answers, in random order: each has one right answer.

    Colours are asked of shapes that are there in one colour, and the other way round; sizes only of what is small or
    large. One question is whether there is something that is there, and one whether there is something that is not.
    """
    found: list[tuple[Question, Answer]] = []
    for group in scene.groups:
        colour, shape, plural = group.colour, group.shape, group.count > 1
        if [other.shape for other in scene.groups].count(shape) == 1:
            found.append((Question("colour", shape=shape, plural=plural), Answer("colour", group)))
        if [other.colour for other in scene.groups].count(colour) == 1:
            found.append((Question("shape", colour=colour, plural=plural), Answer("shape", group)))
        if group.size != "medium":
            found.append((Question("size", colour, shape, plural), Answer("size", group)))
        found.append((Question("count", colour, shape), Answer("count", group)))
    if scene.relation is not None:
        first, second = scene.groups
        for asked, direction, answer in ((second, scene.relation, first), (first, CONVERSE[scene.relation], second)):
            question = Question("where", asked.colour, asked.shape, asked.count > 1, direction)
            found.append((question, Answer("where", answer)))
    there = scene.groups[generator.integers(len(scene.groups))]
    found.append((Question("exists", there.colour, there.shape), Answer("exists", there)))
    missing = _missing(scene, generator)
    found.append((Question("exists", missing.colour, missing.shape), Answer("exists", missing, found=False)))
    return [found[place] for place in generator.permutation(len(found))]


def _missing(scene: Scene, generator: Generator) -> Group:
    """What is not in the scene, and yet has the shape or the colour of something that is."""
    there = {(group.colour, group.shape) for group in scene.groups}
    near = [
        (colour, shape)
        for known_colour, known_shape in sorted(there)
        for colour, shape in (*((colour, known_shape) for colour in COLOURS), *((known_colour, one) for one in SHAPES))
        if (colour, shape) not in there
    ]
    return Group(*near[generator.integers(len(near))])
