"""A paint recipe for the small world of shapes: tiny parts, pixels, and a text side that knows what is said there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from models.tiny_paint import UNET, save_pair
from train.small_chat import IMAGE_SIZE, small_world, small_writer

from isogloss.losses.denoise import Denoising
from isogloss.models.adapter import Adapter
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower
from isogloss.train.optim import Optimisation
from isogloss.train.paint_recipe import PaintData, PaintRecipe, Sheet
from isogloss.train.stages import Stage
from isogloss.train.training import Training

__all__ = ["BUT_CROSS_ATTENTION", "paint_recipe", "save_pair", "small_world", "small_writer"]

BUT_CROSS_ATTENTION = ("unet.*", "!unet.*attn2.*")


def paint_recipe(world: Path, writer: Path, pair: Path | None = None, **training: Any) -> PaintRecipe:
    """Eight steps, in the first three of which the adapter and cross attention train alone.

    Args:
        pair: a folder of a UNet and a VAE, as `save_pair` makes it; None to paint pixels.
    """
    settings = Training(
        steps=8,
        precision="float32",
        log_every=2,
        validate_every=4,
        checkpoint_every=2,
        optimisation=Optimisation(learning_rate=3e-3),
    )
    return PaintRecipe(
        data=PaintData(str(world), images_per_step=5, image_size=IMAGE_SIZE, keep_pictures=True),
        text=Tower(model=str(writer)),
        unet=DiffusersPart(config=UNET) if pair is None else DiffusersPart(model=str(pair)),
        vae=None if pair is None else str(pair),
        reading=Reading(tokens=48),
        adapter=Adapter(kind="both", queries=2),
        denoising=Denoising(prediction="flow"),
        dropped=0.2,
        ema=0.9,
        stages=(Stage(frozen=BUT_CROSS_ATTENTION), Stage(start=3)),
        sheet=Sheet(prompts=2, steps=2),
        training=replace(settings, **training),
    )
