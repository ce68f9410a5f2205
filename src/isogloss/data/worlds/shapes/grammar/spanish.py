"""Spanish: adjectives after the noun, of its gender and number."""

from isogloss.data.worlds.shapes.grammar.grammar import Words, capitalised
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

# Singular, plural, and whether it is feminine.
NOUNS = {
    "circle": ("círculo", "círculos", False),
    "square": ("cuadrado", "cuadrados", False),
    "triangle": ("triángulo", "triángulos", False),
    "star": ("estrella", "estrellas", True),
    "heart": ("corazón", "corazones", False),
    "cross": ("cruz", "cruces", True),
}
# Masculine and feminine singular, masculine and feminine plural.
COLOURS = {
    "red": ("rojo", "roja", "rojos", "rojas"),
    "orange": ("naranja", "naranja", "naranjas", "naranjas"),
    "yellow": ("amarillo", "amarilla", "amarillos", "amarillas"),
    "green": ("verde", "verde", "verdes", "verdes"),
    "blue": ("azul", "azul", "azules", "azules"),
    "purple": ("morado", "morada", "morados", "moradas"),
    "pink": ("rosa", "rosa", "rosas", "rosas"),
    "black": ("negro", "negra", "negros", "negras"),
}
SIZES = {"small": ("pequeño", "pequeña", "pequeños", "pequeñas"), "large": ("grande", "grande", "grandes", "grandes")}
NUMBERS = {2: "dos", 3: "tres", 4: "cuatro"}
PLACES = {"left_of": "a la izquierda", "right_of": "a la derecha", "above": "encima", "below": "debajo"}

WORDS = Words(
    colours={
        **COLOURS,
        "purple": (*COLOURS["purple"], "púrpura", "púrpuras", "violeta", "violetas"),
        "pink": (*COLOURS["pink"], "rosado", "rosada", "rosados", "rosadas"),
        "orange": (*COLOURS["orange"], "anaranjado", "anaranjada", "anaranjados", "anaranjadas"),
    },
    shapes={shape: (singular, plural) for shape, (singular, plural, _) in NOUNS.items()},
    sizes=SIZES,
    counts={1: ("uno", "un", "una"), 2: ("dos",), 3: ("tres",), 4: ("cuatro",)},
    relations={
        "left_of": ("izquierda",),
        "right_of": ("derecha",),
        "above": ("encima", "sobre", "arriba"),
        "below": ("debajo", "bajo", "abajo"),
    },
)
LANDMARK_FIRST = False
SEPARATOR = " "


def phrase(group: Group) -> str:
    number = NUMBERS[group.count] if group.count > 1 else "una" if NOUNS[group.shape][2] else "un"
    return f"{number} {_described(group.size, group.colour, group.shape, group.count > 1)}"


def landmark(group: Group, relation: str) -> str:
    return f"{PLACES[relation]} de {phrase(group)}"


def _described(size: str, colour: str, shape: str, plural: bool) -> str:
    singular, several, feminine = NOUNS[shape]
    form = 2 * plural + feminine
    words = (several if plural else singular, COLOURS[colour][form], SIZES[size][form] if size != "medium" else "")
    return " ".join(filter(None, words))


def question(question: Question) -> str:
    colour, shape, plural = question.colour, question.shape, question.plural
    be = "son" if plural else "es"
    match question.kind:
        case "colour":
            return f"¿De qué color {be} {_the(shape, plural)} {NOUNS[shape][plural]}?"
        case "shape":
            return f"¿Qué {'figuras' if plural else 'figura'} {be} {COLOURS[colour][2 * plural + 1]}?"
        case "size":
            form = 2 * plural + NOUNS[shape][2]
            known = f"{_the(shape, plural)} {_described('medium', colour, shape, plural)}"
            return f"¿{capitalised(known)} {be} {SIZES['small'][form]} o {SIZES['large'][form]}?"
        case "count":
            many = "Cuántas" if NOUNS[shape][2] else "Cuántos"
            return f"¿{many} {_described('medium', colour, shape, True)} hay?"
        case "where":
            the = _the(shape, plural)
            of = "del" if the == "el" else f"de {the}"
            return f"¿Qué hay {PLACES[question.direction]} {of} {_described('medium', colour, shape, plural)}?"
        case "exists":
            any_ = "alguna" if NOUNS[shape][2] else "algún"
            return f"¿Hay {any_} {_described('medium', colour, shape, False)}?"


def answer(answer: Answer) -> str:
    group = answer.group
    colour, shape, plural = group.colour, group.shape, group.count > 1
    be, form = "son" if plural else "es", 2 * plural + NOUNS[shape][2]
    match answer.kind:
        case "colour" | "shape":
            return f"{capitalised(_the(shape, plural))} {NOUNS[shape][plural]} {be} {COLOURS[colour][form]}."
        case "size":
            known = f"{_the(shape, plural)} {_described('medium', colour, shape, plural)}"
            return f"{capitalised(known)} {be} {SIZES[group.size][form]}."
        case "count":
            return f"Hay {phrase(Group(colour, shape, count=group.count))}."
        case "where":
            return f"{capitalised(phrase(group))}."
        case "exists":
            if answer.found:
                return f"Sí, hay {phrase(Group(colour, shape, count=group.count))}."
            none = "ninguna" if NOUNS[shape][2] else "ningún"
            return f"No, no hay {none} {_described('medium', colour, shape, False)}."


def _the(shape: str, plural: bool) -> str:
    return (("el", "los"), ("la", "las"))[NOUNS[shape][2]][plural]
