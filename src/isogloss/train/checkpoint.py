"""Checkpoints: whole or not at all, so that a run that is killed continues from the last one."""

import re
import shutil
from pathlib import Path
from typing import Any

import torch

from isogloss.errors import UserError
from isogloss.saving import new_folder, remove_abandoned, writing

_NAME = re.compile(r"step-(\d{8})")


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints of a run, (steps done, path), the oldest first."""
    found = [(_NAME.fullmatch(path.name), path) for path in (folder / "checkpoints").glob("step-*")]
    return sorted((int(match[1]), path) for match, path in found if match)


def save_checkpoint(accelerator: Any, folder: Path, step: int, kept: int) -> None:
    """Save weights and optimiser after `step` steps, and keep the last few checkpoints.

    It is written beside and then renamed, so that a kill or a full disk leaves the earlier ones as they are.

    Raises:
        UserError: it cannot be written.
    """
    path = folder / "checkpoints" / f"step-{step:08d}"
    if not path.exists():
        if accelerator.num_processes > 1:
            _save_together(accelerator, path)
        else:
            with new_folder(path) as partial:
                accelerator.save_state(str(partial))
    if accelerator.is_main_process:
        for _, old in checkpoints(folder)[:-kept]:
            shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()


def _save_together(accelerator: Any, path: Path) -> None:
    """All processes write one folder, which the first renames when the last has written."""
    partial = path.with_name(f".{path.name}.together.partial")
    with writing(path):
        if accelerator.is_main_process:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        accelerator.wait_for_everyone()
        accelerator.save_state(str(partial))
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            partial.rename(path)
        accelerator.wait_for_everyone()


def load_checkpoint(accelerator: Any, folder: Path) -> int:
    """Restore the last checkpoint of a run, if it has one; the number of steps it has done.

    Raises:
        UserError: it is damaged, or of another model, or what is frozen has changed since.
    """
    if accelerator.is_main_process:
        remove_abandoned(folder / "checkpoints")
    found = checkpoints(folder)
    reached = torch.tensor([found[-1][0] if found else 0], device=accelerator.device)
    if accelerator.num_processes > 1 and len(accelerator.gather(reached).unique()) > 1:
        raise UserError(f"Not every machine sees the checkpoints of {folder}; put the run where all machines see it.")
    if not found:
        return 0
    step, path = found[-1]
    try:
        accelerator.load_state(str(path))
    except (torch.OutOfMemoryError, UserError):
        raise
    except Exception as error:  # safetensors, pickle and torch each raise their own
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise UserError(
            f"The checkpoint {path} cannot be read ({reason}); restore it, or move it away to go on from the one before."
        ) from error
    return step
