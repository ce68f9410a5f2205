"""Paint models of parts from folders and configs, and parts that do not fit."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from models.tiny_chat import shaken
from models.tiny_paint import LATENT_UNET, PROMPTS, SIDE, UNET, VAE, noise, save_pair
from models.tiny_towers import save_text
from safetensors.torch import load_file, save_file

from isogloss.errors import UserError
from isogloss.losses.denoise import Denoising
from isogloss.models.adapter import Adapter
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.paint_building import build_paint
from isogloss.models.paint_scheduler import build_scheduler, change_scheduler
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower


@pytest.fixture
def text(tmp_path: Path) -> Tower:
    return Tower(model=str(save_text(tmp_path / "llama", "llama")))


def build(text: Tower, unet: dict[str, Any] | DiffusersPart, vae: DiffusersPart | None = None, **fields: Any) -> Any:
    part = unet if isinstance(unet, DiffusersPart) else DiffusersPart(config=unet)
    return build_paint(text, part, vae, reading=Reading(tokens=8), **fields)


def test_a_unet_and_a_vae_of_a_checkpoint(text: Tower, tmp_path: Path) -> None:
    pair = save_pair(tmp_path / "pair")
    theirs = UNet2DConditionModel.from_pretrained(pair / "unet")
    part = DiffusersPart(model=str(pair))
    model = build(text, part, part)
    alone = build(text, DiffusersPart(model=str(pair / "unet")), DiffusersPart(model=str(pair / "vae")))
    fresh = build(text, DiffusersPart(model=str(pair), random_weights=True), DiffusersPart(config=VAE))
    for name, value in theirs.state_dict().items():
        assert model.unet.state_dict()[name].equal(value) and alone.unet.state_dict()[name].equal(value)
    assert fresh.unet.config.block_out_channels == theirs.config.block_out_channels
    assert not fresh.unet.conv_in.weight.equal(theirs.conv_in.weight)
    assert model.vae.dtype == model.unet.dtype == torch.float32


def test_half_precision_checkpoints_are_trained_in_float32(text: Tower, tmp_path: Path) -> None:
    shaken(UNet2DConditionModel(**LATENT_UNET)).half().save_pretrained(tmp_path / "unet")
    model = build(text, DiffusersPart(model=str(tmp_path)), DiffusersPart(config=VAE))
    assert {value.dtype for value in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"cross_attention_dims": 12}, "There is no field of a unet's config 'cross_attention_dims'; did you mean"),
        ({"down_block_types": ["DownBlock2D"]}, "The unet's config makes no network"),
        ({"norm_num_groups": 5}, "The unet's config makes no network"),
        ({"num_class_embeds": 3}, "has num_class_embeds=3 and so reads more than a prompt;"),
        ({"out_channels": 6}, "reads 3 channels and gives 6;"),
        ({"in_channels": 4, "out_channels": 4}, "paints 4 channels and pixels have 3; name the vae"),
        ({"in_channels": 13, "out_channels": 13}, "paints 13 channels and pixels have 3; name the vae"),
        (
            {
                "down_block_types": ["DownBlock2D"] * 2,
                "up_block_types": ["UpBlock2D"] * 2,
                "mid_block_type": "UNetMidBlock2D",
            },
            "has no cross attention of one width",
        ),
    ],
)
def test_unets_that_do_not_fit(changed: dict[str, Any], sentence: str, text: Tower) -> None:
    with pytest.raises(UserError) as told:
        build(text, {**UNET, **changed})
    assert sentence in str(told.value)


def test_widths_that_do_not_fit(text: Tower) -> None:
    with pytest.raises(UserError, match="states are 16 wide and the UNet's cross attention reads 12"):
        build(text, UNET, adapter=Adapter(projected=False))
    with pytest.raises(UserError, match="paints 3 channels and the VAE's latent pictures have 4"):
        build(text, UNET, DiffusersPart(config=VAE))


def test_checkpoints_that_are_absent_or_damaged(text: Tower, tmp_path: Path) -> None:
    pair = save_pair(tmp_path / "pair")
    part = DiffusersPart(model=str(pair))
    with pytest.raises(UserError, match="The folder .*nowhere' .*is missing|The unet '.*nowhere' is missing"):
        build(text, DiffusersPart(model=str(tmp_path / "nowhere")), part)
    with pytest.raises(UserError, match="The unet 'some/where' is no folder here and neither in the local cache nor"):
        build(text, DiffusersPart(model="some/where"), part)
    with pytest.raises(UserError, match="holds no unet: .*config.json is missing"):
        build(text, DiffusersPart(model=str(tmp_path)), part)
    with pytest.raises(UserError, match="holds a AutoencoderKL and no UNet2DConditionModel"):
        build(text, DiffusersPart(model=str(pair / "vae")), part)
    with pytest.raises(UserError, match="holds a network of another library and no UNet2DConditionModel"):
        build(text, DiffusersPart(model=str(tmp_path / "llama")), part)
    with pytest.raises(UserError, match="needs either a model .* or a config, and not both"):
        DiffusersPart()
    weights = pair / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors.pop("conv_in.weight")
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(UserError, match="lacks 1 of its saved weights, the first of them conv_in.weight"):
        build(text, part, part)
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(UserError, match="holds no unet that can be loaded"):
        build(text, part, part)
    (pair / "unet" / "config.json").write_text("{")
    with pytest.raises(UserError, match="holds no unet that can be loaded"):
        build(text, part, part)


def test_a_unet_whose_pictures_have_no_size_of_their_own_paints(text: Tower) -> None:
    model = build(text, {**{name: value for name, value in UNET.items() if name != "sample_size"}})
    read = model.text.read(PROMPTS, model.kind)
    assert model(noise(3, 3, SIDE, SIDE), torch.ones(3), read.states, read.mask).shape == (3, 3, SIDE, SIDE)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "flow"])
def test_schedulers_draw_what_was_learnt_from_noise(prediction: str) -> None:
    """A model that always knows the picture ends in it, whatever the scheduler."""
    denoising = Denoising(prediction)
    clean, start = noise(1, 3, 4, 4), noise(1, 3, 4, 4, seed=1)
    names = [None, "UniPCMultistep", "DPMSolverMultistepScheduler"]
    names += ["FlowMatchHeunDiscreteScheduler"] if prediction == "flow" else ["EulerDiscreteScheduler", "ddpm"]
    for name in names:
        scheduler = build_scheduler(denoising, name)
        scheduler.set_timesteps(12)
        latents = start * getattr(scheduler, "init_noise_sigma", 1.0)
        for timestep in scheduler.timesteps:
            noisy = latents
            if hasattr(scheduler, "scale_model_input"):
                noisy = scheduler.scale_model_input(latents, timestep)
            latents = scheduler.step(exact(denoising, noisy, clean, timestep), timestep, latents).prev_sample
        assert (latents - clean).abs().max() < (0.2 if name == "ddpm" else 0.05), name


def exact(denoising: Denoising, noisy: torch.Tensor, clean: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """What a model predicts that knows the picture."""
    from isogloss.losses.denoise import amounts

    signal, strength = amounts(denoising, timestep.float().view(1))
    told = (noisy - signal * clean) / strength
    return {"epsilon": told, "v_prediction": signal * told - strength * clean, "flow": told - clean}[
        denoising.prediction
    ]


def test_schedulers_that_do_not_fit() -> None:
    flow, diffusion = build_scheduler(Denoising("flow", shift=2.0)), build_scheduler(Denoising("v_prediction"))
    assert flow.config.shift == 2.0 and diffusion.config.prediction_type == "v_prediction"
    with pytest.raises(UserError, match="There is no scheduler of Diffusers 'DDIMM'; did you mean 'DDIMScheduler'"):
        change_scheduler(diffusion, "DDIMM")
    with pytest.raises(UserError, match="DDIMScheduler is not for flow matching"):
        change_scheduler(flow, "DDIMScheduler")
    with pytest.raises(UserError, match="FlowMatchEulerDiscreteScheduler is not for diffusion"):
        change_scheduler(diffusion, "FlowMatchEulerDiscrete")


def test_a_config_with_a_nested_list_from_json(text: Tower) -> None:
    assert build(text, json.loads(json.dumps(UNET))).unet.config.block_out_channels == (8, 16)
