"""What a paint model brings to the loop: its batches, its loss, what is kept of its frozen parts, and its validation."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures, PictureSize
from isogloss.data.paint_batch import PaintBatch, PaintBatches
from isogloss.data.prompts import Prompts
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError
from isogloss.losses import Losses
from isogloss.losses.denoise import Denoising, denoise_loss, draw_timesteps, make_noisy, min_snr_weights
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.lora import add_lora, merge_lora
from isogloss.models.paint import PaintModel
from isogloss.models.paint_building import build_paint
from isogloss.models.paint_saving import load_paint, save_paint
from isogloss.models.paint_scheduler import build_scheduler
from isogloss.train.ema import Average
from isogloss.train.half import held_in_bfloat16
from isogloss.train.kept import MadeOf
from isogloss.train.loop import fit
from isogloss.train.paint_kept import keep_latents, keep_states
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.paint_sheet import chosen_prompts, draw_sheet, states_of
from isogloss.train.paint_validation import IMAGES, held_out, validation
from isogloss.train.stages import never_trained

# The layers of a UNet that get an adapter: all of its attention, as Diffusers' own training scripts choose them.
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")


def paint_loss(model: nn.Module, batch: PaintBatch, denoising: Denoising) -> Losses:
    """The weighted error of what is told from the noise in a batch, over all processes."""
    bare: Any = getattr(model, "module", model)
    clean, (states, mask) = _clean(batch, bare), _states(batch, bare)
    timesteps = draw_timesteps(denoising, batch.chance)
    noisy, target = make_noisy(denoising, clean, batch.noise, timesteps)
    # Convolutions are faster with the channels innermost; nothing else notices.
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    prediction = model(noisy, timesteps, states.float(), mask, batch.dropped)
    return denoise_loss(prediction, target, min_snr_weights(denoising, timesteps))


def _states(batch: PaintBatch, model: PaintModel) -> tuple[Tensor, Tensor]:
    """What the adapter reads of the captions, [image, token, dim], and its mask."""
    if batch.texts.is_floating_point():
        return batch.texts, batch.mask
    read = model.text(batch.texts, batch.mask, model.kind).for_adapter(model.kind)
    return read.states, read.mask


def _clean(batch: PaintBatch, model: PaintModel) -> Tensor:
    """What is to be painted: pixels by their places, or a draw of the VAE's latents, [image, channel, height, width]."""
    if batch.second_noise is None:
        return model.encode(batch.pictures)
    mean, deviation = batch.pictures, batch.deviation
    if deviation is None:
        mean, deviation = model.posterior(batch.pictures)
    return mean.float() + deviation.float() * batch.second_noise


def train_paint(recipe: PaintRecipe, folder: Path, accelerator: Accelerator, quiet: bool = False) -> Path:
    """Train a paint model, and save it as a Diffusers pipeline in `folder/model`.

    Raises:
        UserError: the dataset lacks a language, a part is absent or does not fit, or training cannot go on.
    """
    model = built(recipe) if recipe.start is None else started(recipe.start, recipe.denoising)
    reading = Reading(recipe, Dataset.open(recipe.data.dataset), model, accelerator)
    model.unet.register_to_config(sample_size=reading.shape[-1])  # which pictures of the saved model will have
    model.unet = add_lora(model.unet, recipe.lora, ATTENTION, "UNet")
    model.unet.to(memory_format=torch.channels_last)
    fit_paint(model, reading, folder, quiet)
    model.unet = merge_lora(model.unet, recipe.lora)
    model.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    if accelerator.is_main_process:
        save_paint(model.cpu(), build_scheduler(recipe.denoising), folder / "model")
        shutil.rmtree(folder / "kept", ignore_errors=True)
    accelerator.wait_for_everyone()
    return folder / "model"


def built(recipe: PaintRecipe) -> PaintModel:
    """The model of a recipe that starts from its parts."""
    vae = None if recipe.vae is None else DiffusersPart(model=recipe.vae)
    return build_paint(recipe.text, recipe.unet, vae, adapter=recipe.adapter, reading=recipe.reading)


def started(start: str, denoising: Denoising) -> PaintModel:
    """A model to go on from.

    Raises:
        UserError: there is none, or it was trained to predict something else.
    """
    model, scheduler = load_paint(start)
    trained = getattr(scheduler.config, "prediction_type", None) or "flow"
    if trained != denoising.prediction:
        raise UserError(
            f"The model {start} predicts {trained} and the recipe {denoising.prediction}; set denoising.prediction to {trained}."
        )
    return model


@dataclass(frozen=True)
class Reading:
    """How a run reads its dataset."""

    recipe: PaintRecipe
    dataset: Dataset
    model: PaintModel
    accelerator: Accelerator

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of what is noisy."""
        own, scale = self.model.unet.config.sample_size, self.model.scale
        own = own[0] if isinstance(own, list | tuple) else own
        side = self.recipe.data.image_size or (own or 0) * scale
        if not side or side % scale:
            raise UserError(
                f"image_size is {self.recipe.data.image_size}, and this model paints pictures of a multiple of {scale} pixels; "
                "set data.image_size to one."
            )
        return self.model.channels, side // scale, side // scale

    def batches(self, split: str, languages: tuple[str, ...]) -> PaintBatches:
        """What this process trains on, or all of what is held out in a language."""
        from isogloss.models.paint_files.pipeline import read_prompts

        data, training = self.recipe.data, self.recipe.training
        learnt = split == "train"
        found = self.dataset.split(split, languages, data.sources or None, complete=learnt)
        prompts = Prompts(found, languages, data.shares if learnt else {})
        images = data.images_per_step if learnt else min(IMAGES, max(1, len(prompts.images)))
        channels, side, _ = self.shape
        size = side * self.model.scale
        text = self.model.text
        # Of the tokenizer alone, which is all that a process that prepares batches has to hold.
        tokenise = partial(read_prompts, text.tokenizer, tokens=text.reading.tokens, fills=text.reading.fills)
        pictures = Pictures(
            self.dataset, found, PictureSize(size, size), keep=data.keep_pictures and learnt, threads=data.threads
        )
        return PaintBatches(
            pictures,
            prompts,
            tokenise,
            Sampler(len(prompts.images), images, training.seed if learnt else 0),
            (channels, side, side),
            latent=self.model.vae is not None,
            dropped=self.recipe.dropped if learnt else 0.0,
            crop=data.crop if learnt else "centre",
            process=self.accelerator.process_index if learnt else 0,
            processes=self.accelerator.num_processes if learnt else 1,
        )


def fit_paint(model: PaintModel, reading: Reading, folder: Path, quiet: bool = True) -> None:
    """Train a paint model, whose text side is set aside while its states are kept."""
    recipe, accelerator = reading.recipe, reading.accelerator
    learnt = reading.batches("train", recipe.data.languages)
    model.to(accelerator.device)
    reached = [0]

    def loss(model: nn.Module, batch: PaintBatch) -> Losses:
        with accelerator.autocast():  # which the frozen parts are outside of the model's own forward pass in, too
            return paint_loss(model, batch, recipe.denoising)

    with _text_in_bfloat16(model, accelerator):
        validate = _validation(model, reading, folder, loss, reached)
        learnt, made_of = keep(model, learnt, recipe, folder, accelerator, quiet)
        with set_aside(model, wanted=recipe.keep_text):
            average = _average(model, recipe, learnt.steps_per_epoch)

            def stepped(step: int) -> None:
                reached[0] = step
                if average is not None:
                    average.step()

            accelerator.register_for_checkpointing(made_of, *([average] if average else []))
            fit(
                model,
                learnt,
                loss,
                training=recipe.training,
                folder=folder,
                accelerator=accelerator,
                stages=recipe.stages,
                validate=validate(average) if validate else None,
                stepped=stepped,
                description=None if quiet else folder.name,
            )
    if average is not None:
        average.put()


def keep(
    model: PaintModel, learnt: PaintBatches, recipe: PaintRecipe, folder: Path, accelerator: Accelerator, quiet: bool
) -> tuple[PaintBatches, MadeOf]:
    """Batches of what frozen parts make of the training set, and what that is."""
    place = folder / "kept" if recipe.kept is None else Path(recipe.kept)
    names: list[str] = []
    if recipe.keep_text:
        states = keep_states(model, learnt.prompts, place, accelerator, quiet=quiet)
        learnt = replace(learnt, states=states.of)
        names.append(states.folder.name)
    if recipe.keep_latents and model.vae is not None:
        latents = keep_latents(model, learnt.pictures, learnt.prompts, place, accelerator, quiet=quiet)
        learnt = replace(learnt, latents=latents.of)
        names.append(latents.folder.name)
    return learnt, MadeOf(tuple(names))


@contextmanager
def set_aside(model: Any, wanted: bool) -> Generator[None]:
    """Have the text side out of the model for a while: out of the device's memory and out of checkpoints."""
    text = model.text
    if wanted:
        model.text = None
        text.cpu()
    try:
        yield
    finally:
        model.text = text


@contextmanager
def _text_in_bfloat16(model: PaintModel, accelerator: Accelerator) -> Generator[None]:
    """Hold the text side in bfloat16 where products are computed in it."""
    text = model.text
    half = accelerator.mixed_precision == "bf16"
    with held_in_bfloat16(text, {name for name, _ in text.named_parameters()} if half else set[str]()):
        yield


def _average(model: PaintModel, recipe: PaintRecipe, steps_per_epoch: int) -> Average | None:
    if not recipe.ema:
        return None
    fixed = {name for name, value in model.named_parameters() if not value.requires_grad}
    never = never_trained(model, recipe.stages, recipe.training.steps, steps_per_epoch, fixed)
    return Average(model, {name for name, _ in model.named_parameters()} - never, recipe.ema)


def _validation(
    model: PaintModel, reading: Reading, folder: Path, loss: Callable[..., Losses], reached: list[int]
) -> Callable[[Average | None], Callable[[Any], dict[str, float]]] | None:
    """The validation, for which the frozen parts are needed once and now; None where no caption is held out."""
    recipe, accelerator = reading.recipe, reading.accelerator
    if "validation" not in reading.dataset.splits:
        return None
    languages = recipe.data.languages
    said = reading.dataset.split("validation", languages, recipe.data.sources or None, complete=False).captions
    spoken = {tag: reading.batches("validation", (tag,)) for tag in languages if len(said[tag])}
    if not spoken:
        return None
    held = {tag: held_out(model, batches, accelerator) for tag, batches in spoken.items()}
    drawing, draw = chosen_prompts(recipe, reading.dataset), None
    if drawing is not None:
        with accelerator.autocast(), torch.no_grad():
            read = states_of(model, drawing.all)
        draw = partial(draw_sheet, build_scheduler(recipe.denoising), drawing, read, recipe.sheet, reading.shape)
    return partial(
        validation, held, loss, draw, lambda: folder / "pictures" / f"step-{reached[0]:08d}.png", accelerator
    )
