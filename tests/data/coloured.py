"""Pictures that are told by their colour, and captions that are told by their words, in splits made without a disk."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from data.small_dataset import image_row, make, png
from hypothesis import strategies as st

from isogloss.data.batch import Batch, Preparation
from isogloss.data.dataset import Captions, Dataset, Split
from isogloss.data.tables import IMAGES
from isogloss.models.tokenizer import train_tokenizer

IMAGES_OF = 12
LANGUAGES = ("en", "es", "ja")
MOST = 3
TOKENS = 12

# Captions of each image in each language.
Counts = Mapping[str, Sequence[int]]


def caption(language: str, image: int, number: int) -> str:
    return f"{language} {image:02} {'abc'[number]}"


@cache
def preparation() -> Preparation:
    """A tokenizer that tells all captions apart, and pixels left in 0…1."""
    every = [caption(one, image, n) for one in LANGUAGES for image in range(IMAGES_OF) for n in range(MOST)]
    tokenizer = train_tokenizer(every, 200, TOKENS)
    tokens = {tuple(tokenizer(text)["input_ids"]) for text in every}
    assert len(tokens) == len(every)
    assert max(map(len, tokens)) <= TOKENS
    return Preparation(tokenizer, TOKENS, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def tokens_of(text: str) -> tuple[int, ...]:
    return tuple(preparation().tokenizer(text)["input_ids"])


def dataset_of_colours(root: Path) -> Dataset:
    """Image i has the red value i all over."""
    keys = [str(image) for image in range(IMAGES_OF)]
    return make(root, dict.fromkeys(keys, "train"), {"en": [(key, "a colour") for key in keys]})


def split_of(counts: Counts) -> Split:
    """The split of such a dataset with so many captions instead."""
    rows = [image_row(str(image), "train", png(image)) for image in range(IMAGES_OF)]
    captions: dict[str, Captions] = {}
    for language, numbers in counts.items():
        texts = [caption(language, image, n) for image, count in enumerate(numbers) for n in range(count)]
        captions[language] = Captions(
            np.concatenate([[0], np.cumsum(numbers)]).astype(np.int64),
            pa.array(texts, pa.large_string()),
            pa.array(["test"] * len(texts), pa.dictionary(pa.int32(), pa.string())),
        )
    table = pa.Table.from_pylist(rows, schema=IMAGES).drop_columns("sha256")
    return Split("train", table, captions)


@st.composite
def ragged(draw: st.DrawFn, least: int = 1) -> dict[str, list[int]]:
    """None to three captions of each image in each of one to three languages; at least some images have one."""
    languages = draw(st.lists(st.sampled_from(LANGUAGES), min_size=1, unique=True))
    numbers = st.lists(st.integers(0, MOST), min_size=IMAGES_OF, max_size=IMAGES_OF)
    counts = {language: draw(numbers) for language in languages}
    for image in range(least):
        counts[languages[0]][image] = max(1, counts[languages[0]][image])
    return counts


def image_numbers(batch: Batch) -> list[int]:
    """Which images a batch shows, by their colour."""
    red = (batch.pixel_values[:, 0] * 255).round()
    assert (red == red[:, :1, :1]).all()
    return red[:, 0, 0].int().tolist()


def described(batch: Batch) -> list[tuple[int, int, tuple[int, ...]]]:
    """Every caption of a batch: its image, the number of its language, its tokens."""
    images, found = image_numbers(batch), []
    rows: Any = zip(batch.owner, batch.language, batch.input_ids, batch.attention_mask, strict=True)
    for owner, language, tokens, mask in rows:
        found.append((images[int(owner)], int(language), tuple(tokens[: int(mask.sum())].tolist())))
    return found
