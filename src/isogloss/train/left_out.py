"""Weights that never train are left out of checkpoints, which would else hold a frozen language model again and again."""

from collections import OrderedDict
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import SAFE_WEIGHTS_NAME
from safetensors.torch import load_model
from torch import nn

from isogloss.errors import UserError

_DIGEST = "left_out.sha256"


def leave_out(accelerator: Any, model: nn.Module, names: Collection[str]) -> None:
    """Leave some parameters out of the checkpoints of a prepared model, and tell by a digest whether they are the same later.

    Args:
        model: prepared by the accelerator, and the only one that is.
        names: of parameters that nothing changes, as `model` without its wrapping has them.
    """
    bare: nn.Module = accelerator.unwrap_model(model)
    chosen = {id(value) for name, value in bare.named_parameters() if name in names}
    # A parameter that is shared has several names there.
    left_out = {name for name, value in bare.state_dict(keep_vars=True).items() if id(value) in chosen}
    digest = digest_of(bare, names) if left_out else ""

    def save(models: list[nn.Module], weights: list[dict[str, Any]], folder: str) -> None:
        if not left_out or not weights:
            return
        # Accelerate packs the tensors, as safetensors need them, of this class alone.
        weights[0] = OrderedDict((name, value) for name, value in bare.state_dict().items() if name not in left_out)
        if accelerator.is_main_process:
            (Path(folder) / _DIGEST).write_text(digest, encoding="ascii")

    def load(models: list[nn.Module], folder: str) -> None:
        if not left_out or not models:
            return
        models.clear()  # so that Accelerate, which would miss what is left out, loads none
        missing, unexpected = load_model(bare, Path(folder) / SAFE_WEIGHTS_NAME, strict=False)
        lacking = sorted({*missing} - left_out | {*unexpected})
        if lacking:
            raise ValueError(f"it holds other weights than the model has, such as {lacking[0]}")
        if (Path(folder) / _DIGEST).read_text(encoding="ascii") != digest:
            raise UserError(
                f"A part of the model that is frozen, and so not in {folder}, is not the one that the run began with; bring "
                "back the model that the recipe names, or train anew into another folder."
            )

    accelerator.register_save_state_pre_hook(save)
    accelerator.register_load_state_pre_hook(load)


def digest_of(model: nn.Module, names: Collection[str]) -> str:
    """Of the values of some parameters, in whatever float type they are held."""
    found = sha256()
    for name, value in sorted(model.named_parameters()):
        if name in names:
            found.update(name.encode())
            found.update(value.detach().float().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
