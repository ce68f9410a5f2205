"""Whether a reply says exactly what was expected."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import regex
from jaxtyping import Bool

# What may end a sentence in any script (Unicode's Sentence_Terminal), with white space around it.
_ENDS = regex.compile(r"[\s\p{Sentence_Terminal}]+$")


def normalised(text: str, *, fold_case: bool = False) -> str:
    """A text in NFC, without white space around it and without the punctuation that ends a sentence.

    >>> normalised(" 赤い円。 "), normalised("Yes!", fold_case=True)
    ('赤い円', 'yes')

    Args:
        text: in any normal form.
        fold_case: whether capitals are as small letters.
    """
    plain = _ENDS.sub("", unicodedata.normalize("NFC", text)).lstrip()
    return unicodedata.normalize("NFC", plain.casefold()) if fold_case else plain


def exact(
    replies: Sequence[str], references: Sequence[Sequence[str]], *, fold_case: bool = False
) -> Bool[np.ndarray, " reply"]:
    """Which replies are one of their references, both normalised.

    Args:
        replies: one for each row.
        references: of each reply, whatever is right.
        fold_case: whether capitals are as small letters.

    Raises:
        ValueError: there are not as many sets of references as replies.
    """
    return np.fromiter(
        (
            normalised(reply, fold_case=fold_case) in {normalised(one, fold_case=fold_case) for one in each}
            for reply, each in zip(replies, references, strict=True)
        ),
        dtype=bool,
        count=len(replies),
    )
