"""Whether a translation means what its source means, by any multilingual sentence encoder."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import UserError
from isogloss.models.hub import place

# Captions encoded between two reports of progress; the encoder makes its batches of them by itself.
PART = 4_096


def similarities(
    sources: Sequence[str], texts: Sequence[str], encoder: str, advance: Callable[[int], None] = lambda count: None
) -> NDArray[np.float64]:
    """The cosine between each source and its translation: [caption], in -1…1.

    Args:
        sources, texts: aligned.
        encoder: a name or a folder that sentence-transformers loads, such as "sentence-transformers/LaBSE".
        advance: called with each further number of captions.

    Raises:
        UserError: sentence-transformers is not installed, or the encoder cannot be loaded.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise UserError(
            "The check of meaning needs sentence-transformers: install it with `pip install sentence-transformers`."
        ) from None
    try:
        model = SentenceTransformer(place(encoder))
    except (OSError, ValueError) as error:
        raise UserError(
            f"The sentence encoder '{encoder}' cannot be loaded: {str(error).splitlines()[0]} Give the folder of one, "
            "or the name of one on the Hub that this machine reaches or has in its cache."
        ) from error
    found = np.zeros(len(sources))
    for first in range(0, len(sources), PART):
        last = min(first + PART, len(sources))
        left, right = (
            np.asarray(
                model.encode(list(side[first:last]), normalize_embeddings=True, show_progress_bar=False), np.float64
            )
            for side in (sources, texts)
        )
        found[first:last] = (left * right).sum(axis=1)
        advance(last - first)
    return found
