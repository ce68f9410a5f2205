"""A generated dataset: squares of a colour, a size and a place, named in English and in made-up languages."""

import hashlib
import io
import random
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pyarrow as pa
from PIL import Image, ImageDraw

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.writing import write_dataset

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 40),
    "blue": (30, 60, 220),
    "yellow": (230, 220, 30),
    "black": (10, 10, 10),
    "pink": (250, 130, 200),
    "grey": (128, 128, 128),
    "cyan": (40, 210, 220),
}
PLACES = {
    f"{row} {column}": (across, down)
    for (row, down), (column, across) in product(
        {"upper": 0, "middle": 1, "lower": 2}.items(), {"left": 0, "centre": 1, "right": 2}.items()
    )
}
SIZES = {"small": 3, "big": 5}
SIDE = 16
# Syllables of the made-up languages, so that none shares a word with another.
SYLLABLES = ("ba ke ti mo nu", "ло ми ра ве ду", "カ ネ ミ ソ ト", "گل سر مه دن بو")
MADE_UP = ("qaa", "qab")
# Pictures of the validation and of the test split; the others are for training.
VALIDATION, TEST = 16, 28


def squares(root: Path, languages: Sequence[str] = ("en", *MADE_UP), captions: int = 1) -> Dataset:
    """Write the 144 pictures, each with so many captions in each language; held-out ones show new combinations."""
    meanings = list(product(SIZES, COLOURS, PLACES))
    order = random.Random(0).sample(range(len(meanings)), len(meanings))
    splits = dict.fromkeys(order, "train")
    splits |= dict.fromkeys(order[:TEST], "test") | dict.fromkeys(order[TEST : TEST + VALIDATION], "validation")
    pictures = {"-".join(meaning).replace(" ", "-"): picture(*meaning) for meaning in meanings}
    rows = [
        {
            "key": key,
            "split": splits[number],
            "file": f"images/{key}.png",
            "offset": 0,
            "length": len(content),
            "width": SIDE,
            "height": SIDE,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for number, (key, content) in enumerate(pictures.items())
    ]
    tables = {
        language: [
            {"key": key, "text": text, "source": "test", "score": None}
            for key, meaning in zip(pictures, meanings, strict=True)
            for text in texts(meaning, number, captions)
        ]
        for number, language in enumerate(languages)
    }
    return write_dataset(
        root,
        name="squares",
        description="Squares.",
        licence="CC0-1.0",
        sources=[{"name": "made up", "version": "1", "url": "", "licence": "CC0-1.0"}],
        images=pa.Table.from_pylist(rows, schema=IMAGES),
        captions={tag: pa.Table.from_pylist(found, schema=CAPTIONS) for tag, found in tables.items()},
        notes={},
        files=((f"images/{key}.png", content) for key, content in pictures.items()),
    )


def picture(size: str, colour: str, place: str) -> bytes:
    across, down = (2 + 5 * step for step in PLACES[place])
    drawn = Image.new("RGB", (SIDE, SIDE), "white")
    box = (across, down, across + SIZES[size] - 1, down + SIZES[size] - 1)
    ImageDraw.Draw(drawn).rectangle(box, fill=COLOURS[colour])
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    return buffer.getvalue()


def texts(meaning: tuple[str, str, str], language: int, captions: int) -> list[str]:
    """The captions of a picture: English for language 0, else made-up words; further ones in another order."""
    size, colour, place = meaning
    words = [size, colour, *place.split()]
    if language:
        words = [_word(word, language) for word in words]
    return [" ".join(words[turn:] + words[:turn]) for turn in range(captions)]


def _word(english: str, language: int) -> str:
    chance = random.Random(f"{english} {language}")
    return "".join(chance.choices(SYLLABLES[(language - 1) % len(SYLLABLES)].split(), k=4))
