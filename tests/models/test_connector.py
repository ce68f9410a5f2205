"""Connectors and reductions beside naive ones."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from models.tiny_chat import shaken
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

from isogloss.errors import UserError
from isogloss.models.connector import (
    MLP,
    Connector,
    Resampler,
    average_pool,
    build_connector,
    pixel_shuffle,
    positions,
    reduced,
)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_mlp_is_llavas_projector() -> None:
    config = LlavaConfig(vision_config=CLIPVisionConfig(hidden_size=24), text_config=LlamaConfig(hidden_size=32))
    theirs, ours = shaken(LlavaMultiModalProjector(config)), MLP(24, 32)
    ours.load_state_dict(theirs.state_dict())  # under the same names
    states = drawn(3, 5, 24)
    assert ours(states).equal(theirs(states))


@given(fewer=st.integers(1, 4), factor=st.integers(1, 3), width=st.integers(1, 3), images=st.integers(1, 3))
def test_reductions_equal_naive_ones(fewer: int, factor: int, width: int, images: int) -> None:
    side = fewer * factor
    states = drawn(images, side * side, width)
    shuffled, mean = pixel_shuffle(states, factor), average_pool(states, factor)
    assert shuffled.shape == (images, fewer * fewer, factor * factor * width)
    for image in range(images):
        for row in range(fewer):
            for column in range(fewer):
                square = [
                    states[image, (row * factor + down) * side + column * factor + right]
                    for down in range(factor)
                    for right in range(factor)
                ]
                assert shuffled[image, row * fewer + column].equal(torch.cat(square))
                torch.testing.assert_close(mean[image, row * fewer + column], torch.stack(square).mean(dim=0))


def naive_positions(grid: int, span: int, dim: int) -> list[list[float]]:
    waves = dim // 4
    table: list[list[float]] = []
    for row in range(grid):
        for column in range(grid):
            told: list[float] = []
            for place in (row, column):
                where = (place + 0.5) * span / grid
                angles = [where / 10_000 ** (wave / waves) for wave in range(waves)]
                told += [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
            table.append(told + [0.0] * (dim - 4 * waves))
    return table


@pytest.mark.parametrize(("grid", "span", "dim"), [(3, 3, 8), (4, 2, 10), (1, 8, 7), (2, 5, 3)])
def test_positions_equal_naive_ones(grid: int, span: int, dim: int) -> None:
    wanted = torch.tensor(naive_positions(grid, span, dim)).reshape(grid * grid, dim)
    torch.testing.assert_close(positions(grid, span, dim), wanted)


def test_positions_of_one_place_agree_whatever_the_raster() -> None:
    """The middle square of three by three is where the middle of five by five is."""
    assert torch.equal(positions(3, 8, 16)[4], positions(5, 8, 16)[12])


def naive_resampler(model: Resampler, states: Tensor, prefix: int, heads: int) -> Tensor:
    """Head after head, query after query, in float64."""
    part = {name: value.double() for name, value in model.state_dict().items()}
    queries, dim = part["query"].shape
    width = dim // heads
    layer_norm = lambda value, name: F.layer_norm(value, (dim,), part[f"{name}.weight"], part[f"{name}.bias"])  # noqa: E731
    side = math.isqrt(queries)
    at_queries = torch.tensor(naive_positions(side, side, dim)).double()
    at_patches = torch.tensor(naive_positions(math.isqrt(states.shape[1] - prefix), side, dim)).double()
    weights, biases = part["attention.in_proj_weight"].split(dim), part["attention.in_proj_bias"].split(dim)
    images: list[Tensor] = []
    for image in states.double():
        read = layer_norm(image @ part["read.weight"].T, "state_norm")
        keys = read.clone()
        keys[prefix:] += at_patches
        asked = layer_norm(part["query"], "query_norm") + at_queries
        q, k, v = (
            value @ weight.T + bias for value, weight, bias in zip((asked, keys, read), weights, biases, strict=True)
        )
        found = torch.zeros(queries, dim, dtype=torch.float64)
        for head in range(heads):
            own = slice(head * width, (head + 1) * width)
            for query in range(queries):
                shares = torch.softmax(k[:, own] @ q[query, own] / math.sqrt(width), dim=0)
                found[query, own] = (shares[:, None] * v[:, own]).sum(dim=0)
        found = found @ part["attention.out_proj.weight"].T + part["attention.out_proj.bias"]
        images.append(layer_norm(found, "norm") @ part["write.weight"].T)
    return torch.stack(images)


@pytest.mark.parametrize(
    ("queries", "patches", "prefix", "dim", "heads"), [(4, 9, 0, 12, 1), (9, 16, 1, 256, 2), (1, 4, 5, 130, 1)]
)
def test_the_resampler_equals_a_naive_one(queries: int, patches: int, prefix: int, dim: int, heads: int) -> None:
    model = shaken(Resampler(6, dim, queries, prefix))
    torch.nn.init.normal_(model.query)
    states = drawn(2, prefix + patches, 6)
    assert model.attention.num_heads == heads
    torch.testing.assert_close(
        model(states).double(), naive_resampler(model, states, prefix, heads), rtol=1e-4, atol=1e-4
    )


def test_the_resampler_knows_where_patches_are() -> None:
    """Two patches that change places change what is read; two states before the patches do not."""
    model, states = shaken(Resampler(6, 16, 4, prefix=2)), drawn(1, 2 + 9, 6)
    order = torch.arange(11)
    order[[0, 1]] = torch.tensor([1, 0])
    torch.testing.assert_close(model(states[:, order]), model(states))
    order[[3, 7]] = torch.tensor([7, 3])
    assert not torch.allclose(model(states[:, order]), model(states), atol=1e-3)


def test_what_a_connector_makes_of_a_picture() -> None:
    assert reduced(257, 1, 10, Connector()) == (257, 10)
    assert reduced(256, 0, 10, Connector(reduction="pixel_shuffle", factor=4)) == (16, 160)
    assert reduced(256, 0, 10, Connector(reduction="average", factor=2)) == (64, 10)
    assert isinstance(build_connector(Connector(), 0, 10, 12), MLP)
    resampler = build_connector(Connector("resampler", queries=16), 1, 10, 12)
    assert resampler(drawn(2, 26, 10)).shape == (2, 16, 12)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "perceiver"}, "There is no connector 'perceiver'; choose mlp or resampler."),
        ({"reduction": "max"}, "There is no reduction 'max'; choose one of none, pixel_shuffle, average."),
        ({"queries": 60}, "queries is 60; the resampler lays them out in a square"),
        ({"queries": 0}, "queries is 0;"),
        ({"factor": 0}, "factor is 0; give a whole number of at least 1."),
    ],
)
def test_what_no_connector_is(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        Connector(**fields)  # type: ignore[arg-type]
    assert sentence in str(told.value)


def test_what_cannot_be_reduced() -> None:
    with pytest.raises(UserError, match="this tower gives 257 states; set vision_feature_select_strategy to patches"):
        reduced(257, 1, 10, Connector(reduction="average"))
    with pytest.raises(UserError, match="choose a factor that divides 16"):
        reduced(256, 0, 10, Connector(reduction="pixel_shuffle", factor=3))
