"""How much of a scene a reply gets right, word by word, in the world of shapes."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from isogloss.data.worlds.shapes.sentence_oracle import attributes_right
from isogloss.data.worlds.shapes.world import scene_of_picture


def attributes(keys: Sequence[str], language: str, replies: Sequence[str]) -> Float[np.ndarray, " reply"]:
    """The share of a scene's attributes (colours, shapes, sizes, numbers, the relation) that each reply gets right.

    Args:
        keys: of the pictures that the replies describe.
        language: that the replies should be in; words of another one count as wrong.
        replies: one for each key.

    Raises:
        UserError: the shapes world does not speak the language.
        ValueError: a key is that of no such picture.
    """
    right = [
        attributes_right(scene_of_picture(key), reply, language).values()
        for key, reply in zip(keys, replies, strict=True)
    ]
    return np.array([sum(each) / len(each) for each in right], dtype=np.float64)
