"""What remains to be done, against a count by hand."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from isogloss.translate.pending import chunks, one_line, pending

# Spaces and controls of several kinds, letters of one to four bytes, and a joiner, which is no space.
TEXTS = st.lists(st.text("ab é字🐕\u200d \t\n\r\x00\x1f\u00a0\u2003\u2028\u3000", max_size=4), max_size=12)


def naive_line(text: str) -> str:
    return " ".join("".join(" " if sign in "\x00\x1f" else sign for sign in text).split())


def column(texts: list[str]) -> pa.ChunkedArray:
    """In two chunks, as tables are."""
    return pa.chunked_array([texts[:3], texts[3:]], pa.string())


@given(TEXTS, TEXTS, st.integers(0, 5))
def test_each_text_once_that_is_not_known(texts: list[str], known: list[str], limit: int) -> None:
    lines = [naive_line(text) for text in texts]
    assert one_line(column(texts)).to_pylist() == lines
    different = [line for line in dict.fromkeys(lines) if line]
    wanted = [line for line in (different[:limit] if limit else different) if line not in known]
    found = pending(column(texts), pa.chunked_array([known], pa.large_string()), limit)
    assert (found.captions, found.distinct) == (len(texts), len(different))
    assert found.texts.to_pylist() == wanted
    assert found.characters == sum(map(len, wanted))


@given(st.lists(st.text("a字", max_size=9), max_size=30), st.integers(1, 7))
def test_chunks_hold_each_text_once_and_like_lengths(texts: list[str], size: int) -> None:
    array = pa.array(texts, pa.large_string())
    found = list(chunks(array, size))
    assert sorted(text for chunk in found for text in chunk) == sorted(texts)
    assert all(1 <= len(chunk) <= size for chunk in found)
    assert len(found) == -(-len(texts) // size)
    assert found == list(chunks(array, size))
    if found:
        assert max(map(len, found[0])) == max(map(len, texts))
    spans = sorted((min(map(len, chunk)), max(map(len, chunk))) for chunk in found)
    assert all(low[1] <= high[0] or low[0] == high[1] for low, high in pairwise(spans))


def test_long_texts_do_not_come_last() -> None:
    """The rate in the first half says when the second is done."""
    lengths = [
        sum(map(len, chunk)) for chunk in chunks(pa.array(["a" * n for n in range(1, 2001)], pa.large_string()), 10)
    ]
    half = len(lengths) // 2
    assert 0.8 < sum(lengths[:half]) / sum(lengths[half:]) < 1.25
