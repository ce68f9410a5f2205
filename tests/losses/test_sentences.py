"""The contrast of sentences with their translations, beside its formula read out in loops."""

import math

import pytest
import torch
from hypothesis import given
from losses.drawn import Drawn, batches, unit
from losses.naive import sentences
from torch import Tensor

from isogloss.losses.sentences import SCALE, distance_loss, sentence_loss


@given(batches())
def test_is_its_formula(drawn: Drawn) -> None:
    found = sentence_loss(drawn.captions, drawn.owner, float(drawn.scale))
    total, floor = sentences(drawn.captions, drawn.owner.tolist(), float(drawn.scale))
    torch.testing.assert_close(found.total, total)
    assert float(found.floor) == pytest.approx(floor)
    assert float(found.total) >= float(found.floor) - 1e-9


@given(batches())
def test_the_floor_is_reached_by_translations_that_are_equal(drawn: Drawn) -> None:
    meanings = torch.eye(len(drawn.images), dtype=torch.float64)
    found = sentence_loss(meanings[drawn.owner], drawn.owner, 1000.0)
    assert float(found.total) == pytest.approx(float(found.floor), abs=1e-9)


def test_the_floor_of_pairs_is_0_and_of_triples_log_2() -> None:
    assert float(sentence_loss(unit(0, 4, 3), torch.tensor([0, 1, 0, 1])).floor) == 0
    triples = sentence_loss(unit(0, 6, 3), torch.tensor([0, 1, 0, 1, 0, 1]))
    assert float(triples.floor) == pytest.approx(math.log(2))
    assert not triples.floor.requires_grad


@given(batches())
def test_the_order_of_sentences_does_not_matter(drawn: Drawn) -> None:
    one = sentence_loss(drawn.captions, drawn.owner)
    other = sentence_loss(drawn.captions.flip(0), drawn.owner.flip(0))
    torch.testing.assert_close(one.total, other.total)
    torch.testing.assert_close(one.floor, other.floor)


@pytest.mark.parametrize("owner", [[0, 1, 0, 1, 2], [0, 0, 0, 1, 1], [0, 0], [0, 1, 2]])
def test_gradients(owner: list[int]) -> None:
    vectors = unit(3, len(owner), 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda rows: sentence_loss(rows, torch.tensor(owner)).total, (vectors,))


def gradient(vectors: Tensor, owner: list[int]) -> Tensor:
    vectors = vectors.clone().requires_grad_()
    sentence_loss(vectors, torch.tensor(owner), SCALE).total.backward()
    assert vectors.grad is not None
    return vectors.grad


@pytest.mark.parametrize("owner", [[0], [0, 1]])
def test_sentences_without_any_translation_teach_nothing(owner: list[int]) -> None:
    vectors = unit(4, len(owner), 3)
    assert float(sentence_loss(vectors, torch.tensor(owner)).total) == 0
    assert gradient(vectors, owner).equal(torch.zeros_like(vectors))


def test_the_distance_of_translations_is_the_mean_over_pairs() -> None:
    owner = [0, 0, 1, 2, 2, 4, 5]
    vectors = unit(5, len(owner), 4)
    wanted = [
        sum((float(a) - float(b)) ** 2 for a, b in zip(vectors[one], vectors[other], strict=True)) / 4
        for one, other in ((0, 1), (3, 4))
    ]
    found = distance_loss(vectors, torch.tensor(owner))
    assert float(found.total) == pytest.approx(sum(wanted) / 2)
    assert float(found.floor) == 0
    assert float(distance_loss(vectors, torch.arange(len(owner))).total) == 0
    assert torch.autograd.gradcheck(
        lambda rows: distance_loss(rows, torch.tensor(owner)).total, (vectors.requires_grad_(),)
    )
