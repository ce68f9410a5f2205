"""A dataset of any size with captions of made-up words, written as a user writes one: the pictures, then each language."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.writing import write_captions, write_dataset

pc: Any = pyarrow.compute

# First and last letter of the words, and how many they have; what stands between two words.
SCRIPTS = {
    "en": ("a", "z", (2, 8), " "),
    "es": ("a", "z", (2, 8), " "),
    "ja": ("あ", "ん", (1, 4), ""),
    "hi": ("क", "ह", (2, 8), " "),
    "de": ("a", "z", (2, 8), " "),
    "fr": ("a", "z", (2, 8), " "),
    "zh": ("一", "龟", (1, 3), ""),
    "bn": ("ক", "ন", (2, 8), " "),
}
LANGUAGES = tuple(SCRIPTS)
# Words of a language, and of a caption.
VOCABULARY, WORDS = 20_000, (4, 11)
# Pictures that are made up at once, and those that lie in one archive.
PART, ARCHIVE = 500_000, 1_000


def make(root: Path, pictures: int) -> None:
    """Write it: one caption of each picture in every language, 98 % of the pictures to train on."""
    write_dataset(
        root,
        name="words",
        description="Made-up words.",
        licence="CC0-1.0",
        sources=[],
        images=pa.concat_tables(pictures_of(first, min(pictures, first + PART)) for first in range(0, pictures, PART)),
        captions={},
        notes={},
    )
    for number, language in enumerate(LANGUAGES):
        chance = np.random.default_rng((number, pictures))
        words = vocabulary(language, chance)
        parts = [
            captions_of(first, min(pictures, first + PART), words, SCRIPTS[language][3], chance)
            for first in range(0, pictures, PART)
        ]
        write_captions(root, language, pa.concat_tables(parts))


def vocabulary(language: str, chance: np.random.Generator) -> pa.StringArray:
    """The words of a language."""
    first, last, letters, _ = SCRIPTS[language]
    lengths = chance.integers(*letters, VOCABULARY)
    drawn = chance.integers(ord(first), ord(last) + 1, lengths.sum())
    text = "".join(map(chr, drawn))
    ends = np.cumsum(lengths).tolist()
    return pa.array([text[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)])


def keys_of(rows: NDArray[np.int64]) -> pa.StringArray:
    """The keys of some pictures."""
    return pc.utf8_lpad(pa.array(rows).cast(pa.string()), 10, "0")


def captions_of(first: int, last: int, words: pa.StringArray, between: str, chance: np.random.Generator) -> pa.Table:
    """A caption of each of some pictures."""
    counts = chance.integers(*WORDS, last - first)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    drawn = words.take(pa.array(chance.integers(0, len(words), offsets[-1])))
    return pa.table(
        {
            "key": keys_of(np.arange(first, last)),
            "text": pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), drawn), between),
            "source": pa.repeat(pa.scalar("made up"), last - first),
            "score": pa.nulls(last - first, pa.float32()),
        }
    )


def pictures_of(first: int, last: int) -> pa.Table:
    """Some pictures, which lie in archives somewhere."""
    rows = np.arange(first, last)
    chance = np.random.default_rng(first)
    split = np.select([rows % 100 == 7, rows % 100 == 43], [1, 2], 0)
    archive = pc.utf8_lpad(pa.array(rows // ARCHIVE).cast(pa.string()), 5, "0")
    hashes = chance.bytes(32 * len(rows)).hex().encode()
    ends = pa.array(np.arange(0, 64 * len(rows) + 1, 64, dtype=np.int32))
    return pa.table(
        {
            "key": keys_of(rows),
            "split": pa.array(["train", "validation", "test"]).take(pa.array(split)),
            "file": pc.binary_join_element_wise("s3://pictures/", archive, ".tar", ""),
            "offset": pa.array((rows % ARCHIVE) * 200_000 + 512),
            "length": pa.array(chance.integers(20_000, 190_000, len(rows))),
            "width": pa.array(chance.integers(200, 1000, len(rows)).astype(np.int32)),
            "height": pa.array(chance.integers(200, 1000, len(rows)).astype(np.int32)),
            "sha256": pa.StringArray.from_buffers(len(rows), ends.buffers()[1], pa.py_buffer(hashes)),
        }
    )
