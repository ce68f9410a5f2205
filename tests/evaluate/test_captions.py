"""CIDEr against a naive reading of the paper, and against the figures of pycocoevalcap."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.captions import cider

Captions = list[list[str]]

# Replies and their references, and what pycocoevalcap 1.2 (CiderScorer, n=4, sigma=6) gives them.
PUBLISHED = [
    ("a red circle above a blue square", ["a red circle above a blue square"]),
    (
        "a red red red circle",
        ["a red circle left of a star", "one red circle beside a star", "a circle and a star"],
    ),
    ("two hearts", ["two small green hearts", "two green hearts"]),
    ("", ["a black cross"]),
    ("a cross", ["cross"]),
    (
        "a blue square below a red circle and much more that nobody asked for here",
        ["a red circle above a blue square", "a blue square under a circle"],
    ),
]
SCORES = [10.0, 0.4565194144530866, 1.8426613676244965, 0.0, 2.3130141690000783, 0.5136178783251901]


def naive_cider(replies: Captions, references: list[Captions]) -> list[float]:
    """Equations 1 to 4 of the paper with the clipping, the penalty and the factor of CIDEr-D, term by term."""

    def grams(caption: list[str], size: int) -> list[tuple[str, ...]]:
        return list(zip(*(caption[at:] for at in range(size)), strict=False))

    def weight(gram: tuple[str, ...], caption: list[str]) -> float:
        pictures = sum(any(gram in grams(one, len(gram)) for one in each) for each in references)
        return grams(caption, len(gram)).count(gram) * math.log(len(references) / max(1, pictures))

    def norm(caption: list[str], size: int) -> float:
        return math.sqrt(sum(weight(gram, caption) ** 2 for gram in set(grams(caption, size))))

    scores: list[float] = []
    for reply, each in zip(replies, references, strict=True):
        total = 0.0
        for size in (1, 2, 3, 4):
            for one in each:
                product = sum(
                    min(weight(gram, reply), weight(gram, one)) * weight(gram, one) for gram in set(grams(reply, size))
                )
                norms = norm(reply, size) * norm(one, size)
                difference = len(grams(reply, 2)) - len(grams(one, 2))
                total += (product / norms if norms else 0.0) * math.exp(-(difference**2) / (2 * 6.0**2)) / len(each)
        scores.append(10 * total / 4)
    return scores


caption = st.lists(st.sampled_from("abcde"), max_size=7)
corpora = st.lists(st.tuples(caption, st.lists(caption, min_size=1, max_size=3)), min_size=1, max_size=5)


@given(corpora)
def test_a_naive_reading_of_the_paper_gives_the_same(corpus: list[tuple[list[str], Captions]]) -> None:
    replies, references = [reply for reply, _ in corpus], [each for _, each in corpus]
    assert cider(replies, references) == pytest.approx(naive_cider(replies, references), abs=1e-9)


def test_the_figures_are_those_of_pycocoevalcap() -> None:
    found = cider([reply.split() for reply, _ in PUBLISHED], [[one.split() for one in each] for _, each in PUBLISHED])
    assert found == pytest.approx(SCORES, abs=1e-12)


@given(corpora, st.randoms(use_true_random=False))
def test_the_order_of_pictures_is_all_the_same(corpus: list[tuple[list[str], Captions]], chance: random.Random) -> None:
    found = cider([reply for reply, _ in corpus], [each for _, each in corpus])
    order = list(range(len(corpus)))
    chance.shuffle(order)
    shuffled = cider([corpus[row][0] for row in order], [corpus[row][1] for row in order])
    assert shuffled == pytest.approx(found[order], abs=1e-9)
    assert (found >= 0).all() and (found <= 10 + 1e-9).all()


def test_the_reference_itself_has_ten_and_another_pictures_words_have_nothing() -> None:
    captions = [["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"], ["k", "l", "m", "n"]]
    references = [[each] for each in captions]
    assert cider(captions, references) == pytest.approx([10, 10, 10])
    assert cider(captions[1:] + captions[:1], references) == pytest.approx([0, 0, 0])


def test_words_that_all_pictures_have_say_nothing() -> None:
    references = [[["the", "thing", "a"]], [["the", "thing", "b"]]]
    assert cider([["the", "thing"], ["b"]], references)[0] == 0


def test_one_picture_has_nothing_to_be_told_from() -> None:
    assert cider([["a", "red", "circle"]], [[["a", "red", "circle"]]]).tolist() == [0.0]


def test_replies_without_references_are_refused() -> None:
    for replies, references in (([], []), ([["a"]], []), ([["a"]], [[]])):
        with pytest.raises(ValueError, match="sets of references, none of which may be empty"):
            cider(replies, references)


def test_a_reply_that_repeats_itself_gains_nothing() -> None:
    """The clipping and the penalty for length are what CIDEr-D has beyond CIDEr."""
    references = [[["a", "red", "circle"]], [["a", "blue", "square"]], [["two", "hearts"]]]
    once, often = (["a", "red", "circle"], ["red", "red", "red", "red", "red", "red", "circle"])
    rest: Captions = [["x"], ["y"]]
    assert cider([often, *rest], references)[0] < 0.5 * cider([once, *rest], references)[0]
    assert np.isfinite(cider([often * 50, *rest], references)).all()
