"""Packing: every sequence once, no row too long, and the rows that a plain search for the best fit makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.packing import pack, row_length

MOST = 50
lengths = st.lists(st.integers(1, MOST), max_size=60)


def naive(lengths: list[int], most: int) -> list[list[int]]:
    """The longest sequence that is left goes into the fullest row that has room for it, of several the first."""
    rows: list[list[int]] = []
    left = list(range(len(lengths)))
    while left:
        longest = max(left, key=lambda sequence: (lengths[sequence], -sequence))
        left.remove(longest)
        full = [sum(lengths[one] for one in row) for row in rows]
        fitting = [row for row in range(len(rows)) if full[row] + lengths[longest] <= most]
        if fitting:
            rows[max(fitting, key=lambda row: (full[row], -row))].append(longest)
        else:
            rows.append([longest])
    return [sorted(row) for row in rows]


@given(lengths)
def test_rows_are_those_of_a_plain_search(lengths: list[int]) -> None:
    assert pack(lengths, MOST) == naive(lengths, MOST)


@given(lengths)
def test_every_sequence_is_in_one_row_and_no_row_is_too_long(lengths: list[int]) -> None:
    rows = pack(lengths, MOST)
    assert sorted(sequence for row in rows for sequence in row) == list(range(len(lengths)))
    full = [sum(lengths[sequence] for sequence in row) for row in rows]
    assert all(0 < length <= MOST for length in full)
    # No two rows could have been one.
    assert all(one + other > MOST for place, one in enumerate(full) for other in full[:place])


@pytest.mark.parametrize("wrong", [[3, 0], [3, MOST + 1], [-1]])
def test_what_fits_no_row_is_refused(wrong: list[int]) -> None:
    with pytest.raises(ValueError, match=f"cannot be packed into rows of {MOST}"):
        pack(wrong, MOST)


def places(lengths: list[int], most: int) -> int:
    """In all rows of a length."""
    return len(pack(lengths, most)) * most


@given(lengths)
def test_rows_of_the_length_that_is_chosen_have_fewer_places_than_the_longest_ones(lengths: list[int]) -> None:
    chosen = row_length(lengths, MOST)
    assert max(lengths, default=0) <= chosen <= MOST
    assert places(lengths, chosen) <= places(lengths, MOST)
    # They are not longer than the fullest of them.
    assert not lengths or chosen == max(sum(lengths[one] for one in row) for row in pack(lengths, chosen))


@given(st.integers(1, MOST), st.integers(1, 200))
def test_sequences_of_one_length_leave_no_place_empty(length: int, count: int) -> None:
    assert places([length] * count, row_length([length] * count, MOST)) == length * count
