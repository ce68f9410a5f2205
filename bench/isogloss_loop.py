"""The demo's dual encoder through isogloss's own loop, timed from outside: nothing in the loop knows of it."""

import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from isogloss.data.batch import Batch, ParallelBatches, captioned
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures, PictureSize
from isogloss.data.sampler import Sampler
from isogloss.data.text import ParallelText
from isogloss.losses import Losses
from isogloss.losses.parallel import parallel_loss
from isogloss.models.lengths import by_length
from isogloss.models.tokenizer import train_tokenizer
from isogloss.models.towers import Tower, build_dual_encoder, preparation
from isogloss.recipes.clip_emoji_parallel import recipe as demo
from isogloss.recipes.text_emoji import recipe as text_stage
from isogloss.train.clip import clip_loss
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.loop import fit
from isogloss.train.process import start_process


@dataclass(frozen=True)
class World:
    """What every variant trains on and with.

    Attributes:
        recipe: the demo's, its text tower with random weights and the tokenizer that lies beside.
        pictures: of the training split, all decoded.
        tokenizer: the text stage's, trained on the names of the training split.
    """

    recipe: ClipRecipe
    pictures: Pictures
    tokenizer: Any


def open_world(dataset: Dataset, workplace: Path, images_per_step: int | None) -> World:
    """The demo's model and data, without its text stage: the speed of a step does not depend on the weights.

    Args:
        workplace: a folder for the tokenizer.
        images_per_step: None for as many as the demo takes.
    """
    names = ParallelText.of(dataset, (), ())
    tokenizer = train_tokenizer(names.texts(), text_stage.vocabulary, text_stage.tokens)
    tokenizer.save_pretrained(workplace / "tokenizer")
    text = Tower(
        config={
            **text_stage.config,
            "vocab_size": len(tokenizer),
            "pad_token_id": tokenizer.pad_token_id,
        },
        tokenizer=str(workplace / "tokenizer"),
    )
    train = dataset.split("train", demo.data.languages)
    size = demo.data.image_size or 64
    pictures = Pictures(dataset, train, PictureSize(size, size), keep=True)
    pictures.batch(np.arange(len(train)))  # decoding is done once in a run, so it is no part of a step
    data = replace(demo.data, images_per_step=images_per_step or demo.data.images_per_step)
    return World(replace(demo, text=text, data=data), pictures, tokenizer)


@dataclass
class Timed:
    """Batches that note when each was asked for, which is when the step before it was done."""

    batches: tuple[ParallelBatches, ...]
    asked: list[float] = field(default_factory=list[float])

    @property
    def images_per_step(self) -> int:
        return self.batches[0].images_per_step

    @property
    def steps_per_epoch(self) -> int:
        return self.batches[0].steps_per_epoch * len(self.batches)

    def __getitem__(self, step: int) -> Batch:
        self.asked.append(time.perf_counter())
        return self.batches[step % len(self.batches)][step // len(self.batches)]


def padded_loss(model: nn.Module, batch: Batch, objective: str) -> Losses:
    """The demo's loss with all captions padded to the longest and read at once."""
    with patch("isogloss.models.clip.by_length", lambda mask: by_length(mask, 1)):
        output: Any = model(
            pixel_values=batch.pixel_values.contiguous(memory_format=torch.channels_last),
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            return_logits=False,
        )
    return parallel_loss(output.image_embeds, output.text_embeds, batch.owner, output.scale)


def isogloss_steps(
    world: World, languages: tuple[str, ...], *, steps: int, grouped: bool = True, apart: bool = False
) -> list[float]:
    """Train for some steps, and return how long each took, in seconds, its batch included.

    Args:
        languages: of the captions.
        grouped: captions are read in groups of like length.
        apart: each step trains one language, in turn, instead of all in parallel.
    """
    # The last step also saves a checkpoint, so it is one more than is timed.
    training = replace(
        world.recipe.training, steps=steps + 1, log_every=10, validate_every=0, checkpoint_every=0, checkpoints_kept=1
    )
    recipe = replace(world.recipe, training=training)
    with tempfile.TemporaryDirectory() as folder:
        accelerator = start_process(training, Path(folder))
        model, processor = build_dual_encoder(
            recipe.vision,
            recipe.text,
            projection_dim=recipe.projection_dim,
            text_tokens=recipe.text_tokens,
            image_size=recipe.data.image_size,
        )
        model.to(memory_format=torch.channels_last)
        prepared = preparation(processor, model.config)
        batches = Timed(
            tuple(
                ParallelBatches(
                    pictures=world.pictures,
                    languages=together,
                    preparation=prepared,
                    sampler=Sampler(
                        len(captioned(world.pictures.split, together)), recipe.data.images_per_step, training.seed
                    ),
                    captions_per_language=recipe.data.captions_per_language,
                    hidden_tokens=recipe.data.hidden_tokens,
                    augmentation=recipe.data.augmentation,
                )
                for together in (((language,) for language in languages) if apart else (languages,))
            )
        )
        loss = clip_loss if grouped else padded_loss
        fit(
            model,
            batches,
            lambda model, batch: loss(model, batch, recipe.objective),
            training=training,
            folder=Path(folder),
            accelerator=accelerator,
            description=None,
        )
    return np.diff(batches.asked).tolist()
