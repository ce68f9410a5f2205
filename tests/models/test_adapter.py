"""Adapters beside naive ones, and what padding and dropped prompts are to them."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from models.tiny_chat import shaken
from torch import Tensor

from isogloss.errors import UserError
from isogloss.models.adapter import KINDS, Adapter, build_adapter

TEXT, DIM, QUERIES = 6, 8, 3


def made(kind: str, **fields: object) -> object:
    return shaken(build_adapter(Adapter(kind, queries=QUERIES, **fields), TEXT, DIM))  # type: ignore[arg-type]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def naive(kind: str, part: dict[str, Tensor], states: Tensor, length: int) -> list[Tensor]:
    """What one prompt gives, place by place, without any padding."""

    def norm(value: Tensor, name: str) -> Tensor:
        centred = value - value.mean()
        return centred / (centred.square().mean() + 1e-5).sqrt() * part[f"{name}.weight"] + part[f"{name}.bias"]

    token = [
        norm(part["token.0.weight"] @ s + part["token.0.bias"], "token.1")
        for s in states[:length]
        if "token.0.weight" in part
    ]
    if kind == "tokens":
        return token
    if kind in ("sentence", "both"):
        wide = part["sentence.weight"] @ states[0] + part["sentence.bias"]
        spread = [norm(wide[DIM * query : DIM * (query + 1)], "sentence_norm") for query in range(QUERIES)]
        return spread + token[1:]
    query, key, value = part["attention.in_proj_weight"].split(DIM)
    of_query, of_key, of_value = part["attention.in_proj_bias"].split(DIM)
    found: list[Tensor] = []
    for slot in part["query"]:
        asked = query @ slot + of_query
        shares = F.softmax(torch.stack([asked @ (key @ t + of_key) for t in token]) / DIM**0.5, dim=0)
        mixed = sum(share * (value @ t + of_value) for share, t in zip(shares, token, strict=True))
        assert isinstance(mixed, Tensor)
        found.append(
            norm(slot + part["attention.out_proj.weight"] @ mixed + part["attention.out_proj.bias"], "slot_norm")
        )
    return found


@given(
    kind=st.sampled_from(KINDS), lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3), seed=st.integers(0, 99)
)
def test_adapters_equal_naive_ones_whatever_the_padding_holds(kind: str, lengths: list[int], seed: int) -> None:
    adapter = made(kind)
    longest = 1 if kind == "sentence" else max(lengths)
    states = drawn(len(lengths), longest, TEXT, seed=seed)
    lengths = [min(length, longest) for length in lengths]
    mask = torch.tensor([[int(place < length) for place in range(longest)] for length in lengths])
    with torch.no_grad():
        places, there = adapter(states, mask)  # type: ignore[operator]
        part = dict(adapter.state_dict())  # type: ignore[attr-defined]
        for prompt, length in enumerate(lengths):
            wanted = naive(kind, part, states[prompt], length)
            assert there[prompt].sum() == len(wanted)
            assert there[prompt][: len(wanted)].all()
            torch.testing.assert_close(places[prompt, : len(wanted)], torch.stack(wanted), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_dropped_prompts_are_the_empty_one_and_others_are_as_they_were(kind: str) -> None:
    adapter = made(kind)
    states, mask = (
        drawn(3, 1 if kind == "sentence" else 5, TEXT),
        torch.ones(3, 1 if kind == "sentence" else 5, dtype=torch.int64),
    )
    with torch.no_grad():
        places, there = adapter(states, mask)  # type: ignore[operator]
        dropped, dropped_there = adapter(states, mask, torch.tensor([False, True, False]))  # type: ignore[operator]
        empty, empty_there = adapter.nothing(1)  # type: ignore[attr-defined]
    assert empty.shape == (1, 1 if kind == "tokens" else QUERIES, DIM)
    assert dropped[1][dropped_there[1] == 1].equal(empty[0])
    assert dropped_there[1].sum() == empty_there.sum()
    for kept in (0, 2):
        assert dropped[kept].equal(places[kept]) and dropped_there[kept].equal(there[kept])


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_of_an_adapter_learns(kind: str) -> None:
    adapter = made(kind)
    places, there = adapter(
        drawn(4, 5, TEXT), torch.ones(4, 5, dtype=torch.int64), torch.tensor([True, False, False, False])
    )  # type: ignore[operator]
    (places * there[..., None] * drawn(*places.shape, seed=1)).sum().backward()
    for name, value in adapter.named_parameters():  # type: ignore[attr-defined]
        assert value.grad is not None, name
        # A bias of all keys alike shifts every score by the same amount.
        assert value.grad.abs().sum() > 0, name


def test_states_that_are_left_as_they_are() -> None:
    adapter = build_adapter(Adapter(projected=False, empty="encoded"), DIM, DIM)
    states, mask = drawn(2, 3, DIM), torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert not list(adapter.parameters())
    assert adapter(states, mask)[0].equal(states) and adapter(states, mask)[1].equal(mask)
    with pytest.raises(
        UserError, match="states are 6 wide and the UNet's cross attention reads 8; set adapter.projected"
    ):
        build_adapter(Adapter(projected=False), TEXT, DIM)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "token"}, "There is no kind of adapter 'token'; did you mean 'tokens'?"),
        ({"empty": "none"}, "There is no empty prompt 'none'"),
        ({"queries": 0}, "queries is 0; give a whole number of at least 1, such as 8."),
        ({"kind": "slots", "projected": False}, "projected is false, which an adapter of slots cannot be;"),
    ],
)
def test_what_no_adapter_is(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        Adapter(**fields)  # type: ignore[arg-type]
    assert sentence in str(told.value)
