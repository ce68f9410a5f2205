"""The paint model: what the UNet is told, what a dropped prompt is, and the way through the VAE."""

from pathlib import Path

import pytest
import torch
from models.tiny_paint import PROMPTS, SIDE, make_paint, noise

from isogloss.models.adapter import KINDS, Adapter
from isogloss.models.paint import PaintModel


def predicted(model: PaintModel, prompts: list[str], dropped: list[bool] | None = None) -> torch.Tensor:
    read = model.text.read(prompts, model.kind)
    noisy = noise(1, 3, SIDE, SIDE).expand(len(prompts), -1, -1, -1)
    chosen = None if dropped is None else torch.tensor(dropped)
    with torch.no_grad():
        return model(noisy, torch.full((len(prompts),), 300.0), read.states, read.mask, chosen)


@pytest.mark.parametrize("kind", KINDS)
def test_each_picture_hears_its_own_prompt_and_no_padding(kind: str, tmp_path: Path) -> None:
    model = make_paint(tmp_path, adapter=Adapter(kind, queries=3))
    together = predicted(model, PROMPTS)
    for row, prompt in enumerate(PROMPTS):
        torch.testing.assert_close(together[row], predicted(model, [prompt])[0], rtol=1e-4, atol=1e-4)
    assert (together[0] - together[1]).abs().max() > 1e-3


@pytest.mark.parametrize("empty", ["learnt", "encoded"])
@pytest.mark.parametrize("kind", ["tokens", "both"])
def test_a_dropped_prompt_is_the_empty_one_whatever_it_said(kind: str, empty: str, tmp_path: Path) -> None:
    model = make_paint(tmp_path, adapter=Adapter(kind, queries=3, empty=empty))
    some = predicted(model, PROMPTS, [True, False, True])
    torch.testing.assert_close(some[0], some[2], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(some[1], predicted(model, PROMPTS)[1], rtol=1e-4, atol=1e-4)
    nothing = predicted(model, [""], None if empty == "encoded" else [True])
    torch.testing.assert_close(some[0], nothing[0], rtol=1e-4, atol=1e-4)
    assert not any("empty_" in name for name in model.state_dict())


def test_pixels_are_painted_as_they_are(tmp_path: Path) -> None:
    model = make_paint(tmp_path)
    pixels = noise(2, 3, SIDE, SIDE)
    assert (model.scale, model.channels) == (1, 3)
    assert model.encode(pixels).equal(pixels) and model.decode(pixels).equal(pixels)
    assert model.encode(pixels, noise(2, 3, SIDE, SIDE)).equal(pixels)


def test_pixels_of_a_place_are_its_channels(tmp_path: Path) -> None:
    model = make_paint(tmp_path, pixels=2)
    pixels = noise(2, 3, 2 * SIDE, 2 * SIDE)
    assert (model.scale, model.channels) == (2, 12)
    places = model.encode(pixels)
    assert model.decode(places).equal(pixels)
    for row, column, channel in ((0, 0, 0), (3, 5, 1), (SIDE - 1, 0, 2)):
        square = pixels[1, channel, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        assert places[1, 4 * channel : 4 * channel + 4, row, column].equal(square.flatten())


def test_the_way_through_the_vae_is_that_of_diffusers(tmp_path: Path) -> None:
    model = make_paint(tmp_path, latent=True)
    assert (model.scale, model.channels) == (2, 4)
    assert not any(value.requires_grad for value in (*model.vae.parameters(), *model.text.parameters()))
    pixels = noise(2, 3, 2 * SIDE, 2 * SIDE)
    with torch.no_grad():
        theirs = model.vae.encode(pixels).latent_dist
        wanted = theirs.sample(torch.Generator().manual_seed(5)) * model.vae.config.scaling_factor
        draw = torch.randn(wanted.shape, generator=torch.Generator().manual_seed(5))
        torch.testing.assert_close(model.encode(pixels, draw), wanted)
        torch.testing.assert_close(model.encode(pixels), theirs.mode() * 0.7)
        torch.testing.assert_close(model.decode(wanted), model.vae.decode(wanted / 0.7).sample)
    mean, deviation = model.posterior(pixels)
    torch.testing.assert_close(mean + deviation * draw, wanted)
    assert deviation.min() > 0


def test_a_step_of_training_reaches_adapter_and_unet_and_nothing_else(tmp_path: Path) -> None:
    model = make_paint(tmp_path, adapter=Adapter("both", queries=2))
    read = model.text.read(PROMPTS, model.kind)
    dropped = torch.tensor([False, False, True])
    found = model(noise(3, 3, SIDE, SIDE), torch.tensor([1.0, 500.0, 999.0]), read.states, read.mask, dropped)
    found.square().mean().backward()
    for name, value in model.named_parameters():
        assert (value.grad is not None) is name.startswith(("adapter.", "unet.")), name
