"""The peer of `paint_step.py`: a training step as Diffusers' own text-to-image script takes it. Nothing of isogloss is in it.

Every picture is opened, resized, cropped and encoded by the VAE, and every caption is padded to its full length and read by
the text encoder, in every step that has it.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from diffusers import DDPMScheduler
from diffusers.optimization import get_scheduler
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


@dataclass(frozen=True)
class Settings:
    """What both sides agree on.

    Args:
        steps: to take.
        images: of a step.
        side: of the pictures, in pixels.
        learning_rate, weight_decay, betas, epsilon, largest_gradient: of AdamW, whose learning rate is constant.
        bfloat16: whether products are computed in it.
    """

    steps: int
    images: int
    side: int
    learning_rate: float = 1e-4
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    largest_gradient: float = 1.0
    bfloat16: bool = False


@dataclass(frozen=True)
class Pair:
    """A caption, and the picture that lies in a file at some bytes."""

    caption: str
    file: Path
    offset: int
    length: int


class Pairs(Dataset[dict[str, Tensor]]):
    """Pictures as normalised pixels and captions as token numbers."""

    def __init__(self, pairs: Sequence[Pair], tokenizer: Any, side: int) -> None:
        self.pairs, self.tokenizer, self.side = pairs, tokenizer, side

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        pair = self.pairs[number]
        with pair.file.open("rb") as file:
            file.seek(pair.offset)
            picture = Image.open(io.BytesIO(file.read(pair.length))).convert("RGB")
        scale = self.side / min(picture.size)
        picture = picture.resize([round(scale * length) for length in picture.size], Image.Resampling.BILINEAR)
        left, top = ((length - self.side) // 2 for length in picture.size)
        picture = picture.crop((left, top, left + self.side, top + self.side))
        pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        encoded = self.tokenizer(
            pair.caption,
            max_length=self.tokenizer.model_max_length,
            padding="max_length",
            truncation=True,
            return_tensors="pt",
        )
        return {"pixel_values": (pixels - 0.5) / 0.5, "input_ids": encoded["input_ids"][0]}


@dataclass
class Parts:
    """A text encoder and a VAE, which are frozen, a UNet, and the noise that is taken off."""

    text_encoder: Any
    vae: Any
    unet: Any
    scheduler: DDPMScheduler


def step_loss(parts: Parts, pixel_values: Tensor, input_ids: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """The loss of a step on latents that are drawn anew, or the mean where there is nothing to draw by."""
    latents = parts.vae.encode(pixel_values).latent_dist.sample() * parts.vae.config.scaling_factor
    noisy = parts.scheduler.add_noise(latents, noise, timesteps)  # pyright: ignore[reportArgumentType]
    states = parts.text_encoder(input_ids, return_dict=False)[0]
    prediction = parts.unet(noisy, timesteps, states, return_dict=False)[0]
    return F.mse_loss(prediction.float(), noise.float(), reduction="mean")


def train(parts: Parts, pairs: Sequence[Pair], tokenizer: Any, settings: Settings, told: Callable[[], None]) -> None:
    """Take all steps.

    Args:
        told: called before each step.
    """
    accelerator = Accelerator(mixed_precision="bf16" if settings.bfloat16 else "no")
    parts.vae.requires_grad_(False)
    parts.text_encoder.requires_grad_(False)
    parts.unet.train()
    weights = torch.bfloat16 if settings.bfloat16 else torch.float32
    parts.vae.to(accelerator.device, dtype=weights)
    parts.text_encoder.to(accelerator.device, dtype=weights)
    optimizer = torch.optim.AdamW(
        parts.unet.parameters(),
        lr=settings.learning_rate,
        betas=settings.betas,
        weight_decay=settings.weight_decay,
        eps=settings.epsilon,
    )
    loader = DataLoader(
        Pairs(pairs, tokenizer, settings.side), batch_size=settings.images, shuffle=True, drop_last=True
    )
    rates = get_scheduler("constant", optimizer)
    unet, optimizer, loader, rates = accelerator.prepare(parts.unet, optimizer, loader, rates)
    done = 0
    while done < settings.steps:
        for batch in loader:
            told()
            with accelerator.accumulate(unet):
                pixels = batch["pixel_values"].to(weights)
                scale = 2 ** (len(parts.vae.config.block_out_channels) - 1)
                shape = (len(pixels), parts.unet.config.in_channels, *(side // scale for side in pixels.shape[2:]))
                noise = torch.randn(shape, dtype=weights)
                timesteps = torch.randint(0, parts.scheduler.config.num_train_timesteps, (len(pixels),)).long()
                loss = step_loss(
                    Parts(parts.text_encoder, parts.vae, unet, parts.scheduler),
                    pixels,
                    batch["input_ids"],
                    noise,
                    timesteps,
                )
                accelerator.gather(loss.repeat(len(pixels))).mean().item()  # as the script does for its log
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(unet.parameters(), settings.largest_gradient)
                optimizer.step()
                rates.step()
                optimizer.zero_grad()
            done += 1
            if done == settings.steps:
                break
    told()
