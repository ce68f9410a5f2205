"""Noise and neighbours on what a language model reads, against plain loops."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isogloss.models import soft_words
from isogloss.models.soft_words import blended, noisy


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), chosen=st.integers(0, 2**30), most=st.floats(0.1, 3)
)
def test_noise_is_on_what_is_chosen_and_as_strong_within_a_conversation(
    lengths: list[int], chosen: int, most: float
) -> None:
    tokens, dim = sum(lengths), 4096
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    mask = torch.tensor([[bool(chosen >> place & 1) for place in range(tokens)]])
    torch.manual_seed(1)
    embeddings = torch.randn(1, tokens, dim) * torch.arange(1, tokens + 1)[None, :, None]
    changes = noisy(embeddings, positions, mask, most) - embeddings
    assert torch.equal(changes.any(dim=-1), mask)
    strengths = changes.square().mean(dim=-1).sqrt() / embeddings.square().mean(dim=-1).sqrt()
    for strength, noised in zip(strengths[0].split(lengths), mask[0].split(lengths), strict=True):
        found = strength[noised]
        if len(found):
            # The size of 4096 numbers is known to some per cent.
            torch.testing.assert_close(found, found.mean().expand(len(found)), rtol=0.1, atol=0)
            assert found.max() <= most * 1.1


def given_rows(lengths: list[int], chosen: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Embeddings, positions and what is chosen, of one row of conversations."""
    tokens = sum(lengths)
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    mask = torch.tensor([[bool(chosen >> place & 1) for place in range(tokens)]])
    return torch.randn(1, tokens, 3, generator=torch.Generator().manual_seed(2)), positions, mask


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 2**30), st.floats(0.1, 1))
def test_neighbours_are_blended_in_as_by_hand(lengths: list[int], chosen: int, most: float) -> None:
    embeddings, positions, mask = given_rows(lengths, chosen)
    shares = [torch.linspace(0.2, 1, len(lengths) + 1)[None], torch.zeros(1, len(lengths) + 1)]
    conversation = (positions == 0).cumsum(dim=1)
    with pytest.MonkeyPatch.context() as patched:
        drawn = iter([share.gather(1, conversation) for share in shares])
        patched.setattr(soft_words, "_drawn", lambda _: next(drawn))
        found = blended(embeddings, positions, mask, most)
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        share = most * float(shares[0][0, number + 1])
        for place in range(start, start + length):
            own = embeddings[0, place]
            wanted = own
            if mask[0, place]:
                beside = [
                    embeddings[0, other] if start <= other < start + length and mask[0, other] else own
                    for other in (place - 1, place + 1)
                ]
                wanted = (1 - share) * own + share * (beside[0] + beside[1]) / 2
            torch.testing.assert_close(found[0, place], wanted)


def test_about_half_of_the_conversations_stay_as_they_are() -> None:
    torch.manual_seed(0)
    embeddings, positions, mask = given_rows([4] * 500, 0)
    moved = (blended(embeddings, positions, ~mask, 1.0) != embeddings).any(dim=-1).view(500, 4).any(dim=1)
    assert 200 < int(moved.sum()) < 300
