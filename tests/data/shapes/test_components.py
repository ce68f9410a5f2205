"""Connected parts of masks, against a flood fill."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from isogloss.data.worlds.shapes.components import components


def flooded(mask: NDArray[np.bool_]) -> list[set[tuple[int, int]]]:
    """The parts by row of their first pixel, each as its pixels."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    parts: list[set[tuple[int, int]]] = []
    while left:
        part: set[tuple[int, int]] = set()
        waiting = [min(left)]
        while waiting:
            row, column = waiting.pop()
            if (row, column) in left:
                left.remove((row, column))
                part.add((row, column))
                waiting += [(row + down, column + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        parts.append(part)
    return parts


@st.composite
def masks(draw: st.DrawFn) -> NDArray[np.bool_]:
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return np.array(draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))).reshape(
        height, width
    )


@given(masks())
def test_parts_are_those_that_a_flood_fill_finds(mask: NDArray[np.bool_]) -> None:
    numbers = components(mask)
    found = [
        {(int(row), int(column)) for row, column in np.argwhere(numbers == part)}
        for part in range(1, numbers.max() + 1)
    ]
    assert found == flooded(mask)
    assert ((numbers != 0) == mask).all()


def test_arms_that_meet_below_are_one_part() -> None:
    mask = np.array([[1, 0, 1, 0, 1], [1, 0, 1, 0, 1], [1, 1, 1, 0, 0]], bool)
    assert components(mask).tolist() == [[1, 0, 1, 0, 2], [1, 0, 1, 0, 2], [1, 1, 1, 0, 0]]
