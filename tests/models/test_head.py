"""A head reads the places that it is to read, and all of them again afterwards."""

import pytest
import torch
from torch import nn

from isogloss.models.head import read_alone


def test_only_the_places_named_are_read_and_learnt_from() -> None:
    head, states = nn.Linear(3, 5), torch.randn(2, 4, 3, requires_grad=True)
    places = torch.zeros(2, 4, dtype=torch.bool)
    places[0, 1] = places[1, 0] = places[1, 3] = True
    with read_alone(head, places):
        read = head(states)
    torch.testing.assert_close(read, torch.stack([head(states)[0, 1], head(states)[1, 0], head(states)[1, 3]]))
    read.sum().backward()
    assert states.grad is not None and states.grad.any(-1).equal(places)


def test_a_failure_leaves_the_head_as_it_was() -> None:
    head, states = nn.Linear(3, 5), torch.randn(2, 4, 3)
    with pytest.raises(IndexError), read_alone(head, torch.ones(7, 7, dtype=torch.bool)):
        head(states)
    assert head(states).shape == (2, 4, 5)


def test_nothing_is_changed_without_places_or_without_a_head() -> None:
    head, states = nn.Linear(3, 5), torch.randn(2, 4, 3)
    for one, places in ((head, None), (None, torch.zeros(2, 4, dtype=torch.bool))):
        with read_alone(one, places):
            assert head(states).shape == (2, 4, 5)
