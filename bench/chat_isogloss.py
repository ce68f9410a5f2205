"""The chat model through isogloss's own batches and loop, timed from outside: nothing in the loop knows of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from chat_peer import Settings, Talk
from chat_world import ROW_TOKENS, World

from isogloss.data.chat_batch import IGNORED, ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.data.mixture import Mixture
from isogloss.models.chat import ChatModel
from isogloss.models.chat_saving import load_chat
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.train.chat import chat_tokens, fit_stage
from isogloss.train.chat_recipe import ChatStage
from isogloss.train.features import Features
from isogloss.train.optim import Optimisation
from isogloss.train.process import start_process
from isogloss.train.stages import Stage
from isogloss.train.training import Training

FROZEN: Mapping[str, tuple[str, ...]] = {"align": ("vision_tower", "language_model", "lm_head"), "instruct": ()}


@dataclass
class Timed:
    """Batches that tell when each is asked for, which is when the step before it is done."""

    batches: ChatBatches
    told: Callable[[int | None], None]
    learnt: int | None = None

    @property
    def images_per_step(self) -> int:
        return self.batches.images_per_step

    @property
    def steps_per_epoch(self) -> int:
        return self.batches.steps_per_epoch

    def __getitem__(self, step: int) -> ChatBatch:
        self.told(self.learnt)
        batch = self.batches[step]
        self.learnt = int((batch.labels != IGNORED).sum())
        return batch


def make_batches(world: World, stage: str, model: ChatModel, processor: Any, settings: Settings) -> ChatBatches:
    """The batches of a stage, with pixels."""
    conversations: list[Conversation] = getattr(world, stage)
    dataset, images = Dataset.open(world.dataset), processor.image_processor
    mean, deviation = pixel_scale(images)
    return ChatBatches(
        {stage: conversations},
        chat_tokens(model, processor, ROW_TOKENS),
        Mixture({stage: len(conversations)}, None, settings.conversations, 0),
        ROW_TOKENS,
        Pictures(dataset, dataset.split("train", ()), picture_size(images)),
        mean=mean,
        deviation=deviation,
        with_pixels=True,
    )


def train(
    world: World, stage: str, folder: Path, settings: Settings, callback: Callable[[int | None], None], kept: bool
) -> None:
    """Train as `isogloss train` does.

    Args:
        folder: for the log and the checkpoints.
        callback: told of each step with the tokens of loss that it had, until it raises something.
        kept: what the vision tower makes of each picture is kept, and was made before the first step.
    """
    optimisation = Optimisation(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        betas=settings.betas,
        epsilon=settings.epsilon,
        warmup=settings.warmup,
        largest_gradient=settings.largest_gradient,
    )
    training = Training(
        steps=settings.steps,
        precision="bfloat16" if settings.bfloat16 else "float32",
        validate_every=0,
        checkpoint_every=0,
        optimisation=optimisation,
    )
    accelerator = start_process(training, folder)
    model, processor = load_chat(world.model)
    batches = make_batches(world, stage, model, processor, settings)
    features = None
    if kept:
        assert batches.pictures is not None
        batches = replace(batches, with_pixels=False)
        features = Features(batches.pictures, batches.mean, batches.deviation)
        with accelerator.autocast():  # as in the loop
            features.of(torch.arange(len(batches.pictures)), model.visual_features)
    frozen = tuple(f"{name}.*" for name in FROZEN[stage] if name != "lm_head")
    fit_stage(
        model,
        Timed(batches, callback),
        ChatStage(stages=(Stage(frozen=frozen),) if frozen else (), training=training),
        features=features,
        folder=folder,
        accelerator=accelerator,
    )


def talks_of(world: World, stage: str, settings: Settings, count: int) -> list[Talk]:
    """Conversations for the peer, in the order in which isogloss takes them, at least `count` and as many as there are."""
    conversations: list[Conversation] = getattr(world, stage)
    mixture = Mixture({stage: len(conversations)}, None, settings.conversations, 0)
    split = Dataset.open(world.dataset).split("train", ())
    table = split.images.select(["key", "file", "offset", "length"]).to_pylist()
    places = {row["key"]: (world.dataset / row["file"], row["offset"], row["length"]) for row in table}
    order: list[int] = []
    while len(order) < max(count, len(conversations) // settings.conversations * settings.conversations):
        order += [row for _, row in mixture.taken(len(order) // settings.conversations)]
    return [
        Talk([(turn.role, turn.text) for turn in one.turns], *places[one.images[0]])
        for one in (conversations[row] for row in order)
    ]
