"""What a chat model brings to the loop: two stages, each with its conversations, its loss and its validation."""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from transformers import LlavaProcessor

from isogloss.data.batch import Batches
from isogloss.data.chat_batch import ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.dataset import Dataset
from isogloss.losses import Losses
from isogloss.losses.gather import gather_rows
from isogloss.losses.language_model import language_model_loss
from isogloss.losses.visual_size import visual_excess, word_size
from isogloss.models.chat import ChatModel
from isogloss.models.chat_building import build_chat
from isogloss.models.chat_saving import chat_config, load_chat, save_chat
from isogloss.models.lora import add_lora, merge_lora
from isogloss.models.tower import tower_config
from isogloss.train.accumulation import largest_part, loss_in_parts
from isogloss.train.chat_reading import EYES, Reading, held_out, learnt
from isogloss.train.chat_recipe import ChatRecipe, ChatStage
from isogloss.train.features import Features
from isogloss.train.half import held_in_bfloat16
from isogloss.train.loop import fit
from isogloss.train.memory import memory_each
from isogloss.train.process import attention_over, start_process
from isogloss.train.stages import never_trained, phases_of

# Of the memory that a process has, what features of pictures may take: beside them stand the model, Adam's state and the
# processes that prepare batches.
KEPT_SHARE = 0.25


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
            pixel_values=_innermost(batch.pixel_values),
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


def _innermost(pixels: Tensor | None) -> Tensor | None:
    """Pictures with the channels innermost, as convolutions want them; None for none."""
    return None if pixels is None or not len(pixels) else pixels.contiguous(memory_format=torch.channels_last)


def chat_tokens(model: ChatModel, processor: LlavaProcessor, most: int) -> ChatTokens:
    """How conversations become token numbers for a chat model."""
    return ChatTokens(processor.tokenizer, model.config.image_token_id, model.config.visual_tokens, most)


def train_chat(recipe: ChatRecipe, folder: Path, accelerator: Accelerator, quiet: bool = False) -> Path:
    """Train a chat model in its two stages, and save it with its processor as `folder/model`.

    It trains in float32, and is saved in bfloat16 where its language model came in that and the last stage computed in it.
    The folders `align` and `instruct` hold the log and the checkpoints of each.

    Raises:
        UserError: the dataset lacks a language, a part is absent or does not fit, or training cannot go on.
    """
    came_in = _came_in(recipe)
    model, processor = _built(recipe) if recipe.start is None else load_chat(recipe.start, dtype=torch.float32)
    model.vision_tower.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    dataset = Dataset.open(recipe.data.dataset)
    for name, stage in (("align", recipe.align), ("instruct", recipe.instruct)):
        if not stage.skipped:
            accelerator = start_process(stage.training, folder / name)
            _train_stage(recipe, stage, model, processor, dataset, folder / name, accelerator, quiet)
    if accelerator.is_main_process:
        if accelerator.mixed_precision == "bf16" and came_in == torch.bfloat16:
            # Half the size, of weights that every product has rounded so.
            model.to(dtype=torch.bfloat16)  # pyright: ignore[reportCallIssue]
        save_chat(model, processor, folder / "model")
    accelerator.wait_for_everyone()
    return folder / "model"


def _came_in(recipe: ChatRecipe) -> Any:
    """The float type that the language model was saved in."""
    if recipe.start is not None:
        return chat_config(recipe.start).dtype
    return tower_config(recipe.language_model, "text").dtype if recipe.language_model.pretrained else None


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
    reading = Reading(dataset, recipe.data, chat_tokens(model, processor, stage.row_tokens), processor.image_processor)
    batches = learnt(stage, reading, accelerator.process_index, accelerator.num_processes)
    seen, texts = held_out(stage, reading)
    together = largest_part(batches.images_per_step, accelerator.num_processes, stage.training.micro_batches)
    fit_stage(
        model,
        batches,
        stage,
        features=_kept(model, stage, batches, accelerator),
        folder=folder,
        accelerator=accelerator,
        validate=validation(seen, texts, together) if seen or texts else None,
        description=None if quiet else f"{folder.parent.name} {folder.name}",
    )


def _kept(model: ChatModel, stage: ChatStage, learnt: ChatBatches, accelerator: Accelerator) -> Features | None:
    """Where features of the pictures are kept: in the type that they are multiplied in, and in a share of the memory."""
    if not stage.cache or learnt.pictures is None:
        return None
    kind = torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32
    room = int(KEPT_SHARE * memory_each(accelerator.num_processes))
    pictures = len(learnt.pictures.split)
    whole = pictures * math.prod(model.config.features) * kind.itemsize
    phases = phases_of(stage.stages, stage.training.steps, learnt.steps_per_epoch)
    if whole > room and accelerator.is_main_process and any(EYES in frozen for frozen, _ in phases):
        warnings.warn(
            f"What frozen eyes make of {pictures:,} pictures takes {whole / 1e9:,.1f} GB, of which {room / 1e9:,.1f} GB are "
            "kept in each process; the other pictures are looked at each time. Set cache to False to keep none.",
            stacklevel=2,
        )
    return Features(learnt.pictures, learnt.mean, learnt.deviation, kind, room)


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
    if accelerator.mixed_precision != "bf16":
        return set()
    fixed = {name for name, value in model.named_parameters() if not value.requires_grad}
    never = never_trained(model, stage.stages, stage.training.steps, steps_per_epoch, fixed)
    return {name for name in never if name.startswith("language_model.")}


def validation(
    batches: Mapping[str, ChatBatches], texts: Mapping[str, ChatBatches], together: int
) -> Callable[[Any], dict[str, float]]:
    """The validation of a stage: the loss on held-out conversations, by language and on average, and that on texts.

    Args:
        batches: of each language, whose first step has all that there is.
        texts: the same of conversations that show no picture.
        together: conversations whose loss is computed at once, as in a part of a training step.
    """
    held_back = {"loss": batches, "text_loss": texts}
    read: dict[tuple[str, str], ChatBatch] = {}

    def validate(model: ChatModel) -> dict[str, float]:
        figures: dict[str, float] = {}
        for name, languages in held_back.items():
            losses: dict[str, float] = {}
            for language, whole in languages.items():
                if (name, language) not in read:
                    read[name, language] = whole[0]
                found = loss_in_parts(model, read[name, language], chat_loss, whole.images_per_step, together)
                losses[f"{language}_{name}"] = float(found.total)
            if losses:
                figures |= {name: sum(losses.values()) / len(losses), **losses}
        return figures

    return validate
