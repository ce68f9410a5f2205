"""The connected parts of a mask."""

import numpy as np
from numpy.typing import NDArray


def components(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the connected parts of a mask from 1 on, by row of their first pixel; 0 is where it is off.

    Pixels that touch at a corner are connected. The rows are taken as runs of pixels, of which pictures of few things
    have few.

    Args:
        mask: bool [height, width].

    Returns:
        int32 [height, width].
    """
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(padded, axis=1)
    rows, starts = (places.tolist() for places in np.nonzero(edges == 1))
    ends: list[int] = np.nonzero(edges == -1)[1].tolist()
    parents = list(range(len(rows)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    earlier = 0
    for run, row in enumerate(rows):
        while rows[earlier] < row - 1 or (rows[earlier] == row - 1 and ends[earlier] < starts[run]):
            earlier += 1
        above = earlier
        while rows[above] == row - 1 and starts[above] <= ends[run]:
            one, other = root(above), root(run)
            parents[max(one, other)] = min(one, other)
            above += 1
    numbers: dict[int, int] = {}
    labels = np.zeros(mask.shape, np.int32)
    for run, row in enumerate(rows):
        labels[row, starts[run] : ends[run]] = numbers.setdefault(root(run), len(numbers) + 1)
    return labels
