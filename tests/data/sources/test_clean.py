"""Captions as they are found, and as they are kept."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.sources.clean import EMPTY, NOT_UNICODE, OVERLONG, clean_caption
from isogloss.data.tables import LONGEST_CAPTION


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ("a dog", "a dog"),
        ("  a\tdog\r\non grass\n", "a dog on grass"),
        ("\ufeffa dog", "a dog"),
        ("cafe\u0301", "café"),
        ("un\u00a0perro\u3000\u2028aquí", "un perro aquí"),
        ("a\x00 dog\x1b", "a dog"),
        ("a \x00 dog", "a dog"),
        # A joiner that Persian spells with, one that makes a family of four, and marks that turn the direction.
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦"),
        ("\u2067שלום\u2069", "\u2067שלום\u2069"),
        ("각", "각"),
    ],
)
def test_what_is_kept(found: str, kept: str) -> None:
    assert clean_caption(found) == (unicodedata.normalize("NFC", kept), "")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("", EMPTY),
        (" \t\r\n", EMPTY),
        ("\ufeff", EMPTY),
        ("\x00", EMPTY),
        ("a \ud83d", NOT_UNICODE),
        ("x" * (LONGEST_CAPTION + 1), OVERLONG),
    ],
)
def test_what_is_no_caption(found: str, reason: str) -> None:
    assert clean_caption(found) == ("", reason)


@given(st.text())
def test_a_clean_caption_is_one_line_of_nfc_and_stays_as_it_is(found: str) -> None:
    kept, reason = clean_caption(found)
    assert bool(kept) != bool(reason)
    if kept:
        assert kept == " ".join(kept.split())
        assert unicodedata.is_normalized("NFC", kept)
        assert clean_caption(kept) == (kept, "")
        words = "".join(unicodedata.normalize("NFC", found).split())
        assert "".join(kept.split()) == "".join(c for c in words if unicodedata.category(c) != "Cc" and c != "\ufeff")
