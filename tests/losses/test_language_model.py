"""Language modelling beside a naive one, and over two processes."""

import math
from pathlib import Path

import torch
import torch.multiprocessing as multiprocessing
from hypothesis import given
from hypothesis import strategies as st
from losses import two_writers
from torch import Tensor

from isogloss.data.chat_batch import IGNORED
from isogloss.data.next_tokens import next_tokens
from isogloss.losses.language_model import language_model_loss


def naive_loss(logits: Tensor, targets: Tensor) -> float:
    lost: list[float] = []
    for row, target in zip(logits.double().tolist(), targets.tolist(), strict=True):
        highest = max(row)
        lost.append(highest + math.log(sum(math.exp(value - highest) for value in row)) - row[target])
    return sum(lost) / len(lost) if lost else 0.0


@given(st.integers(0, 7), st.integers(1, 9), st.integers(0, 1000))
def test_equals_the_naive_loss(learnt: int, vocabulary: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 5 * torch.randn(learnt, vocabulary, generator=generator)
    targets = torch.randint(vocabulary, (learnt,), generator=generator)
    losses = language_model_loss(logits, targets)
    assert math.isclose(losses.total.item(), naive_loss(logits, targets), rel_tol=1e-4, abs_tol=1e-5)
    assert losses.floor.item() == 0


def test_gradients_are_those_of_the_loss() -> None:
    logits = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).float().requires_grad_()
    targets = torch.tensor([0, 3, 3, 1])
    language_model_loss(logits, targets).total.backward()
    assert logits.grad is not None
    for row in range(4):
        for column in range(5):
            shifted = logits.detach().double().repeat(2, 1, 1)
            shifted[0, row, column] += 1e-4
            shifted[1, row, column] -= 1e-4
            slope = (naive_loss(shifted[0], targets) - naive_loss(shifted[1], targets)) / 2e-4
            assert math.isclose(logits.grad[row, column].item(), slope, abs_tol=1e-5)


def test_bfloat16_is_summed_in_float32() -> None:
    logits = torch.randn(64, 50, generator=torch.Generator().manual_seed(0)).bfloat16()
    losses = language_model_loss(logits, torch.arange(64) % 50)
    assert losses.total.dtype == torch.float32
    assert math.isclose(losses.total.item(), naive_loss(logits.float(), torch.arange(64) % 50), rel_tol=1e-5)


def test_a_batch_that_teaches_nothing_has_a_gradient_of_nothing() -> None:
    weights = torch.ones(3, 4, requires_grad=True)
    total = language_model_loss(torch.empty(0, 3) @ weights, torch.empty(0, dtype=torch.int64)).total
    total.backward()
    assert total.item() == 0
    assert weights.grad is not None
    assert not weights.grad.any()


conversations = st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=5)


@given(st.lists(conversations, min_size=1, max_size=3))
def test_each_learnt_token_but_a_first_one_is_learnt_from_the_one_before_it(rows: list[list[list[bool]]]) -> None:
    longest = max(sum(map(len, row)) for row in rows)
    labels = torch.full((len(rows), longest), IGNORED)
    position_ids = torch.zeros(len(rows), longest, dtype=torch.int64)
    places: list[tuple[int, int]] = []
    wanted: list[int] = []
    for number, row in enumerate(rows):
        start = 0
        for conversation in row:
            for place, learnt in enumerate(conversation):
                position_ids[number, start + place] = place
                if learnt:
                    labels[number, start + place] = 100 * number + start + place
                if learnt and place:
                    places.append((number, start + place - 1))
                    wanted.append(100 * number + start + place)
            start += len(conversation)
        position_ids[number, start:] = torch.arange(longest - start)
    learnt, targets = next_tokens(labels, position_ids)
    assert [tuple(place) for place in learnt.nonzero().tolist()] == places
    assert targets.tolist() == wanted


def test_without_positions_a_row_is_one_conversation() -> None:
    learnt, targets = next_tokens(torch.tensor([[7, IGNORED, 8, 9]]))
    assert learnt.tolist() == [[False, True, True, False]]
    assert targets.tolist() == [8, 9]


def test_two_processes_give_each_learnt_token_the_same_weight(tmp_path: Path) -> None:
    """As of one process that has all tokens, though one of them has three times as many as the other."""
    multiprocessing.spawn(two_writers.work, args=(str(tmp_path),), nprocs=2)  # pyright: ignore[reportPrivateImportUsage]
    found = [torch.load(tmp_path / f"{process}.pt") for process in range(2)]
    alone = two_writers.step(two_writers.writer(), *two_writers.part(None))
    for one in found:
        torch.testing.assert_close(one, alone)
