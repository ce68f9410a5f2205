"""What a chat model brings to the loop: two stages, each with its conversations, its loss and its validation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import DistributedType
from torch import nn
from transformers import LlavaProcessor

from isogloss.data.batch import Batches
from isogloss.data.chat_batch import ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.data.lessons import lessons, lessons_in
from isogloss.data.mixture import Mixture
from isogloss.losses import Losses
from isogloss.losses.gather import gather_rows
from isogloss.losses.language_model import language_model_loss
from isogloss.losses.visual_size import visual_excess, word_size
from isogloss.models.chat import ChatModel
from isogloss.models.chat_building import build_chat
from isogloss.models.chat_saving import load_chat, save_chat
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.models.lora import add_lora, merge_lora
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.features import Features
from isogloss.train.half import held_in_bfloat16
from isogloss.train.lm_validation import LOSS_CONVERSATIONS, held_back
from isogloss.train.loop import fit
from isogloss.train.process import attention_over, start_process
from isogloss.train.stages import frozen_at, never_trained

EYES = "vision_tower.*"


def chat_loss(
    model: nn.Module, batch: ChatBatch, features: Features | None = None, *, excess: float = 0.0, size: float = 1.0
) -> Losses:
    """Cross entropy of what is learnt in a batch, over all processes, and what visual tokens are larger than words.

    Args:
        features: of the pictures, for batches without pixels.
        excess: the weight of a visual token's excess (`isogloss.losses.visual_size`), for each learnt token.
        size: of words.
    """
    seen = None
    if features is not None and batch.pixel_values is not None:
        features.forget()  # the eyes train, and see otherwise when they are frozen again
    elif features is not None and len(batch.images):
        bare: Any = getattr(model, "module", model)
        seen = features.of(batch.images, bare.visual_features)
    with attention_over(batch.input_ids.shape[1]):
        output: Any = model(
            input_ids=batch.input_ids,
            position_ids=batch.position_ids,
            pixel_values=batch.pixel_values if batch.pixel_values is not None and len(batch.pixel_values) else None,
            features=seen,
            labels=batch.labels,
        )
    losses = language_model_loss(output.logits, output.targets)
    if not excess:
        return losses
    # For each learnt token, as the cross entropy is, so that the parts of a step make the same whole.
    larger = gather_rows(visual_excess(output.visual, size)).sum() / max(1, losses.terms or 0)
    parts = {"words": losses.total.detach(), "excess": larger.detach()}
    return replace(losses, total=losses.total + excess * larger, parts=parts)


def chat_tokens(model: ChatModel, processor: LlavaProcessor, most: int) -> ChatTokens:
    """How conversations become token numbers for a chat model."""
    return ChatTokens(processor.tokenizer, model.config.image_token_id, model.config.visual_tokens, most)


def sees_anew(stage: ChatStage, step: int, steps_per_epoch: int) -> bool:
    """Whether a step has to look at its pictures, because the eyes train or nothing is kept."""
    return not stage.cache or EYES not in frozen_at(stage.stages, step, stage.training.steps, steps_per_epoch)


def train_chat(recipe: ChatRecipe, folder: Path, accelerator: Accelerator, quiet: bool = False) -> Path:
    """Train a chat model in its two stages, and save it with its processor as `folder/model`.

    The folders `align` and `instruct` hold the log and the checkpoints of each.

    Raises:
        UserError: the dataset lacks a language, a part is absent or does not fit, or training cannot go on.
    """
    model, processor = _built(recipe) if recipe.start is None else load_chat(recipe.start)
    dataset = Dataset.open(recipe.data.dataset)
    for name, stage in (("align", recipe.align), ("instruct", recipe.instruct)):
        if not stage.skipped:
            accelerator = start_process(stage.training, folder / name)
            _train_stage(recipe, stage, model, processor, dataset, folder / name, accelerator, quiet)
    if accelerator.is_main_process:
        save_chat(model, processor, folder / "model")
    accelerator.wait_for_everyone()
    return folder / "model"


def _built(recipe: ChatRecipe) -> tuple[ChatModel, LlavaProcessor]:
    return build_chat(
        recipe.vision,
        recipe.language_model,
        recipe.connector,
        image_size=recipe.data.image_size,
        vision_feature_layer=recipe.vision_feature_layer,
        chat_template=recipe.chat_template,
    )


def _train_stage(
    recipe: ChatRecipe,
    stage: ChatStage,
    model: ChatModel,
    processor: LlavaProcessor,
    dataset: Dataset,
    folder: Path,
    accelerator: Accelerator,
    quiet: bool,
) -> None:
    reading = _Reading(dataset, recipe.data, chat_tokens(model, processor, stage.row_tokens), processor.image_processor)
    learnt = _learnt(stage, reading, accelerator)
    held_out = _held_out(stage, reading)
    fit_stage(
        model,
        learnt,
        stage,
        features=_kept(stage, learnt),
        folder=folder,
        accelerator=accelerator,
        validate=validation(held_out) if held_out else None,
        description=None if quiet else f"{folder.parent.name} {folder.name}",
    )


@dataclass(frozen=True)
class _Reading:
    """How a stage reads a dataset: conversations as tokens, pictures in the size and scale of the vision tower."""

    dataset: Dataset
    data: ChatData
    tokens: ChatTokens
    image_processor: Any

    def pictures(self, split: str) -> Pictures:
        shown = self.dataset.split(split, ())
        size = picture_size(self.image_processor)
        return Pictures(self.dataset, shown, size, keep=self.data.keep_pictures, threads=self.data.threads)

    def batches(
        self, parts: Mapping[str, Sequence[Conversation]], mixture: Mixture, pictures: Pictures, **how: Any
    ) -> ChatBatches:
        mean, deviation = pixel_scale(self.image_processor)
        # A row is as long as a conversation may be.
        return ChatBatches(
            parts, self.tokens, mixture, self.tokens.most, pictures, mean=mean, deviation=deviation, **how
        )


def _learnt(stage: ChatStage, reading: _Reading, accelerator: Accelerator) -> ChatBatches:
    """What a process trains on in a stage."""
    parts = lessons(reading.dataset, "train", stage.source, stage.languages, stage.sources, stage.shares)
    sizes = {language: len(part) for language, part in parts.items()}
    mixture = Mixture(sizes, stage.proportions or None, stage.conversations_per_step, stage.training.seed)
    return reading.batches(
        parts,
        mixture,
        reading.pictures("train"),
        with_pixels=lambda step: sees_anew(stage, step, mixture.steps_per_epoch),
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )


def _held_out(stage: ChatStage, reading: _Reading) -> dict[str, ChatBatches]:
    """What a stage is validated on, by language; translations that are for training alone have none."""
    if "validation" not in reading.dataset.splits:
        return {}
    pictures = reading.pictures("validation")
    found: dict[str, ChatBatches] = {}
    for language in stage.languages:
        there = lessons_in(reading.dataset, "validation", stage.source, language, stage.sources)
        if part := held_back(there, LOSS_CONVERSATIONS):
            all_at_once = Mixture({language: len(part)}, None, len(part), seed=0)
            found[language] = reading.batches({language: part}, all_at_once, pictures, with_pixels=True)
    return found


def _kept(stage: ChatStage, learnt: ChatBatches) -> Features | None:
    if not stage.cache or learnt.pictures is None:
        return None
    return Features(learnt.pictures, learnt.mean, learnt.deviation)


def fit_stage(
    model: ChatModel,
    learnt: Batches,
    stage: ChatStage,
    *,
    features: Features | None,
    folder: Path,
    accelerator: Accelerator,
    validate: Callable[[Any], dict[str, float]] | None = None,
    description: str | None = None,
) -> None:
    """Train a chat model in one stage, on batches that are made already.

    Args:
        learnt: the batches of this process.
        features: of the pictures, while the eyes are frozen; None to look at every picture anew.
        folder, accelerator, validate, description: as for `fit`.
    """
    words: Any = model.get_input_embeddings()
    size = word_size(words.weight)  # as the stage begins: no moving target
    model.language_model = add_lora(model.language_model, stage.lora)

    def loss(model: nn.Module, batch: ChatBatch) -> Losses:
        with accelerator.autocast():  # which a frozen tower is read outside of the model's own forward pass in, too
            return chat_loss(model, batch, features, excess=stage.excess, size=size)

    with held_in_bfloat16(model, _at_rest(model, stage, learnt.steps_per_epoch, accelerator)):
        fit(
            model,
            learnt,
            loss,
            training=stage.training,
            folder=folder,
            accelerator=accelerator,
            stages=stage.stages,
            validate=validate,
            description=description,
        )
    model.language_model = merge_lora(model.language_model, stage.lora)


def _at_rest(model: ChatModel, stage: ChatStage, steps_per_epoch: int, accelerator: Accelerator) -> set[str]:
    """The parameters of the language model that never train in a stage, where they can be held in bfloat16."""
    if accelerator.mixed_precision != "bf16" or accelerator.distributed_type == DistributedType.FSDP:
        return set()  # FSDP shards parameters of one type only
    fixed = {name for name, value in model.named_parameters() if not value.requires_grad}
    never = never_trained(model, stage.stages, stage.training.steps, steps_per_epoch, fixed)
    return {name for name in never if name.startswith("language_model.")}


def validation(batches: Mapping[str, ChatBatches]) -> Callable[[Any], dict[str, float]]:
    """The validation of a stage: the loss on held-out conversations, by language and on average.

    Args:
        batches: of each language, whose first step has all that there is.
    """
    read: dict[str, ChatBatch] = {}

    def validate(model: ChatModel) -> dict[str, float]:
        losses: dict[str, float] = {}
        for language, held_out in batches.items():
            if language not in read:
                read[language] = held_out[0]
            losses[f"{language}_loss"] = float(chat_loss(model, read[language].to(model.device)).total)
        return {"loss": sum(losses.values()) / len(losses), **losses}

    return validate
