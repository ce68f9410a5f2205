"""CIDEr: how much of what people agree on a caption says (Vedantam, Zitnick & Parikh, arXiv 1411.5726)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

# Of n-grams, and of the penalty for a difference in length: the values of CIDEr-D.
LONGEST, SIGMA = 4, 6.0

_Grams = Counter[tuple[str, ...]]


def cider(
    replies: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]
) -> Float[np.ndarray, " reply"]:
    """CIDEr-D of each reply, as pycocoevalcap's `cider` computes it; a corpus's figure is the mean.

    With g_n(s) the counts of the n-grams of s, each times log(pictures / pictures whose references have it), and
    l(s) the number of s's bigrams,

        CIDEr-D(c) = 10/4 · Σ_n mean_r [min(g_n(c), g_n(r)) · g_n(r) / (|g_n(c)| |g_n(r)|)] · exp(-(l(c) - l(r))² / 2σ²).

    The penalty for length counts bigrams as that program does, where the paper counts words: the two differ for
    captions of no word at all. The weights come from these references, so figures of other sets of pictures, or of
    other ways to make words, do not compare.

    Args:
        replies: the words of each.
        references: of each reply, the words of one caption or several.

    Returns:
        From 0 to 10. All are 0 where there is one picture only, whose words tell it from no other.

    Raises:
        ValueError: there is no reply, a reply without references, or their numbers differ.
    """
    if len(replies) != len(references) or not replies or not all(references):
        raise ValueError(f"{len(replies)} replies for {len(references)} sets of references, none of which may be empty")
    counted = [[_grams(reference) for reference in each] for each in references]
    found = Counter(gram for each in counted for gram in set[tuple[str, ...]]().union(*each))
    log_pictures = float(np.log(len(references)))
    rarity = {gram: log_pictures - float(np.log(number)) for gram, number in found.items()}
    scores = np.zeros(len(replies))
    for row, (reply, each) in enumerate(zip(replies, counted, strict=True)):
        own = _weigh(_grams(reply), rarity, log_pictures)
        scores[row] = np.mean([_likeness(own, _weigh(reference, rarity, log_pictures)) for reference in each])
    return 10 * scores


def _grams(words: Sequence[str]) -> _Grams:
    return Counter(
        tuple(words[at : at + size]) for size in range(1, LONGEST + 1) for at in range(len(words) - size + 1)
    )


_Weighed = tuple[dict[tuple[str, ...], float], np.ndarray, int]


def _weigh(grams: _Grams, rarity: dict[tuple[str, ...], float], unseen: float) -> _Weighed:
    """The weight of each n-gram, the length of the vector of each n, and the number of bigrams."""
    weights = {gram: count * rarity.get(gram, unseen) for gram, count in grams.items()}
    squares = np.zeros(LONGEST)
    for gram, weight in weights.items():
        squares[len(gram) - 1] += weight**2
    return weights, np.sqrt(squares), sum(count for gram, count in grams.items() if len(gram) == 2)


def _likeness(reply: _Weighed, reference: _Weighed) -> float:
    """The mean over n of the clipped cosine, times the penalty for length."""
    (own, own_norms, own_length), (other, other_norms, other_length) = reply, reference
    products = np.zeros(LONGEST)
    for gram, weight in own.items():
        there = other.get(gram, 0.0)
        products[len(gram) - 1] += min(weight, there) * there
    norms = own_norms * other_norms
    cosines = np.divide(products, norms, out=np.zeros(LONGEST), where=norms > 0)
    return float(cosines.mean() * np.exp(-((own_length - other_length) ** 2) / (2 * SIGMA**2)))
