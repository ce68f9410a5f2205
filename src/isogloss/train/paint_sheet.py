"""The sheet of pictures that a paint model draws while it trains: a prompt a row, a language a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from isogloss.data.dataset import Dataset
from isogloss.models.paint import PaintModel
from isogloss.saving import new_file, write_json
from isogloss.train.paint_recipe import PaintRecipe, Sheet

# Columns of a sheet whose languages are not named.
_MOST = 8
# Between pictures, in pixels.
_GAP = 2


@dataclass(frozen=True)
class Drawing:
    """Which prompts are drawn.

    Attributes:
        languages: of the columns.
        prompts: of each row, in the order of `languages`; "" where a language has none.
    """

    languages: tuple[str, ...]
    prompts: tuple[tuple[str, ...], ...]

    @property
    def all(self) -> list[str]:
        """Every prompt, row by row."""
        return [prompt for row in self.prompts for prompt in row]


def chosen_prompts(recipe: PaintRecipe, dataset: Dataset) -> Drawing | None:
    """The first captions of the validation split that most languages have; None where there is nothing to draw."""
    sheet, data = recipe.sheet, recipe.data
    if not sheet.prompts or "validation" not in dataset.splits:
        return None
    others = [tag for tag in dataset.languages if tag not in data.languages]
    languages = sheet.languages or (*data.languages, *others)[:_MOST]
    split = dataset.split("validation", languages, data.sources or None, complete=False)
    counts = sum(np.diff(split.captions[tag].offsets) > 0 for tag in languages)
    rows = np.argsort(-np.asarray(counts), kind="stable")[: sheet.prompts]
    said = tuple(
        tuple((split.captions[tag].of(int(row)) or [""])[0] for tag in languages) for row in rows if np.any(counts)
    )
    return Drawing(tuple(languages), said) if said else None


def states_of(model: PaintModel, prompts: Sequence[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """What the adapter reads of some prompts and of the empty one, each by itself."""
    found = {prompt: model.text.read([prompt], model.kind) for prompt in dict.fromkeys([*prompts, ""])}
    return {prompt: (one.states.cpu(), one.mask.cpu()) for prompt, one in found.items()}


@torch.no_grad()
def draw_sheet(
    scheduler: Any,
    drawing: Drawing,
    read: dict[str, tuple[Tensor, Tensor]],
    sheet: Sheet,
    size: tuple[int, int, int],
    model: PaintModel,
    path: Path,
) -> None:
    """Draw all prompts of a sheet, those of a row from the same noise, and save it as a PNG file, with its prompts beside it.

    Args:
        read: what the adapter reads of each, as `states_of` gives it.
        size: channels, height and width of what is noisy.

    Raises:
        UserError: the disk is full.
    """
    from isogloss.models.paint_files.pipeline import PaintPipeline

    device = next(model.adapter.parameters()).device
    # Without a text encoder, which may be set aside: what it says of these prompts is known.
    pipeline: Any = PaintPipeline(None, None, model.adapter, model.unet, scheduler, model.vae)

    def encode(prompts: list[str]) -> tuple[Tensor, Tensor]:
        found = [read[prompt] for prompt in prompts]
        states = torch.nn.utils.rnn.pad_sequence([states[0] for states, _ in found], batch_first=True)
        mask = torch.nn.utils.rnn.pad_sequence([mask[0] for _, mask in found], batch_first=True)
        return model.adapter(states.to(device), mask.to(device))

    pipeline.encode_prompt = encode
    pipeline.set_progress_bar_config(disable=True)
    factor, columns = model.scale, len(drawing.languages)
    pictures: list[Image.Image] = []
    for number, prompts in enumerate(drawing.prompts):
        noise = torch.randn((1, *size), generator=torch.Generator().manual_seed(number))
        drawn = pipeline(
            list(prompts),
            num_inference_steps=sheet.steps,
            guidance_scale=sheet.guidance,
            height=size[1] * factor,
            width=size[2] * factor,
            latents=noise.expand(columns, -1, -1, -1),
        )
        pictures += drawn.images
    wide, high = pictures[0].width + _GAP, pictures[0].height + _GAP
    whole = Image.new("RGB", (columns * wide - _GAP, len(drawing.prompts) * high - _GAP), "white")
    for number, picture in enumerate(pictures):
        whole.paste(picture, (number % columns * wide, number // columns * high))
    with new_file(path) as partial:
        whole.save(partial, "PNG")
    write_json(path.parent / "prompts.json", {"languages": drawing.languages, "prompts": drawing.prompts})
