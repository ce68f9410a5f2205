"""Scenes for tests: by key for hypothesis, and many at once."""

from functools import cache
from random import Random

from hypothesis import strategies as st

from isogloss.data.worlds.shapes.scene import (
    COLOURS,
    MOST_ALONE,
    MOST_BESIDE,
    RELATIONS,
    SHAPES,
    SIZES,
    Scene,
    every_group,
)


def _groups(most: int) -> st.SearchStrategy[str]:
    parts = st.tuples(
        st.integers(1, most).map(str), st.sampled_from(SIZES), st.sampled_from(COLOURS), st.sampled_from(SHAPES)
    )
    return parts.map("-".join)


_PAIRS = st.tuples(_groups(MOST_BESIDE), st.sampled_from(RELATIONS), _groups(MOST_BESIDE)).filter(
    lambda parts: parts[0].split("-")[2:] != parts[2].split("-")[2:]
)

# The keys of scenes.
KEYS = st.one_of(_groups(MOST_ALONE), _PAIRS.map(".".join))


@cache
def some_scenes(count: int = 3_000) -> list[Scene]:
    """Distinct scenes of two groups, always the same ones."""
    random = Random(0)
    found: set[Scene] = set()
    groups = every_group(MOST_BESIDE)
    while len(found) < count:
        first, second = random.sample(groups, 2)
        if (first.colour, first.shape) != (second.colour, second.shape):
            found.add(Scene((first, second), random.choice(RELATIONS)))
    return sorted(found)
