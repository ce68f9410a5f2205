"""A dataset folder that is true to the schema: drawn discs, with the names that people gave to emoji."""

import colorsys
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import emoji
import pyarrow as pa
from PIL import Image, ImageDraw

from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.writing import write_dataset
from isogloss.languages import language

PICTURES = tuple("🐶🐱🐴🍎🍌🍇🍞🚗🚲🚂⛵🏠🔥🌙⭐🌈🌳🌻🐟🦁🐘🎸🎹📖🔑🔔⚽👑👓🎂☕🐝")


def build_dataset(root: Path, languages: Sequence[str]) -> None:
    """A dataset folder of drawn discs, one for each of PICTURES, with their names in the languages."""
    files = [(f"pictures/{key_of(each)}.png", _drawing(place)) for place, each in enumerate(PICTURES)]
    rows = [
        {
            "key": key_of(each),
            "split": "test",
            "file": file,
            "offset": 0,
            "length": len(content),
            "width": 96,
            "height": 96,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for each, (file, content) in zip(PICTURES, files, strict=True)
    ]
    captions = {
        tag: pa.Table.from_pylist(
            [{"key": key_of(each), "text": name(each, tag), "source": "name", "score": None} for each in PICTURES],
            CAPTIONS,
        )
        for tag in languages
    }
    write_dataset(
        root,
        name="emoji",
        description="Pictures of a colour-emoji font and the names that people gave them.",
        licence="SIL Open Font License 1.1; Unicode License v3",
        sources=[
            {
                "name": "emoji",
                "version": "2.14",
                "url": "https://example.org/emoji",
                "licence": "BSD-3-Clause",
            }
        ],
        images=pa.Table.from_pylist(rows, IMAGES),
        captions=captions,
        notes={
            "left out": {"drawn as several glyphs": 87, "drawn like another": 12},
            "font": "Made up <b>&</b> drawn",
        },
        files=files,
    )


def name(picture: str, tag: str) -> str:
    """What the `emoji` package calls a picture, or a made-up name in the language's own script."""
    emoji.config.load_language()
    found = emoji.EMOJI_DATA[picture].get(tag)
    return found.strip(":").replace("_", " ") if found else f"{language(tag).endonym} {key_of(picture)}"


def key_of(picture: str) -> str:
    """The key of a picture: its code points."""
    return "-".join(f"{ord(letter):x}" for letter in picture)


def _drawing(place: int) -> bytes:
    picture = Image.new("RGB", (96, 96), "white")
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(place / len(PICTURES), 0.6, 0.85))
    ImageDraw.Draw(picture).ellipse((12, 12 + place % 5 * 4, 84, 84), fill=(red, green, blue))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
