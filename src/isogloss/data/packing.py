"""Packing: sequences of different lengths in rows of one length, of which as little as can be had quickly stays empty."""

from bisect import bisect_left, insort
from collections.abc import Sequence

# Lengths of rows that are tried.
_TRIED = 16


def pack(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Rows that hold every sequence once, each at most `most` long: the longest first, each where it leaves the least room.

    Best fit decreasing needs at most 11/9 of the fewest possible rows and 4 more (Johnson, Demers, Ullman, Garey & Graham
    1974, "Worst-case performance bounds for simple one-dimensional packing algorithms").

    Args:
        lengths: of the sequences.
        most: the length of a row.

    Returns:
        Numbers of sequences: rows as they were begun, each ascending. The same for the same lengths.

    Raises:
        ValueError: a sequence is empty or longer than a row.
    """
    if any(not 0 < length <= most for length in lengths):
        raise ValueError(f"sequences of {min(lengths)} to {max(lengths)} cannot be packed into rows of {most}")
    rows: list[list[int]] = []
    room: list[tuple[int, int]] = []  # of each row that has any, ascending: how much, and the number of the row
    for sequence in sorted(range(len(lengths)), key=lambda sequence: (-lengths[sequence], sequence)):
        length = lengths[sequence]
        place = bisect_left(room, (length, 0))
        if place == len(room):
            left, row = most, len(rows)
            rows.append([])
        else:
            left, row = room.pop(place)
        rows[row].append(sequence)
        if left > length:
            insort(room, (left - length, row))
    return [sorted(row) for row in rows]


def row_length(lengths: Sequence[int], most: int) -> int:
    """The length of rows with the fewest places in all, the shorter one of two, that `pack` fits these sequences into.

    Some sequences of one length fill rows of any other length badly, and attention over a shorter row costs less.

    Args:
        lengths: of the sequences.
        most: the length of a row at most.

    Raises:
        ValueError: a sequence is empty or longer than a row.
    """
    if not lengths:
        return most
    longest, total = max(lengths), sum(lengths)
    fewest, many = -(-total // most), -(-total // longest)
    counts = {round(fewest * (many / fewest) ** (step / (_TRIED - 1))) for step in range(_TRIED)}
    found: list[tuple[int, int]] = []
    for length in {most, *(min(most, max(longest, -(-total // count))) for count in counts)}:
        rows = pack(lengths, length)
        filled = max(sum(lengths[sequence] for sequence in row) for row in rows)
        found.append((len(rows) * filled, filled))
    return min(found)[1]
