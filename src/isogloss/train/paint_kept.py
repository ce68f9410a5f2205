"""What a paint model's frozen parts make of a training set: states of its captions and latents of its pictures."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from isogloss.data.augment import normalise
from isogloss.data.images import Pictures
from isogloss.data.paint_batch import HALF
from isogloss.data.prompts import Prompts
from isogloss.models.paint import PaintModel
from isogloss.train.kept import Kept, keep
from isogloss.train.left_out import digest_of

# Captions and pictures that are looked at together.
_CAPTIONS, _PICTURES = 64, 16


def keep_states(
    model: PaintModel, prompts: Prompts, folder: Path, accelerator: Accelerator, *, quiet: bool = True
) -> Kept:
    """What the adapter reads of every caption, by its number.

    Raises:
        UserError: the disk is full or the folder cannot be written.
    """
    text, kind, dtype = model.text, model.kind, _precision(accelerator)

    @torch.no_grad()
    def make(numbers: Sequence[int]) -> list[Tensor]:
        ids, mask = text.tokenize(prompts.texts(numbers))
        lengths = mask.sum(dim=1)
        found: dict[int, Tensor] = {}
        for rows in lengths.argsort(stable=True).split(_CAPTIONS):
            longest = int(lengths[rows].max())
            with accelerator.autocast():
                read = text(
                    ids[rows, :longest].to(accelerator.device), mask[rows, :longest].to(accelerator.device), kind
                ).for_adapter(kind)
            for row, states, there in zip(rows.tolist(), read.states.to(dtype).cpu(), read.mask.cpu(), strict=True):
                found[row] = states[there.bool()]
        return [found[row] for row in range(len(numbers))]

    tokenizer: Any = text.tokenizer
    made_of = (_weights(text.model), tokenizer.backend_tokenizer.to_str(), repr(text.reading), text.pooling, kind)
    captions = _digest_of_all(prompts)
    return keep(folder, "states", (*made_of, str(dtype), captions), len(prompts), make, accelerator, quiet=quiet)


def keep_latents(
    model: PaintModel,
    pictures: Pictures,
    prompts: Prompts,
    folder: Path,
    accelerator: Accelerator,
    *,
    quiet: bool = True,
) -> Kept:
    """The mean and the deviation of what the VAE makes of every picture, by its place in `prompts.images`.

    Raises:
        UserError: a picture cannot be decoded, the disk is full, or the folder cannot be written.
    """
    dtype = _precision(accelerator)

    def make(places: Sequence[int]) -> list[Tensor]:
        found: list[Tensor] = []
        for rows in torch.tensor(list(places)).split(_PICTURES):
            pixels = torch.from_numpy(pictures.batch(prompts.images[rows.numpy()]))
            with accelerator.autocast():
                latents = model.posterior(normalise(pixels, HALF, HALF).to(accelerator.device))
            found += torch.stack([one.to(dtype).cpu() for one in latents], dim=1).unbind()
        return found

    where = pictures.split.images.select(["key", "file", "offset", "length"]).take(prompts.images)
    shown = sha256(repr(where.to_pydict()).encode()).hexdigest()
    made_of = (_weights(model.vae), repr(pictures.size), str(dtype), str(pictures.dataset.root.resolve()), shown)
    return keep(folder, "latents", made_of, len(prompts.images), make, accelerator, quiet=quiet)


def _precision(accelerator: Accelerator) -> torch.dtype:
    """That in which they are computed: whatever reads them rounds to it again."""
    return torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32


def _weights(part: nn.Module) -> str:
    return digest_of(part, {name for name, _ in part.named_parameters()})


def _digest_of_all(prompts: Prompts) -> str:
    found = sha256()
    for numbers in torch.arange(len(prompts)).split(65_536):
        found.update("\0".join(prompts.texts(numbers.numpy())).encode())
    return found.hexdigest()
