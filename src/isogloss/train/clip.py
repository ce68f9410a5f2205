"""What the dual encoder brings to the loop: its batches, its loss, its stages and its validation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from isogloss.data.batch import Batch, ParallelBatches, Preparation, captioned, choose_captions
from isogloss.data.dataset import Dataset, Split
from isogloss.data.images import Pictures
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError
from isogloss.losses import Losses
from isogloss.losses.gather import gather_owner, gather_rows
from isogloss.losses.parallel import parallel_loss
from isogloss.losses.per_language import per_language_loss
from isogloss.models.clip import DualEncoder
from isogloss.models.embedding import embed_captions, embed_images
from isogloss.models.image_processor import picture_size
from isogloss.models.towers import build_dual_encoder, preparation
from isogloss.saving import new_folder
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.loop import fit
from isogloss.train.stages import Stage, freeze, frozen_until

# Images of a validation batch: the loss depends on how many compete, so it is fixed whatever the training batch.
VALIDATION_IMAGES = 128


def contrast(
    objective: str, images: Tensor, captions: Tensor, owner: Tensor, language: Tensor, scale: Tensor
) -> Losses:
    """A recipe's objective on embeddings of unit norm, [image, dim] and [caption, dim]."""
    if objective == "per_language":
        return per_language_loss(images, captions, owner, language, scale)
    return parallel_loss(images, captions, owner, scale)


def clip_loss(model: nn.Module, batch: Batch, objective: str) -> Losses:
    """The objective on a batch, over the embeddings of all processes."""
    output: Any = model(
        pixel_values=batch.pixel_values.contiguous(memory_format=torch.channels_last),
        input_ids=batch.input_ids,
        attention_mask=batch.attention_mask,
        return_logits=False,
    )
    owner = gather_owner(batch.owner, len(batch.pixel_values))
    images, captions, language = map(gather_rows, (output.image_embeds, output.text_embeds, batch.language))
    return contrast(objective, images, captions, owner, language, output.scale)


def validation(
    pictures: Pictures, languages: tuple[str, ...], objective: str, prepared: Preparation
) -> Callable[[Any], dict[str, float]]:
    """The validation of a run: its own objective, its floor, and CLIP's loss on English alone, which all arms share.

    Images compete in fixed groups of `VALIDATION_IMAGES`; a last, smaller group is left out unless it is the only one.
    """
    split = pictures.split
    tested = captioned(split, languages)
    if not len(tested):
        raise UserError(
            f"The validation split has no caption in {', '.join(languages)} of the recipe's sources; add some, or leave "
            "the split out of the dataset."
        )
    size = min(VALIDATION_IMAGES, len(tested))
    groups = [tested[start : start + size] for start in range(0, len(tested) - size + 1, size)]

    def losses_of(model: DualEncoder, images: Tensor, rows: np.ndarray, read: tuple[str, ...], name: str) -> Losses:
        texts, owner, language = choose_captions(split, read, rows, None, None)
        captions = embed_captions(model, texts, prepared).to(model.device)
        owners, numbers = (torch.from_numpy(array).to(model.device) for array in (owner, language))
        return contrast(name, images, captions, owners, numbers, model.scale)

    def validate(model: DualEncoder) -> dict[str, float]:
        sums: dict[str, float] = {}
        for rows in groups:
            images = embed_images(model, pictures, prepared, rows).to(model.device)
            own = losses_of(model, images, rows, languages, objective)
            figures = {"loss": own.total, "floor": own.floor, "loss_above_floor": own.total - own.floor, **own.parts}
            if "en" in split.captions and len(captioned(split, ("en",))) == len(split):
                figures["english_loss"] = losses_of(model, images, rows, ("en",), "parallel").total
            for name, value in figures.items():
                sums[name] = sums.get(name, 0.0) + float(value) / len(groups)
        return sums

    return validate


@dataclass(frozen=True)
class Freezing:
    """What of a dual encoder is frozen: patterns that hold for the whole run, and the stages of the rest."""

    always: tuple[str, ...]
    stages: tuple[Stage, ...]


def freezing(recipe: ClipRecipe) -> Freezing:
    """A recipe's freezing: of towers that bring weights alone."""
    towers = {"vision_model": recipe.vision, "text_model": recipe.text}
    pretrained = {name: tower for name, tower in towers.items() if tower.pretrained}
    return Freezing(
        always=tuple(f"{name}.{pattern}" for name, tower in pretrained.items() for pattern in tower.frozen),
        stages=frozen_until({name: tower.frozen_epochs for name, tower in pretrained.items()}),
    )


def train_clip(recipe: ClipRecipe, folder: Path, accelerator: Accelerator, quiet: bool = False) -> Path:
    """Train a dual encoder, and save it with its processor as `folder/model`.

    Raises:
        UserError: the dataset lacks a language or a split, a tower is absent or does not fit, or training cannot go on.
    """
    data, training = recipe.data, recipe.training
    model, processor = build_dual_encoder(
        recipe.vision,
        recipe.text,
        projection_dim=recipe.projection_dim,
        text_tokens=recipe.text_tokens,
        image_size=data.image_size,
    )
    # Convolutions are several times faster with the channels innermost; nothing else notices.
    model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    prepared = preparation(processor, model.config)
    if data.hidden_tokens and processor.tokenizer.mask_token_id is None:
        raise UserError("This text tower's tokenizer has no mask token; set data.hidden_tokens to 0.")
    dataset = Dataset.open(data.dataset)
    size = picture_size(processor.image_processor)

    def pictures(split: Split) -> Pictures:
        return Pictures(dataset, split, size, keep=data.keep_pictures, threads=data.threads)

    train = dataset.split("train", data.languages, data.sources or None)
    batches = ParallelBatches(
        pictures=pictures(train),
        languages=data.languages,
        preparation=prepared,
        sampler=Sampler(len(captioned(train, data.languages)), data.images_per_step, training.seed),
        captions_per_language=data.captions_per_language,
        hidden_tokens=data.hidden_tokens,
        augmentation=data.augmentation,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    validate = None
    if "validation" in dataset.splits:
        languages = (*data.languages, *({"en"} & set(dataset.languages) - set(data.languages)))
        held_out = dataset.split("validation", languages, data.sources or None, complete=False)
        validate = validation(pictures(held_out), data.languages, recipe.objective, prepared)
    frozen = freezing(recipe)
    freeze(model, frozen.always)
    fit(
        model,
        batches,
        lambda model, batch: clip_loss(model, batch, recipe.objective),
        training=training,
        folder=folder,
        accelerator=accelerator,
        stages=frozen.stages,
        validate=validate,
        description=None if quiet else folder.name,
    )
    if accelerator.is_main_process:
        with new_folder(folder / "model") as saved:
            model.save_pretrained(saved)
            processor.save_pretrained(saved)
    accelerator.wait_for_everyone()
    return folder / "model"
