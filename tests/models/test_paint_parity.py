"""Paint models beside Diffusers' Stable Diffusion: the same weights and noise, the same picture."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from models.tiny_chat import shaken
from models.tiny_paint import LATENT_UNET, VAE, noise
from models.tiny_towers import TOKENS, save_text
from transformers import AutoTokenizer, CLIPTextModel

from isogloss.models.adapter import Adapter
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.paint_building import build_paint
from isogloss.models.paint_saving import as_pipeline, load_paint, save_paint
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower

# Stable Diffusion shows no smaller pictures of a UNet that says nothing else.
SIDE = 16
BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1}


def stable_diffusion(folder: Path, scheduler: Any) -> StableDiffusionPipeline:
    save_text(folder / "clip", "clip_text_model", hidden_size=LATENT_UNET["cross_attention_dim"])
    return StableDiffusionPipeline(
        vae=shaken(AutoencoderKL(**VAE)),
        text_encoder=CLIPTextModel.from_pretrained(folder / "clip").eval(),
        tokenizer=AutoTokenizer.from_pretrained(folder / "clip", model_max_length=TOKENS),
        unet=shaken(UNet2DConditionModel(**{**LATENT_UNET, "sample_size": SIDE})),
        scheduler=scheduler,
        safety_checker=None,  # pyright: ignore[reportArgumentType]
        feature_extractor=None,  # pyright: ignore[reportArgumentType]
        requires_safety_checker=False,
    )


@pytest.mark.parametrize("guidance", [1.0, 4.5])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("kind", [DDIMScheduler, EulerDiscreteScheduler])
def test_the_same_weights_and_noise_draw_the_same_picture(
    kind: Any, prediction: str, guidance: float, tmp_path: Path
) -> None:
    extra = {"clip_sample": False} if kind is DDIMScheduler else {}
    scheduler = kind(prediction_type=prediction, **BETAS, **extra)
    theirs = stable_diffusion(tmp_path, scheduler)
    theirs.save_pretrained(tmp_path / "sd")
    part = DiffusersPart(model=str(tmp_path / "sd"))
    ours = build_paint(
        Tower(model=str(tmp_path / "sd" / "text_encoder"), tokenizer=str(tmp_path / "sd" / "tokenizer")),
        part,
        part,
        adapter=Adapter(projected=False, empty="encoded"),
        reading=Reading(tokens=TOKENS, fills=True),
    )
    save_paint(ours, scheduler, tmp_path / "ours")
    prompts, negative = ["a cat", "un perro y un gato en la casa"], ["猫と犬", ""]
    asked = {"num_inference_steps": 4, "guidance_scale": guidance, "output_type": "pt", "negative_prompt": negative}
    latents = noise(2, 4, SIDE, SIDE)
    theirs.set_progress_bar_config(disable=True)
    wanted = theirs(prompts, latents=latents.clone(), **asked).images
    assert wanted.shape == (2, 3, 2 * SIDE, 2 * SIDE) and (wanted[0] - wanted[1]).abs().max() > 1e-2
    for model, how in ((ours, scheduler), load_paint(tmp_path / "ours")):
        pipe = as_pipeline(model, how)
        pipe.set_progress_bar_config(disable=True)
        torch.testing.assert_close(pipe(prompts, latents=latents.clone(), **asked).images, wanted, rtol=0, atol=1e-4)


def test_no_negative_prompt_is_the_empty_one(tmp_path: Path) -> None:
    scheduler = DDIMScheduler(clip_sample=False, **BETAS)
    theirs = stable_diffusion(tmp_path, scheduler)
    theirs.save_pretrained(tmp_path / "sd")
    part = DiffusersPart(model=str(tmp_path / "sd"))
    ours = build_paint(
        Tower(model=str(tmp_path / "clip")),
        part,
        part,
        adapter=Adapter(projected=False, empty="encoded"),
        reading=Reading(tokens=TOKENS, fills=True),
    )
    latents, pipe = noise(1, 4, SIDE, SIDE), as_pipeline(ours, scheduler)
    found = [
        one(["a cat"], latents=latents.clone(), num_inference_steps=3, guidance_scale=5.0, output_type="pt").images
        for one in (pipe, theirs)
    ]
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-4)
