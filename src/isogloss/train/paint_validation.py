"""The validation of a paint model: its loss on held-out pictures by language, and the sheet of pictures that it draws."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from isogloss.data.paint_batch import PaintBatch, PaintBatches
from isogloss.losses import Losses
from isogloss.models.paint import PaintModel
from isogloss.train.accumulation import mean_of
from isogloss.train.ema import Average

# Pictures of the loss, and how many are looked at together.
IMAGES, _TOGETHER = 64, 16

Loss = Callable[[Any, PaintBatch], Losses]
# Draws what the model has learnt, and saves it as a file.
Draw = Callable[[PaintModel, Path], None]


@torch.no_grad()
def held_out(model: PaintModel, batches: PaintBatches, accelerator: Accelerator) -> list[PaintBatch]:
    """What a language is validated on, the same every time, as the model's frozen parts see it.

    Args:
        batches: whose first step has all that there is.
    """
    found: list[PaintBatch] = []
    batch = batches[0]
    for part in batch.parts(-(-len(batch) // _TOGETHER)):
        given = part.to(accelerator.device)
        with accelerator.autocast():
            read = model.text(given.texts, given.mask, model.kind).for_adapter(model.kind)
            mean, deviation = model.posterior(given.pictures)
        seen = replace(given, texts=read.states, mask=read.mask)
        if batches.latent:
            seen = replace(seen, pictures=mean.float(), deviation=deviation.float())
        found.append(seen.to(torch.device("cpu")))
    return found


def validation(
    held: Mapping[str, Sequence[PaintBatch]],
    loss: Loss,
    draw: Draw | None,
    place: Callable[[], Path],
    accelerator: Accelerator,
    average: Average | None,
) -> Callable[[Any], dict[str, float]]:
    """The validation of a run: the loss by language and their mean, of the averaged weights where there are some.

    Args:
        held: of each language, as `held_out` gives it.
        place: of the picture that is drawn now.
    """

    def validate(model: PaintModel) -> dict[str, float]:
        with average.in_place() if average else nullcontext():
            losses = {
                f"{language}_loss": float(mean_of([loss(model, part.to(accelerator.device)) for part in parts]).total)
                for language, parts in held.items()
            }
            if draw is not None and accelerator.is_main_process:
                with accelerator.autocast():
                    draw(model, place())
        return {"loss": sum(losses.values()) / len(losses), **losses}

    return validate
