"""German: genders and cases, and the endings of adjectives by what stands before them."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
from isogloss.data.worlds.shapes.scene import Group

# Gender (m or n: no shape here is feminine), singular, its dative, plural, its dative. Only Herz has a dative of its own.
NOUNS = {
    "circle": ("m", "Kreis", "Kreis", "Kreise", "Kreisen"),
    "square": ("n", "Quadrat", "Quadrat", "Quadrate", "Quadraten"),
    "triangle": ("n", "Dreieck", "Dreieck", "Dreiecke", "Dreiecken"),
    "star": ("m", "Stern", "Stern", "Sterne", "Sternen"),
    "heart": ("n", "Herz", "Herzen", "Herzen", "Herzen"),
    "cross": ("n", "Kreuz", "Kreuz", "Kreuze", "Kreuzen"),
}
COLOURS = {
    "red": "rot",
    "orange": "orangefarben",
    "yellow": "gelb",
    "green": "grün",
    "blue": "blau",
    "purple": "violett",
    "pink": "rosa",
    "black": "schwarz",
}
SIZES = {"small": "klein", "large": "groß"}
NEVER_INFLECTED = frozenset({"rosa"})
NUMBERS = {2: "zwei", 3: "drei", 4: "vier"}
PLACES = {"left_of": "links von", "right_of": "rechts von", "above": "über", "below": "unter"}


def _forms(adjective: str) -> tuple[str, ...]:
    return (adjective, *(adjective + ending for ending in ("e", "er", "es", "en", "em")))


WORDS = Words(
    colours={
        **{colour: _forms(adjective) for colour, adjective in COLOURS.items()},
        "orange": (*_forms("orangefarben"), "orange", "oranger", "oranges", "orangen", "orangem"),
        "purple": (*_forms("violett"), "lila"),
        "pink": ("rosa", "pink", *_forms("rosafarben"), *_forms("pinkfarben")),
    },
    shapes={shape: tuple(dict.fromkeys(forms[1:])) for shape, forms in NOUNS.items()},
    sizes={size: _forms(adjective) for size, adjective in SIZES.items()},
    counts={1: ("eins", *_forms("ein")), 2: ("zwei",), 3: ("drei",), 4: ("vier",)},
    relations={
        "left_of": ("links",),
        "right_of": ("rechts",),
        "above": ("über", "oberhalb"),
        "below": ("unter", "unterhalb"),
    },
)
INSTRUCTIONS = (
    "Beschreibe das Bild.",
    "Was ist auf dem Bild zu sehen?",
    "Was siehst du auf diesem Bild?",
    "Sag, was das Bild zeigt.",
    "Gib eine kurze Beschreibung des Bildes.",
)
LANDMARK_FIRST = False
SEPARATOR = " "


def phrase(group: Group) -> str:
    _, _, _, plural, _ = NOUNS[group.shape]
    if group.count > 1:
        return f"{NUMBERS[group.count]} {_adjectives(group.size, group.colour, 'e')} {plural}"
    gender, singular, *_ = NOUNS[group.shape]
    return f"ein {_adjectives(group.size, group.colour, 'er' if gender == 'm' else 'es')} {singular}"


def landmark(group: Group, relation: str) -> str:
    """All four places take the dative."""
    _, _, singular, _, plural = NOUNS[group.shape]
    number, noun = (NUMBERS[group.count], plural) if group.count > 1 else ("einem", singular)
    return f"{PLACES[relation]} {number} {_adjectives(group.size, group.colour, 'en')} {noun}"


def _adjectives(size: str, colour: str, ending: str) -> str:
    words = ((SIZES[size],) if size != "medium" else ()) + (COLOURS[colour],)
    return " ".join(word if word in NEVER_INFLECTED else word + ending for word in words)
