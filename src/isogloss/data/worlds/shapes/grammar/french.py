"""French: the size before the noun and the colour after it, of its gender and number; de loses its vowel before one."""

from isogloss.data.worlds.shapes.grammar.grammar import Words, capitalised
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

# Singular, plural, and whether it is feminine.
NOUNS = {
    "circle": ("cercle", "cercles", False),
    "square": ("carré", "carrés", False),
    "triangle": ("triangle", "triangles", False),
    "star": ("étoile", "étoiles", True),
    "heart": ("cœur", "cœurs", False),
    "cross": ("croix", "croix", True),
}
# What elides the article and de before it.
VOWEL_FIRST = frozenset({"star"})
# Masculine and feminine singular, masculine and feminine plural. Orange is the name of a thing, and never changes.
COLOURS = {
    "red": ("rouge", "rouge", "rouges", "rouges"),
    "orange": ("orange", "orange", "orange", "orange"),
    "yellow": ("jaune", "jaune", "jaunes", "jaunes"),
    "green": ("vert", "verte", "verts", "vertes"),
    "blue": ("bleu", "bleue", "bleus", "bleues"),
    "purple": ("violet", "violette", "violets", "violettes"),
    "pink": ("rose", "rose", "roses", "roses"),
    "black": ("noir", "noire", "noirs", "noires"),
}
SIZES = {"small": ("petit", "petite", "petits", "petites"), "large": ("grand", "grande", "grands", "grandes")}
NUMBERS = {2: "deux", 3: "trois", 4: "quatre"}
PLACES = {"left_of": "à gauche", "right_of": "à droite", "above": "au-dessus", "below": "au-dessous"}

WORDS = Words(
    colours={
        **COLOURS,
        "orange": ("orange", "oranges"),
        "purple": (*COLOURS["purple"], "mauve", "mauves", "pourpre", "pourpres"),
    },
    shapes={
        **{shape: (singular, plural) for shape, (singular, plural, _) in NOUNS.items()},
        "heart": ("cœur", "cœurs", "coeur", "coeurs"),
    },
    sizes=SIZES,
    counts={1: ("un", "une"), 2: ("deux",), 3: ("trois",), 4: ("quatre",)},
    relations={
        "left_of": ("gauche",),
        "right_of": ("droite",),
        "above": ("au-dessus",),
        "below": ("au-dessous", "en dessous", "sous"),
    },
)
LANDMARK_FIRST = False
SEPARATOR = " "


def phrase(group: Group) -> str:
    number = NUMBERS[group.count] if group.count > 1 else "une" if NOUNS[group.shape][2] else "un"
    return f"{number} {_described(group.size, group.colour, group.shape, group.count > 1)}"


def landmark(group: Group, relation: str) -> str:
    of = "de " if group.count > 1 else "d'"
    return f"{PLACES[relation]} {of}{phrase(group)}"


def _described(size: str, colour: str, shape: str, plural: bool) -> str:
    singular, several, feminine = NOUNS[shape]
    form = 2 * plural + feminine
    words = (SIZES[size][form] if size != "medium" else "", several if plural else singular, COLOURS[colour][form])
    return " ".join(filter(None, words))


def question(question: Question) -> str:
    colour, shape, plural = question.colour, question.shape, question.plural
    be = "sont" if plural else "est"
    match question.kind:
        case "colour":
            return f"De quelle couleur {be} {_the(shape, plural)}{NOUNS[shape][plural]} ?"
        case "shape":
            which = "Quelles formes" if plural else "Quelle forme"
            return f"{which} {be} {COLOURS[colour][2 * plural + 1]} ?"
        case "size":
            form = 2 * plural + NOUNS[shape][2]
            known = f"{_the(shape, plural)}{_described('medium', colour, shape, plural)}"
            they = ("il", "elle", "ils", "elles")[form]
            return f"{capitalised(known)} {be}-{they} {SIZES['small'][form]} ou {SIZES['large'][form]} ?"
        case "count":
            return f"Combien y a-t-il {_de(shape)}{_described('medium', colour, shape, True)} ?"
        case "where":
            the = _the(shape, plural)
            of = {"le ": "du ", "les ": "des "}.get(the, f"de {the}")
            return f"Qu'y a-t-il {PLACES[question.direction]} {of}{_described('medium', colour, shape, plural)} ?"
        case "exists":
            return f"Y a-t-il des {_described('medium', colour, shape, True)} ?"


def answer(answer: Answer) -> str:
    group = answer.group
    colour, shape, plural = group.colour, group.shape, group.count > 1
    be, form = "sont" if plural else "est", 2 * plural + NOUNS[shape][2]
    match answer.kind:
        case "colour" | "shape":
            return f"{capitalised(_the(shape, plural))}{NOUNS[shape][plural]} {be} {COLOURS[colour][form]}."
        case "size":
            known = f"{_the(shape, plural)}{_described('medium', colour, shape, plural)}"
            return f"{capitalised(known)} {be} {SIZES[group.size][form]}."
        case "count":
            return f"Il y a {phrase(Group(colour, shape, count=group.count))}."
        case "where":
            return f"{capitalised(phrase(group))}."
        case "exists":
            if answer.found:
                return f"Oui, il y a {phrase(Group(colour, shape, count=group.count))}."
            return f"Non, il n'y a pas {_de(shape)}{_described('medium', colour, shape, True)}."


def _the(shape: str, plural: bool) -> str:
    if plural:
        return "les "
    return "l'" if shape in VOWEL_FIRST else "la " if NOUNS[shape][2] else "le "


def _de(shape: str) -> str:
    return "d'" if shape in VOWEL_FIRST else "de "
