"""Indonesian: a classifier with each number, adjectives after the noun, and nothing inflected."""

from isogloss.data.worlds.shapes.grammar.grammar import Words, capitalised
from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group

NOUNS = {
    "circle": "lingkaran",
    "square": "persegi",
    "triangle": "segitiga",
    "star": "bintang",
    "heart": "hati",
    "cross": "salib",
}
COLOURS = {
    "red": "merah",
    "orange": "oranye",
    "yellow": "kuning",
    "green": "hijau",
    "blue": "biru",
    "purple": "ungu",
    "pink": "merah muda",
    "black": "hitam",
}
SIZES = {"small": "kecil", "large": "besar"}
NUMBERS = {1: "sebuah", 2: "dua buah", 3: "tiga buah", 4: "empat buah"}
PLACES = {"left_of": "di sebelah kiri", "right_of": "di sebelah kanan", "above": "di atas", "below": "di bawah"}

WORDS = Words(
    colours={
        **{colour: (name,) for colour, name in COLOURS.items()},
        "orange": ("oranye", "jingga"),
        "pink": ("merah muda", "merah jambu", "pink"),
    },
    shapes={
        **{shape: (name,) for shape, name in NOUNS.items()},
        "square": ("persegi", "bujur sangkar", "kotak"),
        "cross": ("salib", "palang"),
    },
    sizes={size: (name,) for size, name in SIZES.items()},
    counts={
        1: ("satu", "sebuah", "satu buah"),
        2: ("dua", "dua buah"),
        3: ("tiga", "tiga buah"),
        4: ("empat", "empat buah"),
    },
    relations={"left_of": ("kiri",), "right_of": ("kanan",), "above": ("atas",), "below": ("bawah",)},
)
LANDMARK_FIRST = False
SEPARATOR = " "


def phrase(group: Group) -> str:
    return f"{NUMBERS[group.count]} {_described(group.size, group.colour, group.shape)}"


def landmark(group: Group, relation: str) -> str:
    return f"{PLACES[relation]} {phrase(group)}"


def _described(size: str, colour: str, shape: str) -> str:
    return " ".join(filter(None, (NOUNS[shape], COLOURS[colour], SIZES[size] if size != "medium" else "")))


def question(question: Question) -> str:
    colour, shape = question.colour, question.shape
    match question.kind:
        case "colour":
            return f"Apa warna {_known('', shape)}?"
        case "shape":
            return f"Bentuk mana yang berwarna {COLOURS[colour]}?"
        case "size":
            return f"Apakah {_known(colour, shape)} kecil atau besar?"
        case "count":
            return f"Ada berapa {_described('medium', colour, shape)}?"
        case "where":
            return f"Ada apa {PLACES[question.direction]} {_known(colour, shape)}?"
        case "exists":
            return f"Apakah ada {_described('medium', colour, shape)}?"


def answer(answer: Answer) -> str:
    group = answer.group
    colour, shape = group.colour, group.shape
    match answer.kind:
        case "colour" | "shape":
            return f"{capitalised(_known('', shape))} berwarna {COLOURS[colour]}."
        case "size":
            return f"{capitalised(_known(colour, shape))} {SIZES[group.size]}."
        case "count":
            return f"Ada {WORDS.counts[group.count][0]} buah {_described('medium', colour, shape)}."
        case "where":
            return f"{capitalised(phrase(group))}."
        case "exists":
            if answer.found:
                return f"Ya, ada {phrase(Group(colour, shape, count=group.count))}."
            return f"Tidak, tidak ada {_described('medium', colour, shape)}."


def _known(colour: str, shape: str) -> str:
    """What is known bears itu at its end, be it one thing or several."""
    return " ".join(filter(None, (NOUNS[shape], COLOURS.get(colour, ""), "itu")))
