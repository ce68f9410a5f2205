"""chrF against a naive count of character n-grams."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.chrf import chrf, chrf_signature, corpus_chrf

text = st.text("abc dあい", max_size=12)


def naive_counts(reply: str, reference: str) -> list[tuple[int, int, int]]:
    """Of n-grams of 1 to 6 characters without white space: the reply's, the reference's, and those they share."""
    one, other = "".join(reply.split()), "".join(reference.split())
    counts: list[tuple[int, int, int]] = []
    for size in range(1, 7):
        own = Counter(one[at : at + size] for at in range(len(one) - size + 1))
        theirs = Counter(other[at : at + size] for at in range(len(other) - size + 1))
        # sacrebleu leaves out an order that the reference is too short for.
        counts.append((own.total() if theirs else 0, theirs.total(), (own & theirs).total()))
    return counts


def naive_f2(counts: list[tuple[int, int, int]]) -> float:
    """The mean of precision and of recall over the orders that both have, and F with recall counting twice."""
    both = [(shared / own, shared / theirs) for own, theirs, shared in counts if own and theirs]
    if not both:
        return 0.0
    precision, recall = (sum(values) / len(both) for values in zip(*both, strict=True))
    return 100 * 5 * precision * recall / (4 * precision + recall) if precision + recall else 0.0


@given(st.lists(st.tuples(text, text), min_size=1, max_size=5))
def test_chrf_is_that_of_a_naive_count(pairs: list[tuple[str, str]]) -> None:
    replies, references = [reply for reply, _ in pairs], [[reference] for _, reference in pairs]
    counted = [naive_counts(reply, reference) for reply, reference in pairs]
    assert chrf(replies, references) == pytest.approx([naive_f2(counts) for counts in counted], abs=1e-9)
    orders = [zip(*order, strict=True) for order in zip(*counted, strict=True)]
    sums = [(sum(own), sum(theirs), sum(shared)) for own, theirs, shared in orders]
    assert corpus_chrf(replies, references) == pytest.approx(naive_f2(sums), abs=1e-9)


def test_the_nearest_reference_counts_and_they_may_be_of_different_number() -> None:
    replies, references = ["a red circle", "deux cœurs"], [["two stars", "a red circle"], ["deux cœurs"]]
    assert chrf(replies, references) == pytest.approx([100, 100])
    assert corpus_chrf(replies, references) == pytest.approx(100)


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert chrf(["cœur e\u0301toile"], [["cœur étoile"]])[0] == pytest.approx(100)


def test_words_count_too_where_they_are_asked_for() -> None:
    replies, references = ["red circle a"], [["a red circle"]]
    assert chrf(replies, references, word_order=2)[0] != pytest.approx(chrf(replies, references)[0])
    assert chrf_signature().startswith("chrF2|") and "nw:0" in chrf_signature()
    assert chrf_signature(word_order=2).startswith("chrF2++|") and "version:" in chrf_signature()


def test_an_empty_reply_has_nothing() -> None:
    assert chrf([""], [["a red circle"]]).tolist() == [0.0]
