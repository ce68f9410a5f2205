"""Texts of like length together, as many as a processor or GPU does well with, and how long a translation may grow."""

from collections.abc import Sequence

# Translations of captions are rarely over twice as many pieces as the source, which itself is seldom over twenty; a
# model that loops stops here and not at the 200 or 256 steps that models and libraries have as their own limit.
GROWTH, ROOM = 3, 20
# Of the source; the positions that Marian has, the fewest of the families, less its end.
LONGEST = 510


def limit(pieces: int, growth: int = GROWTH) -> int:
    """The most pieces that the translation of so many may have."""
    return min(LONGEST, growth * pieces + ROOM)


def batches(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """The places of the texts in batches, longest first, such that none has more than `tokens`, padding included.

    A text that is longer than that by itself is a batch of its own.

    >>> batches([2, 9, 3, 2], tokens=10)
    [[1], [2, 0, 3]]
    """
    rows: list[list[int]] = []
    widest = 0
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if not rows or (len(rows[-1]) + 1) * widest > tokens:
            rows.append([])
            widest = max(1, lengths[place])
        rows[-1].append(place)
    return rows
