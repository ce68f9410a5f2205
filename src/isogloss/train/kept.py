"""What frozen parts of a model make of a dataset, made once and kept on the disk: states of captions, latents of pictures."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from isogloss.errors import UserError
from isogloss.lock import only_one
from isogloss.saving import new_file, remove_abandoned
from isogloss.train.log import progress_bar

# Rows of a file: what a kill can cost, and few enough files for a million captions.
TOGETHER = 1024


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows of tensors in files that are mapped into memory, each [any, …] of its own length and one width.

    Args:
        folder: of the files.
        rows: how many there are.
        together: rows of a file.
    """

    folder: Path
    rows: int
    together: int = TOGETHER
    _open: dict[int, tuple[Tensor, Tensor]] = field(
        default_factory=dict[int, tuple[Tensor, Tensor]], init=False, repr=False
    )

    def __len__(self) -> int:
        return self.rows

    def file(self, part: int) -> Path:
        """Where so many rows lie together."""
        return self.folder / f"part-{part:06d}.safetensors"

    def of(self, rows: Sequence[int]) -> list[Tensor]:
        """Some rows.

        Raises:
            UserError: their file is damaged or gone.
        """
        found: list[Tensor] = []
        for row in rows:
            part, within = divmod(row, self.together)
            if part not in self._open:
                self._open[part] = _opened(self.file(part))
            values, offsets = self._open[part]
            found.append(values[int(offsets[within]) : int(offsets[within + 1])])
        return found


def _opened(path: Path) -> tuple[Tensor, Tensor]:
    try:
        tensors = load_file(path)  # which maps the file, and reads what is asked for
        return tensors["values"], tensors["offsets"]
    except (OSError, SafetensorError, KeyError) as error:
        raise UserError(f"{path} cannot be read ({error}); remove it, and it is made anew.") from error


def _is_whole(path: Path, rows: int) -> bool:
    try:
        values, offsets = _opened(path)
    except UserError:
        return False
    return len(offsets) == rows + 1 and len(values) == int(offsets[-1])


def keep(
    folder: Path,
    name: str,
    made_of: Sequence[str],
    rows: int,
    make: Callable[[Sequence[int]], list[Tensor]],
    accelerator: Accelerator,
    *,
    together: int = TOGETHER,
    quiet: bool = True,
) -> Kept:
    """Have some rows on the disk, making those that are not there yet.

    Files appear whole, so a run that is killed goes on from the last one. Processes share the work, and runs that need the
    same wait for each other.

    Args:
        folder: where all that is kept lies, each under its name and a digest of what it is made of.
        name: of what is kept.
        made_of: everything that decides the values.
        rows: how many there are.
        make: the tensors of some rows, all in one type and width.
        together: rows of a file.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    digest = sha256("\0".join((*made_of, str(rows), str(together))).encode()).hexdigest()[:16]
    kept = Kept(folder / f"{name}-{digest}", rows, together)
    first = accelerator.is_main_process
    with only_one(kept.folder / ".lock") if first else nullcontext(), progress_bar(first and not quiet) as bar:
        if first:
            remove_abandoned(kept.folder)
        accelerator.wait_for_everyone()
        parts = range(accelerator.process_index, -(-rows // together), accelerator.num_processes)
        task = bar.add_task(name, total=len(parts), state="")
        for part in parts:
            wanted = range(part * together, min(rows, (part + 1) * together))
            if not _is_whole(kept.file(part), len(wanted)):
                _save(kept.file(part), make(wanted))
            bar.advance(task)
        accelerator.wait_for_everyone()
    return kept


def _save(path: Path, values: Sequence[Tensor]) -> None:
    offsets = torch.tensor([0, *map(len, values)]).cumsum(0)
    with new_file(path) as partial:
        save_file({"values": torch.cat(list(values)), "offsets": offsets}, partial)


@dataclass(frozen=True)
class MadeOf:
    """What a run's kept values are made of, in its checkpoints, so that none goes on with other values."""

    names: tuple[str, ...]

    def state_dict(self) -> dict[str, Any]:
        return {"names": list(self.names)}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Compare.

        Raises:
            UserError: they differ.
        """
        if tuple(saved["names"]) != self.names:
            raise UserError(
                "The text model, the VAE, or what they read is not what the run began with; bring back the models and the "
                "dataset that the recipe names, or train anew into another folder."
            )
