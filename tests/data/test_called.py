"""Which picture a table means by a name."""

import re
import unicodedata
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.called import SEVERAL, UNKNOWN, Called

PICTURES = [
    ("beach", "images/one.jpg"),
    ("one", "images/two.jpg"),
    ("val/42", "/data/val/COCO_42.jpg"),
    ("a.b", "http://host/x/a.b.png"),
    ("a", "left/same.png"),
    ("b", "right/same.png"),
    ("cafe\u0301", "nfd/cafe\u0301.jpg"),
    ("caf\u00e9 au lait", "t.tar"),
    ("last", "t.tar"),
]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("beach", "beach"),
        ("beach.jpg", "beach"),
        ("one", "one"),  # the key, though it is another's file but for the ending
        ("one.jpg", "one"),  # still the key, but for the ending
        ("images/one.jpg", "beach"),
        ("two.jpg", "one"),
        ("two", "one"),
        ("elsewhere\\two.PNG", "one"),
        ("COCO_42", "val/42"),
        ("42.jpg", "val/42"),
        ("a.b", "a.b"),
        ("a.b.png", "a.b"),
        ("left/same.png", "a"),
        ("same.png", SEVERAL),
        ("same", SEVERAL),
        ("t.tar", SEVERAL),
        ("caf\u00e9", "cafe\u0301"),
        ("cafe\u0301 au lait", "caf\u00e9 au lait"),
        ("b.unheard-of", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_the_nearest_match_comes_first(name: str, key: str | int) -> None:
    images = pa.table({"key": [key for key, _ in PICTURES], "file": [file for _, file in PICTURES]})
    (row,) = Called(images).rows(pa.array([name])).tolist()
    assert (PICTURES[row][0] if row >= 0 else row) == key


def naive(name: str, pictures: list[tuple[str, str]]) -> int:
    def last(text: str) -> str:
        return re.split(r"[/\\]", text)[-1]

    def bare(text: str) -> str:
        return re.sub(r"\.[^./\\]{1,5}$", "", text)

    def nfc(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    keys, files = [key for key, _ in pictures], [file for _, file in pictures]
    for form in (str, nfc):
        for asked, known in (
            (name, keys),
            (name, files),
            (bare(name), keys),
            (last(name), list(map(last, files))),
            (bare(last(name)), [bare(last(file)) for file in files]),
            (bare(last(name)), list(map(last, keys))),
        ):
            rows = [row for row, one in enumerate(known) if form(one) == form(asked)]
            if rows:
                return rows[0] if len(rows) == 1 else SEVERAL
    return UNKNOWN


WORDS = st.lists(st.sampled_from(["a", "b", "\u00e9", "e\u0301"]), min_size=1, max_size=2).map("".join)
NAMES = st.builds(
    lambda folders, word, ending: str(PurePosixPath(*folders, word + ending)),
    st.lists(WORDS, max_size=2),
    WORDS,
    st.sampled_from(["", ".jpg", ".png"]),
)


@given(
    st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=6, unique_by=lambda one: one[0]), st.lists(NAMES, max_size=6)
)
def test_names_are_found_as_one_after_the_other_finds_them(pictures: list[tuple[str, str]], names: list[str]) -> None:
    images = pa.table({"key": [key for key, _ in pictures], "file": [file for _, file in pictures]})
    found = Called(images).rows(pa.array(names, pa.string()))
    np.testing.assert_array_equal(found, np.array([naive(name, pictures) for name in names], np.int64))
