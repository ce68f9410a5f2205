"""What two texts may differ in and still say exactly the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.exact import exact, normalised


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a red circle.\n", "a red circle"),
        ("赤い円。", "赤い円"),
        ("赤い円｡ ", "赤い円"),
        ("एक वृत्त।", "एक वृत्त"),
        ("مربع؟", "مربع"),
        ("un ce\u0301rcle !", "un cércle"),
        ("Nein...", "Nein"),
        ("3.5", "3.5"),
        ("(a circle)", "(a circle)"),
        ("…", "…"),
        (".", ""),
    ],
)
def test_normalised(text: str, expected: str) -> None:
    assert normalised(text) == expected


@given(st.text(max_size=20), st.booleans())
def test_normalising_twice_changes_nothing_more(text: str, fold_case: bool) -> None:
    once = normalised(text, fold_case=fold_case)
    assert normalised(once, fold_case=fold_case) == once
    assert normalised(unicodedata.normalize("NFD", text) + " . ", fold_case=fold_case) == once


def test_any_of_the_references_will_do() -> None:
    replies = ["two.", "Two", "2", ""]
    references = [["two", "2"], ["two", "2"], ["two", "2"], ["two"]]
    assert exact(replies, references).tolist() == [True, False, True, False]
    assert exact(replies, references, fold_case=True).tolist() == [True, True, True, False]


def test_every_reply_has_its_references() -> None:
    with pytest.raises(ValueError, match="zip"):
        exact(["a", "b"], [["a"]])
