"""Packing: sequences of different lengths in as few rows of one length as can be had quickly."""

from bisect import bisect_left, insort
from collections.abc import Sequence


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
