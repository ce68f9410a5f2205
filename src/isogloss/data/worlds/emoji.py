"""The emoji world: the pictures of a colour-emoji font under the names that people gave them in many languages."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.worlds import emoji_names
from isogloss.data.worlds.cldr import Annotation, Annotations, bare, open_annotations
from isogloss.data.worlds.fonts import EmojiFont, Undrawn, open_font
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError
from isogloss.saving import refuse_existing

# Shares of the pictures; the rest is the test split.
TRAIN, VALIDATION = 0.70, 0.10

# The one of the first hundred numbers under which the shares of Noto's pictures come nearest to 70/10/20 %.
SPLIT_SEED = 9

# A locale of CLDR that names fewer of the pictures than this is not a language of the dataset.
LEAST_NAMED = 2 / 3

# A keyword is true of its picture and says less than the name; one can be told from the other by its score too.
KEYWORD_SCORE = 0.5


@dataclass(frozen=True)
class Drawn:
    """An emoji and its key, its picture as a PNG file, and the digest of the pixels that the font has for it."""

    emoji: str
    key: str
    png: bytes
    pixels: bytes


def build_emoji(
    directory: str | Path,
    *,
    cldr: Path | None = None,
    font: Path | None = None,
    size: int = 128,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Draw every emoji that has a picture of its own, and write pictures and names as a dataset folder.

    cldr: Unicode CLDR's annotations (see `cldr.open_annotations`), whose names and keywords are then the captions; without
    it the names of the `emoji` package are. font: a colour-emoji font file, else the machine's own. size: pixels a side.
    progress: called with (emoji looked at, emoji).

    Raises:
        UserError: something exists at `directory`, there is no usable font, or the annotations are damaged.
    """
    refuse_existing(Path(directory))
    if size < 1:
        raise UserError(f"A picture cannot be {size} pixels wide; choose a size of 1 or more.")
    face = open_font(font)
    annotations = open_annotations(cldr) if cldr is not None else None
    left_out: Counter[str] = Counter()
    drawn = list(_draw(face, size, left_out, progress))
    if not drawn:
        raise UserError(f"The font {face.family} has no picture of any emoji; name another with --font.")
    if annotations is None:
        captions, notes = _package_captions(drawn), {}
    else:
        captions, notes = _cldr_captions(drawn, annotations)
    named = {key for table in captions.values() for key in table["key"].unique().to_pylist()}
    left_out["without a name"] = len(drawn) - len(named)
    drawn = [one for one in drawn if one.key in named]
    return write_dataset(
        directory,
        name="emoji",
        description=f"{len(drawn):,} emoji of {face.family}, with human-written names in {len(captions)} languages.",
        licence=f"Pictures: {face.licence}. Captions: {annotations.licence if annotations else 'Unicode-3.0'}.",
        sources=_sources(face, annotations),
        images=pa.Table.from_pylist([_row(one, size) for one in drawn], schema=IMAGES),
        captions=captions,
        notes={
            "fully-qualified emoji": len(emoji_names.fully_qualified()),
            "pictures": len(drawn),
            "left out": dict(left_out),
            **notes,
        },
        files=((_file(one), one.png) for one in drawn),
    )


def key_of(emoji: str) -> str:
    """The key of an emoji's picture: its code points, in lower-case hexadecimal.

    >>> key_of("👍🏽")
    '1f44d-1f3fd'
    """
    return "-".join(f"{ord(character):x}" for character in emoji)


def split_of(key: str) -> str:
    """The split of a picture, by its key alone, so that no font and no choice of captions moves it to another.

    >>> split_of("1f436")
    'train'
    """
    digest = hashlib.sha256(f"{SPLIT_SEED}:{key}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < TRAIN:
        return "train"
    return "validation" if share < TRAIN + VALIDATION else "test"


def _draw(
    face: EmojiFont, size: int, left_out: Counter[str], progress: Callable[[int, int], None] | None
) -> Iterator[Drawn]:
    """The emoji that have a picture of their own; of those drawn alike the plainest stays."""
    everything = emoji_names.fully_qualified()
    seen: set[bytes] = set()
    with ThreadPoolExecutor() as threads:
        for number, painted in enumerate(threads.map(partial(_paint, face, size), everything), start=1):
            if isinstance(painted, str):
                left_out[painted] += 1
            elif painted.pixels in seen:
                left_out["drawn like an earlier one"] += 1
            else:
                seen.add(painted.pixels)
                yield painted
            if progress:
                progress(number, len(everything))


def _paint(face: EmojiFont, size: int, emoji: str) -> Drawn | Undrawn:
    picture = face.draw(emoji)
    if isinstance(picture, str):
        return picture
    pixels = hashlib.sha256(picture.tobytes()).digest()
    if picture.width != size:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Half the time of the usual level 6 for 6 % more bytes.
    picture.save(buffer, "PNG", compress_level=3)
    return Drawn(emoji, key_of(emoji), buffer.getvalue(), pixels)


def _file(drawn: Drawn) -> str:
    return f"images/{drawn.key}.png"


def _row(drawn: Drawn, size: int) -> dict[str, Any]:
    return {
        "key": drawn.key,
        "split": split_of(drawn.key),
        "file": _file(drawn),
        "offset": 0,
        "length": len(drawn.png),
        "width": size,
        "height": size,
        "sha256": hashlib.sha256(drawn.png).hexdigest(),
    }


def _package_captions(drawn: list[Drawn]) -> dict[str, pa.Table]:
    tables: dict[str, pa.Table] = {}
    for language in emoji_names.LANGUAGES:
        names = emoji_names.names(language)
        named = [one for one in drawn if one.emoji in names]
        count = len(named)
        tables[language] = _table(
            [one.key for one in named],
            [names[one.emoji] for one in named],
            ["emoji:name"] * count,
            [1.0] * count,
        )
    return tables


def _cldr_captions(drawn: list[Drawn], annotations: Annotations) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """A table of every language that names enough of the pictures, and a record of what is covered."""
    tables: dict[str, pa.Table] = {}
    coverage: dict[str, float] = {}
    too_few: dict[str, float] = {}
    for language in annotations.languages:
        found = annotations.read(language)
        named = sum(bare(one.emoji) in found for one in drawn)
        share = round(named / max(len(drawn), 1), 4)
        if share < LEAST_NAMED:
            too_few[language] = share
        else:
            coverage[language] = share
            tables[language] = _cldr_table(drawn, found)
    if not tables:
        raise UserError("CLDR's annotations name too few of the pictures in every language; fetch them again.")
    notes = {
        "share of the drawn pictures that is named": coverage,
        f"languages left out, which name less than {LEAST_NAMED:.0%}": too_few,
        "regional varieties left out": annotations.regional,
    }
    return tables, notes


def _cldr_table(drawn: list[Drawn], found: Mapping[str, Annotation]) -> pa.Table:
    # Columns and not rows: with the keywords there are millions of captions.
    keys: list[str] = []
    texts: list[str] = []
    names: list[bool] = []
    for one in drawn:
        annotation = found.get(bare(one.emoji))
        if annotation is not None:
            further = len(annotation.keywords)
            keys += [one.key] * (1 + further)
            texts += [annotation.name, *annotation.keywords]
            names += [True, *[False] * further]
    sources = ["cldr:name" if name else "cldr:keyword" for name in names]
    return _table(keys, texts, sources, [1.0 if name else KEYWORD_SCORE for name in names])


def _table(*columns: Sequence[str] | Sequence[float]) -> pa.Table:
    names = ("key", "text", "source", "score")
    return pa.table(
        [pa.array(column, CAPTIONS.field(name).type) for name, column in zip(names, columns, strict=True)], names
    )


def _sources(face: EmojiFont, annotations: Annotations | None) -> list[dict[str, str]]:
    package = version("emoji")
    sources = [
        {"name": face.family, "version": face.version, "url": face.url, "licence": face.licence},
        {
            "name": "emoji, a Python package",
            "version": package,
            "url": "https://github.com/carpedm20/emoji",
            "licence": "BSD-3-Clause",
        },
    ]
    names = {"name": "Unicode CLDR, annotations", "url": "https://cldr.unicode.org"}
    if annotations is None:
        return [*sources, {**names, "version": f"as in emoji {package}", "licence": "Unicode-3.0"}]
    return [*sources, {**names, "version": annotations.version, "licence": annotations.licence}]
