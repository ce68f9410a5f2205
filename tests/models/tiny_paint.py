"""Paint models of tiny parts, every weight of which matters, and the parts as Stable Diffusion's checkpoints hold them."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from models.tiny_chat import shaken
from models.tiny_towers import TOKENS, save_text
from torch import Tensor

from isogloss.models.adapter import Adapter
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.paint import PaintModel
from isogloss.models.paint_building import build_paint
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower

PROMPTS = ["a cat", "un perro y un gato en la casa", "猫と犬"]
SIDE = 8
UNET: dict[str, Any] = {
    "sample_size": SIDE,
    "in_channels": 3,
    "out_channels": 3,
    "block_out_channels": [8, 16],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "cross_attention_dim": 12,
    "attention_head_dim": 4,
}
VAE: dict[str, Any] = {
    "block_out_channels": [4, 8],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "norm_num_groups": 2,
    "latent_channels": 4,
    "scaling_factor": 0.7,
    "sample_size": 2 * SIDE,
}
# Of latent pictures, which the VAE decodes.
LATENT_UNET: dict[str, Any] = {**UNET, "in_channels": 4, "out_channels": 4}


def folded(pixels: int) -> dict[str, Any]:
    """A UNet that paints so many by as many pixels at each place."""
    return {**UNET, "in_channels": 3 * pixels**2, "out_channels": 3 * pixels**2}


def save_pair(folder: Path) -> Path:
    """A UNet and a VAE, side by side as in a pipeline of Stable Diffusion."""
    shaken(UNet2DConditionModel(**LATENT_UNET)).save_pretrained(folder / "unet")
    shaken(AutoencoderKL(**VAE)).save_pretrained(folder / "vae")
    return folder


def make_paint(
    folder: Path,
    text: str = "llama",
    adapter: Adapter | None = None,
    latent: bool = False,
    pixels: int = 1,
    **reading: Any,
) -> PaintModel:
    """A paint model of pixels, so many by as many at each place, or of a VAE's latent pictures."""
    if not (folder / text).exists():
        save_text(folder / text, text)
    if latent and not (folder / "pair").exists():
        save_pair(folder / "pair")
    parts = [DiffusersPart(model=str(folder / "pair"))] * 2 if latent else [DiffusersPart(config=folded(pixels)), None]
    reading.setdefault("tokens", TOKENS)
    unet, vae = parts
    assert unet is not None
    model = build_paint(Tower(model=str(folder / text)), unet, vae, adapter=adapter, reading=Reading(**reading))
    shaken(model.adapter)
    shaken(model.unet)
    return model


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
