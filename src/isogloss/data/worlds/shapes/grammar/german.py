"""German: genders and cases, and the endings of adjectives by what stands before them."""

from isogloss.data.worlds.shapes.grammar.grammar import Words, capitalised
from isogloss.data.worlds.shapes.questions import Answer, Question
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
    sizes={"small": _forms("klein"), "large": (*_forms("groß"), *_forms("gross"))},
    counts={1: ("eins", *_forms("ein")), 2: ("zwei",), 3: ("drei",), 4: ("vier",)},
    relations={
        "left_of": ("links",),
        "right_of": ("rechts",),
        "above": ("über", "oberhalb"),
        "below": ("unter", "unterhalb"),
    },
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


def question(question: Question) -> str:
    colour, shape, plural = question.colour, question.shape, question.plural
    be = "sind" if plural else "ist"
    match question.kind:
        case "colour":
            return f"Welche Farbe {'haben' if plural else 'hat'} {_the(shape, plural)} {_noun(shape, plural)}?"
        case "shape":
            return f"Welche {'Formen' if plural else 'Form'} {be} {COLOURS[colour]}?"
        case "size":
            return f"{capitalised(be)} {_known(colour, shape, plural)} klein oder groß?"
        case "count":
            return f"Wie viele {_adjectives('medium', colour, 'e')} {_noun(shape, True)} gibt es?"
        case "where":
            _, _, singular, _, several = NOUNS[shape]
            place = f"{PLACES[question.direction]} {'den' if plural else 'dem'}".replace("von dem", "vom")
            return f"Was befindet sich {place} {_adjectives('medium', colour, 'en')} {several if plural else singular}?"
        case "exists":
            return f"Gibt es {_adjectives('medium', colour, 'e')} {_noun(shape, True)}?"


def answer(answer: Answer) -> str:
    group = answer.group
    colour, shape, plural = group.colour, group.shape, group.count > 1
    be = "sind" if plural else "ist"
    match answer.kind:
        case "colour" | "shape":
            return f"{capitalised(_the(shape, plural))} {_noun(shape, plural)} {be} {COLOURS[colour]}."
        case "size":
            return f"{capitalised(_known(colour, shape, plural))} {be} {SIZES[group.size]}."
        case "count":
            return f"Es gibt {_accusative(group)}."
        case "where":
            return f"{capitalised(phrase(group))}."
        case "exists":
            if answer.found:
                return f"Ja, es gibt {_accusative(group)}."
            return f"Nein, es gibt keine {_adjectives('medium', colour, 'en')} {_noun(shape, True)}."


def _noun(shape: str, plural: bool) -> str:
    return NOUNS[shape][3 if plural else 1]


def _the(shape: str, plural: bool) -> str:
    return "die" if plural else "der" if NOUNS[shape][0] == "m" else "das"


def _known(colour: str, shape: str, plural: bool) -> str:
    adjective = _adjectives("medium", colour, "en" if plural else "e")
    return f"{_the(shape, plural)} {adjective} {_noun(shape, plural)}"


def _accusative(group: Group) -> str:
    """A group of no size as an object, which differs from the subject in one masculine thing."""
    if group.count == 1 and NOUNS[group.shape][0] == "m":
        return f"einen {_adjectives('medium', group.colour, 'en')} {_noun(group.shape, False)}"
    return phrase(Group(group.colour, group.shape, count=group.count))
