"""The size of a JPEG by its segments, beside what Pillow says of the same bytes."""

import io

import pytest
from data.sources.pictures import SOUND, UNSOUND, noise, saved
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isogloss.data.sources.jpeg import plain_size

PLAIN = ("JPEG", "progressive JPEG", "CMYK", "grey", "JPEG with zeros after it")


@pytest.mark.parametrize("kind", SOUND)
def test_plain_ones_are_told_as_pillow_tells_them_and_the_rest_is_left_to_it(kind: str) -> None:
    content = SOUND[kind]()
    size = Image.open(io.BytesIO(content)).size
    assert plain_size(content) == (size if kind in PLAIN else None)


def test_a_profile_and_a_comment_change_nothing_and_xmp_is_left_to_pillow() -> None:
    picture = noise((7, 5))
    assert plain_size(saved(picture, "JPEG", icc_profile=b"\0" * 100_000, comment=b"x" * 300)) == (7, 5)
    turned = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'
    assert plain_size(saved(picture, "JPEG", xmp=turned)) is None


@pytest.mark.parametrize("kind", UNSOUND)
def test_what_is_cut_before_its_pixels_is_left_to_pillow(kind: str) -> None:
    content = UNSOUND[kind][0]()
    told = plain_size(content)
    assert told is None or Image.open(io.BytesIO(content)).size == told


WHOLE = saved(noise((9, 4)), "JPEG")


@given(
    st.lists(st.tuples(st.integers(2, 700), st.integers(0, 255)), min_size=1, max_size=4), st.integers(1, len(WHOLE))
)
def test_bytes_that_are_damaged_give_pillows_size_or_none(damage: list[tuple[int, int]], length: int) -> None:
    content = bytearray(WHOLE[:length])
    for place, value in damage:
        if place < length:
            content[place] = value
    told = plain_size(bytes(content))
    try:
        with Image.open(io.BytesIO(content)) as opened:
            size = opened.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return  # damaged tables, which decoding alone finds
    assert told is None or told == size


@given(st.binary(max_size=200))
def test_any_bytes_after_the_start_do_no_harm(tail: bytes) -> None:
    plain_size(b"\xff\xd8" + tail)
    assert plain_size(tail) is None or tail.startswith(b"\xff\xd8")
