"""The peer of `train_step.py`: parallel multilingual CLIP written by hand, with PyTorch and Transformers alone.

It takes the same towers, pictures, captions, augmentation, objective and optimiser as the demo, and nothing from
isogloss. All captions of a step are padded to the longest of them and read at once.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.data import DataLoader, Dataset
from transformers import AutoConfig, AutoModel


@dataclass(frozen=True)
class Settings:
    """What both loops agree on.

    Args:
        vision, text: fields of Transformers configurations with their `model_type`.
        projection_dim: of the common space.
        tokens: the most of a caption.
        hidden_tokens: the share of tokens that the mask replaces.
        scale, shift, turn: the bounds of the augmentation.
        learning_rate, weight_decay, betas, epsilon, warmup, largest_gradient: of AdamW and its schedule.
        steps: that the schedule is made for.
        bfloat16: whether the towers compute in it.
    """

    vision: Mapping[str, Any]
    text: Mapping[str, Any]
    projection_dim: int
    tokens: int
    hidden_tokens: float
    scale: float
    shift: float
    turn: float
    learning_rate: float
    weight_decay: float
    betas: tuple[float, float]
    epsilon: float
    warmup: float
    largest_gradient: float
    steps: int
    bfloat16: bool


class PlainDualEncoder(nn.Module):
    """Two towers, a projection each, and a temperature."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.vision = _tower(settings.vision)
        self.text = _tower(settings.text)
        self.vision_projection = nn.Linear(self.vision.config.hidden_sizes[-1], settings.projection_dim, bias=False)
        self.text_projection = nn.Linear(self.text.config.hidden_size, settings.projection_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings of images and captions, of unit norm, and the inverse temperature."""
        images = self.vision_projection(self.vision(pixel_values=pixels).pooler_output.flatten(1))
        states = self.text(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        captions = self.text_projection((states * weights).sum(1) / weights.sum(1))
        scale = self.logit_scale.exp().clamp(max=100.0)
        return F.normalize(images.float(), dim=-1), F.normalize(captions.float(), dim=-1), scale


def _tower(fields: Mapping[str, Any]) -> nn.Module:
    config = AutoConfig.for_model(fields["model_type"], **{k: v for k, v in fields.items() if k != "model_type"})
    # A text tower is read by the mean of its states, so it needs no pooling layer.
    return AutoModel.from_config(config, **({} if hasattr(config, "hidden_sizes") else {"add_pooling_layer": False}))


def plain_loss(images: Tensor, captions: Tensor, owner: Tensor, scale: Tensor) -> Tensor:
    """Image→caption cross entropy with all captions of an image as targets, and caption→image cross entropy."""
    logits = scale * images @ captions.T
    targets = (owner[None, :] == torch.arange(len(images), device=owner.device)[:, None]).float()
    targets = targets / targets.sum(1, keepdim=True)
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, owner)) / 2


class Pairs(Dataset[tuple[Tensor, list[str]]]):
    """Pictures, uint8 [image, channel, height, width], each with its captions in every language."""

    def __init__(self, pictures: Tensor, captions: Sequence[list[str]]) -> None:
        self.pictures = pictures
        self.captions = captions

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, image: int) -> tuple[Tensor, list[str]]:
        return self.pictures[image], self.captions[image]


class Collate:
    """From pictures and captions to tensors, augmented and tokenized."""

    def __init__(self, settings: Settings, tokenizer: Any, seed: int) -> None:
        self.settings = settings
        self.tokenizer = tokenizer
        self.random = np.random.default_rng(seed)

    def __call__(self, rows: list[tuple[Tensor, list[str]]]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pixels = (torch.stack([picture for picture, _ in rows]).float() / 255 - 0.5) / 0.5
        texts = [text for _, captions in rows for text in captions]
        owner = torch.tensor([image for image, (_, captions) in enumerate(rows) for _ in captions])
        encoded = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self.settings.tokens, return_tensors="pt"
        )
        return self._augment(pixels), self._hide(encoded["input_ids"]), encoded["attention_mask"], owner

    def _hide(self, ids: Tensor) -> Tensor:
        chosen = torch.from_numpy(self.random.random(tuple(ids.shape)) < self.settings.hidden_tokens)
        special = torch.isin(ids, torch.tensor(self.tokenizer.all_special_ids))
        return ids.masked_fill(chosen & ~special, self.tokenizer.mask_token_id)

    def _augment(self, pixels: Tensor) -> Tensor:
        bounds, count = self.settings, len(pixels)
        zoom = 1 + self.random.uniform(-bounds.scale, bounds.scale, count)
        angle = self.random.uniform(-bounds.turn, bounds.turn, count)
        across, down = self.random.uniform(-bounds.shift, bounds.shift, (2, count))
        rows = [
            [zoom * np.cos(angle), -zoom * np.sin(angle), across],
            [zoom * np.sin(angle), zoom * np.cos(angle), down],
        ]
        maps = torch.from_numpy(np.array(rows).transpose(2, 0, 1)).float()
        grid = F.affine_grid(maps, list(pixels.shape), align_corners=False)
        return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def plain_steps(
    settings: Settings,
    tokenizer: Any,
    pairs: Pairs,
    *,
    images_per_step: int,
    steps: int,
    device: torch.device,
    tuned: bool,
    seed: int = 0,
) -> list[float]:
    """Train for some steps, and return how long each took, in seconds, its batch included.

    Args:
        tuned: with what isogloss does and PyTorch by itself does not: channels innermost, and on a processor in bfloat16
            attention as plain matrix products.
    """
    torch.manual_seed(seed)
    layout = torch.channels_last if tuned else torch.contiguous_format
    model = PlainDualEncoder(settings).to(device).to(memory_format=layout).train()
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=settings.learning_rate,
        betas=settings.betas,
        eps=settings.epsilon,
        fused=True,
    )
    warmup = max(1, round(settings.warmup * settings.steps))

    def rate(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return (1 + math.cos(math.pi * (step - warmup) / max(1, settings.steps - warmup))) / 2

    products = tuned and settings.bfloat16 and device.type == "cpu"
    kernels = (
        [SDPBackend.MATH] if products else [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    loader = DataLoader(
        pairs,
        images_per_step,
        shuffle=True,
        drop_last=True,
        generator=torch.Generator().manual_seed(seed),
        collate_fn=Collate(settings, tokenizer, seed),
    )
    durations: list[float] = []
    while len(durations) < steps:
        before = time.perf_counter()
        for pixels, ids, mask, owner in loader:
            with sdpa_kernel(kernels), torch.autocast(device.type, torch.bfloat16, enabled=settings.bfloat16):
                pixels = pixels.to(device).contiguous(memory_format=layout)
                images, captions, scale = model(pixels, ids.to(device), mask.to(device))
            loss = plain_loss(images, captions, owner.to(device), scale)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), settings.largest_gradient)
            optimiser.step()
            schedule.step()
            if not math.isfinite(float(loss.detach())):
                raise FloatingPointError(f"the plain loop's loss is {float(loss.detach())}")
            now = time.perf_counter()
            durations.append(now - before)
            before = now
            if len(durations) == steps:
                break
    return durations
