"""A scene: one or two groups of coloured shapes, and where the first lies from the second."""

from dataclasses import dataclass

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black")
SHAPES = ("circle", "square", "triangle", "star", "heart", "cross")
# What is of medium size is called by no size.
SIZES = ("small", "medium", "large")
# The group on the left, or the upper one, is named first: "right of" and "below" describe the same pictures once more.
RELATIONS = ("left_of", "above")
# The most things of a group that is alone, and of one beside another.
MOST_ALONE, MOST_BESIDE = 4, 2


@dataclass(frozen=True, order=True)
class Group:
    """Things that are alike: their number, size, colour and shape.

    Raises:
        ValueError: a word is of no group.
    """

    colour: str
    shape: str
    size: str = "medium"
    count: int = 1

    def __post_init__(self) -> None:
        known = (
            (self.colour, COLOURS),
            (self.shape, SHAPES),
            (self.size, SIZES),
            (self.count, range(1, MOST_ALONE + 1)),
        )
        for value, values in known:
            if value not in values:
                raise ValueError(f"there is no group with {value!r}; choose among {', '.join(map(str, values))}")

    @property
    def key(self) -> str:
        return f"{self.count}-{self.size}-{self.colour}-{self.shape}"


def every_group(most: int) -> list[Group]:
    """All groups of so many things at most."""
    return [
        Group(colour, shape, size, count)
        for colour in COLOURS
        for shape in SHAPES
        for size in SIZES
        for count in range(1, most + 1)
    ]


@dataclass(frozen=True, order=True)
class Scene:
    """One group, or two of different colour or shape with the first to the left of the second or above it.

    Raises:
        ValueError: the groups make no scene.

    Example:
        >>> Scene((Group("red", "circle"), Group("blue", "square", "small")), "above").key
        '1-medium-red-circle.above.1-small-blue-square'
    """

    groups: tuple[Group, ...]
    relation: str | None = None

    def __post_init__(self) -> None:
        if len(self.groups) not in (1, 2) or (len(self.groups) == 2) != (self.relation in RELATIONS):
            raise ValueError("a scene is one group, or two groups and a relation")
        if len(self.groups) == 2:
            first, second = self.groups
            if (first.colour, first.shape) == (second.colour, second.shape):
                raise ValueError("two groups of one scene differ in colour or shape")
            if max(first.count, second.count) > MOST_BESIDE:
                raise ValueError(f"a group beside another has at most {MOST_BESIDE} things")

    @property
    def key(self) -> str:
        """A name without spaces, for tables and files; `Scene.of` reads it."""
        return f".{self.relation}.".join(group.key for group in self.groups)

    @classmethod
    def of(cls, key: str) -> "Scene":
        """The scene of a key.

        Raises:
            ValueError: it is the key of no scene.
        """
        first, *others = key.split(".")
        relation, *rest = others or (None,)
        groups: list[Group] = []
        for part in (first, *rest):
            count, size, colour, shape = part.split("-")
            groups.append(Group(colour, shape, size, int(count)))
        return cls(tuple(groups), relation)
