"""A paint model by what people call it: a run, a folder or a name on the Hub."""

import inspect
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download

from isogloss.errors import UserError
from isogloss.models.hub import is_path, place
from isogloss.models.paint import PaintModel
from isogloss.models.paint_building import check_channels, cross_attention_dim
from isogloss.models.paint_saving import load_paint
from isogloss.models.paint_scheduler import change_scheduler
from isogloss.models.tower import FAILURES, absent, reason
from isogloss.translate.device import choose_device

_INDEX = "model_index.json"
# What of a model on the Hub is its configurations, its weights and its tokenizer; its code is our own.
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")


def paint_folder(model: str) -> Path:
    """The folder of a paint model.

    Args:
        model: a run's folder, or any folder with a model, or a name on the Hub.

    Raises:
        UserError: there is no such model.
    """
    folder = Path(model)
    if (folder / "model" / _INDEX).is_file() and not (folder / _INDEX).is_file():
        return folder / "model"
    if folder.is_dir() or is_path(model):
        if not folder.is_dir():
            raise UserError(f"There is no folder {model}; name a finished run, a saved model, or one of the Hub.")
        if not (folder / _INDEX).is_file():
            raise UserError(f"{model} holds no paint model; name the folder of a finished run of a paint recipe.")
        return folder
    try:
        found = place(model)
        return Path(found if is_path(found) else snapshot_download(found, allow_patterns=list(_FILES)))
    except FAILURES as error:
        raise absent(model, "paint model", error) from error


def open_paint(model: str, *, device: str = "auto", scheduler: str | None = None) -> tuple[PaintModel, Any]:
    """A paint model on its device, and the scheduler that it draws with.

    Args:
        model: as of `paint_folder`.
        device: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
        scheduler: of Diffusers, by name; None for the model's own.

    Raises:
        UserError: there is no such model, device or scheduler, or the model's parts do not fit each other.
    """
    chosen = choose_device(device, torch.cuda.device_count(), "PyTorch")
    folder = paint_folder(model)
    loaded, own = load_paint(folder)
    check_fit(loaded, folder)
    return loaded.to(chosen), own if scheduler is None else change_scheduler(own, scheduler)


def check_fit(model: PaintModel, folder: Path) -> None:
    """Refuse parts of different widths, as of a folder that was put together by hand.

    Raises:
        UserError: they do not fit.
    """
    check_channels(model.unet, model.vae)
    config = model.adapter.config
    widths = (
        ("text encoder", model.text.dim, config.text_dim),
        ("UNet's cross attention", cross_attention_dim(model.unet), config.dim),
    )
    for name, width, wanted in widths:
        if width != wanted:
            raise UserError(
                f"The parts of {folder} do not fit: the {name} is {width} wide and the adapter was made for {wanted}; restore "
                "the folder, whose parts have to be of one training."
            )


def mark_of(folder: Path) -> list[list[str | int]]:
    """What changes when a model is trained anew: the name, the length and the time of each of its files of weights."""
    found = sorted(folder.rglob("*.safetensors"))
    return [[file.relative_to(folder).as_posix(), file.stat().st_size, file.stat().st_mtime_ns] for file in found]


def check_scheduler(scheduler: Any, steps: int, channels: int) -> None:
    """Let a scheduler take its steps with nothing predicted, so that one that cannot is told before a UNet is asked.

    Raises:
        UserError: it cannot, or its noise is not that of a picture's seed.
    """
    name = type(scheduler).__name__
    tried = deepcopy(scheduler)
    if hasattr(tried, "noise_sampler"):
        raise UserError(
            f"The scheduler {name} draws noise of its own, with which a seed would not make the same picture again; choose "
            "another one."
        )
    most = tried.config.get("num_train_timesteps")
    if most is not None and steps > most:
        raise UserError(
            f"steps is {steps:,}, and the model was trained with {most:,}; give at most as many, such as 30."
        )
    chance = torch.Generator().manual_seed(0)
    noisy = torch.randn(1, channels, 8, 8, generator=chance)
    try:
        extra = {"generator": chance} if "generator" in inspect.signature(tried.step).parameters else {}
        tried.set_timesteps(steps)
        noisy = noisy * getattr(tried, "init_noise_sigma", 1.0)
        for timestep in tried.timesteps:
            if hasattr(tried, "scale_model_input"):
                tried.scale_model_input(noisy, timestep)
            noisy = tried.step(torch.zeros_like(noisy), timestep, noisy, **extra, return_dict=False)[0]
        finite = bool(noisy.isfinite().all())
    except FAILURES as error:
        raise UserError(
            f"The scheduler {name} cannot draw in {steps:,} steps ({reason(error)}); choose other steps or another scheduler."
        ) from error
    if not finite:
        raise UserError(f"The scheduler {name} makes no picture of this model's noise; choose another one.")
