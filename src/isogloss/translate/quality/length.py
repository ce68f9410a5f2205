"""Translations far longer or shorter than those of the same pair of languages are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The spread depends on the length of the source, so it is taken among captions of like length. Quartiles of a hundred
# are known to about a tenth.
ROWS_PER_BIN = 100
BINS = 30
# No pair of languages is so regular that the ratio's quartiles lie closer; captions by a grammar may be.
LEAST_QUARTILE = 0.08
# Characters of a source from which on a deviation counts in full: of shorter ones, human translations scatter far more
# at the ends than in the middle ("water closet": "wc"). Chosen such that no language loses more than 0.7 % of its emoji
# names, which leaves room for chance up to 1 %.
LONG = 45


def length_deviations(sources: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
    """How far each ratio of lengths is from its pair's median: [caption], in quartile distances; 0 if captions are few.

    The logarithm of characters over the source's characters, minus the median among captions whose sources are about
    as long, over the distance of the quartile on that side. Medians and quartiles bear up to a quarter of bad
    translations. For a normal distribution, 4.2 is 2.8 standard deviations. Those of sources shorter than `LONG` are made
    smaller by the square of the share.
    """
    if len(sources) < ROWS_PER_BIN:
        return np.zeros(len(sources))
    source = np.array([len(text) for text in sources], dtype=np.float64)
    ratio = np.log(np.array([len(text) for text in texts]) + 1.0) - np.log(source + 1.0)
    deviation = np.zeros(len(sources))
    order = np.argsort(source, kind="stable")
    for rows in np.array_split(order, min(BINS, len(order) // ROWS_PER_BIN)):
        low, middle, high = np.percentile(ratio[rows], (25, 50, 75))
        above = ratio[rows] - middle
        scale = np.where(above < 0, middle - low, high - middle)
        deviation[rows] = above / np.maximum(scale, LEAST_QUARTILE)
    return deviation * np.minimum(1.0, source / LONG) ** 2
