"""French: the size before the noun and the colour after it, of its gender and number; de loses its vowel before one."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
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
INSTRUCTIONS = (
    "Décris l'image.",
    "Qu'y a-t-il sur l'image ?",
    "Que vois-tu sur cette image ?",
    "Dis ce que montre l'image.",
    "Fais une brève description de l'image.",
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
