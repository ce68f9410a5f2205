"""English: a or an, and the plural."""

from isogloss.data.worlds.shapes.grammar.grammar import Words, capitalised
from isogloss.data.worlds.shapes.questions import Answer, Question
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
    """Those of the words that are given; a medium size is none."""
    words = (
        WORDS.sizes[size][0] if size != "medium" else "",
        WORDS.colours[colour][0] if colour else "",
        NOUNS[shape][plural] if shape else "",
    )
    return " ".join(filter(None, words))


def question(question: Question) -> str:
    described = _described("medium", question.colour, question.shape, question.plural)
    be = "are" if question.plural else "is"
    match question.kind:
        case "colour":
            return f"What colour {be} the {described}?"
        case "shape":
            return f"Which {'shapes are' if question.plural else 'shape is'} {described}?"
        case "size":
            return f"{capitalised(be)} the {described} small or large?"
        case "count":
            return f"How many {_described('medium', question.colour, question.shape, True)} are there?"
        case "where":
            return f"What is {PLACES[question.direction]} the {described}?"
        case "exists":
            return f"Are there any {_described('medium', question.colour, question.shape, True)}?"


def answer(answer: Answer) -> str:
    group = answer.group
    plural = group.count > 1
    be = "are" if plural else "is"
    match answer.kind:
        case "colour" | "shape":
            return f"The {NOUNS[group.shape][plural]} {be} {WORDS.colours[group.colour][0]}."
        case "size":
            return f"The {_described('medium', group.colour, group.shape, plural)} {be} {WORDS.sizes[group.size][0]}."
        case "count":
            number = NUMBERS[group.count] if plural else "one"
            return f"There {be} {number} {_described('medium', group.colour, group.shape, plural)}."
        case "where":
            return f"{capitalised(phrase(group))}."
        case "exists":
            if answer.found:
                return f"Yes, there {be} {phrase(Group(group.colour, group.shape, count=group.count))}."
            return f"No, there are no {_described('medium', group.colour, group.shape, True)}."
