"""English: a or an, and the plural."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.scene import Group

NOUNS = {
    "circle": ("circle", "circles"),
    "square": ("square", "squares"),
    "triangle": ("triangle", "triangles"),
    "star": ("star", "stars"),
    "heart": ("heart", "hearts"),
    "cross": ("cross", "crosses"),
}
NUMBERS = {2: "two", 3: "three", 4: "four"}
PLACES = {"left_of": "to the left of", "right_of": "to the right of", "above": "above", "below": "below"}

WORDS = Words(
    colours={
        "red": ("red",),
        "orange": ("orange",),
        "yellow": ("yellow",),
        "green": ("green",),
        "blue": ("blue",),
        "purple": ("purple", "violet"),
        "pink": ("pink",),
        "black": ("black",),
    },
    shapes=NOUNS,
    sizes={"small": ("small", "little", "tiny"), "large": ("large", "big")},
    counts={1: ("one", "a", "an"), 2: ("two",), 3: ("three",), 4: ("four",)},
    relations={"left_of": ("left",), "right_of": ("right",), "above": ("above", "over"), "below": ("below", "under")},
)
INSTRUCTIONS = (
    "Describe the picture.",
    "What is in the picture?",
    "What do you see in this picture?",
    "Say what the picture shows.",
    "Give a short description of the image.",
)
LANDMARK_FIRST = False
SEPARATOR = " "


def phrase(group: Group) -> str:
    described = _described(group.size, group.colour, group.shape, group.count > 1)
    if group.count > 1:
        return f"{NUMBERS[group.count]} {described}"
    return f"{'an' if described.startswith(('a', 'e', 'i', 'o', 'u')) else 'a'} {described}"


def landmark(group: Group, relation: str) -> str:
    return f"{PLACES[relation]} {phrase(group)}"


def _described(size: str, colour: str, shape: str, plural: bool) -> str:
    words = (WORDS.sizes[size][0] if size != "medium" else "", WORDS.colours[colour][0], NOUNS[shape][plural])
    return " ".join(filter(None, words))
