"""chrF: an F-score of character n-grams (Popović 2015), by sacrebleu."""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from isogloss.errors import UserError

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF


def chrf(
    replies: Sequence[str], references: Sequence[Sequence[str]], *, word_order: int = 0
) -> Float[np.ndarray, " reply"]:
    """chrF of each reply against its nearest reference, from 0 to 100.

    Args:
        replies: in NFC or not.
        references: of each reply, one or several.
        word_order: 0 for chrF, which means the same in all languages; 2 for chrF++ (Popović 2017), which counts words
            between spaces too and so means little where there are none.

    Raises:
        UserError: sacrebleu is not installed.
    """
    metric = _metric(word_order)
    return np.array(
        [
            metric.sentence_score(_composed(reply), [_composed(one) for one in each]).score
            for reply, each in zip(replies, references, strict=True)
        ]
    )


def corpus_chrf(replies: Sequence[str], references: Sequence[Sequence[str]], *, word_order: int = 0) -> float:
    """chrF of all replies as one text, which is what papers report as chrF; no mean of the replies' own.

    Raises:
        UserError: sacrebleu is not installed.
    """
    most = max(map(len, references))
    # sacrebleu takes one list for the first references, one for the second, …, and leaves out what is None.
    streams: Any = [[_composed(each[at]) if at < len(each) else None for each in references] for at in range(most)]
    return float(_metric(word_order).corpus_score([_composed(reply) for reply in replies], streams).score)


def chrf_signature(*, word_order: int = 0) -> str:
    """sacrebleu's own name for what it computed, its version included.

    Raises:
        UserError: sacrebleu is not installed.
    """
    metric = _metric(word_order)
    metric.corpus_score(["a"], [["a"]])
    return f"chrF2{'+' * word_order}|{metric.get_signature().format()}"


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _metric(word_order: int) -> "CHRF":
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise UserError('chrF is computed by sacrebleu; install it with `pip install "isogloss[chat]"`.') from None
    return CHRF(word_order=word_order)
