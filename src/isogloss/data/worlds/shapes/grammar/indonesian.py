"""Indonesian: a classifier with each number, adjectives after the noun, and nothing inflected."""

from isogloss.data.worlds.shapes.grammar.grammar import Words
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
INSTRUCTIONS = (
    "Jelaskan gambar ini.",
    "Ada apa di gambar ini?",
    "Apa yang kamu lihat di gambar ini?",
    "Sebutkan apa yang ditunjukkan gambar ini.",
    "Berikan deskripsi singkat gambar ini.",
)
LANDMARK_FIRST = False
SEPARATOR = " "


def phrase(group: Group) -> str:
    return f"{NUMBERS[group.count]} {_described(group.size, group.colour, group.shape)}"


def landmark(group: Group, relation: str) -> str:
    return f"{PLACES[relation]} {phrase(group)}"


def _described(size: str, colour: str, shape: str) -> str:
    return " ".join(filter(None, (NOUNS[shape], COLOURS[colour], SIZES[size] if size != "medium" else "")))
