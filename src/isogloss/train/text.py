"""What the text-only stage brings to the loop: its tokenizer, batches and loss."""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from transformers import AutoTokenizer

from isogloss.data.batch import Preparation
from isogloss.data.dataset import Dataset
from isogloss.data.sampler import Sampler
from isogloss.data.text import ParallelText, Telling, TextBatch, TextBatches
from isogloss.errors import unknown
from isogloss.losses import Losses
from isogloss.losses.gather import gather_rows
from isogloss.losses.masked_language_model import masked_language_model_loss
from isogloss.losses.sentences import distance_loss, sentence_loss
from isogloss.models.text import TextEncoder, build_masked_language_model
from isogloss.models.tokenizer import train_tokenizer, train_word_tokenizer
from isogloss.saving import new_folder
from isogloss.train.loop import fit
from isogloss.train.text_recipe import TextRecipe


def text_loss(model: nn.Module, batch: TextBatch, recipe: TextRecipe) -> Losses:
    """Masked language modelling, the contrast of translations and their distance, as a recipe weighs them, over all processes."""
    output: Any = model(batch.input_ids, batch.attention_mask, batch.hidden)
    parts: list[tuple[str, float, Losses]] = []
    if recipe.masked:
        parts.append(("masked", recipe.masked, masked_language_model_loss(output["logits"], batch.targets)))
    if recipe.aligned or recipe.alike:
        sentences, owner = gather_rows(output["sentences"].float()), gather_rows(batch.owner)
        if recipe.alike:
            parts.append(("alike", recipe.alike, distance_loss(sentences, owner)))
        if recipe.aligned:
            if recipe.centred:
                sentences = sentences - sentences.mean(dim=0)
            parts.append(("aligned", recipe.aligned, sentence_loss(F.normalize(sentences, dim=-1), owner)))
    return Losses(
        total=torch.stack([weight * losses.total for _, weight, losses in parts]).sum(),
        floor=torch.stack([weight * losses.floor for _, weight, losses in parts]).sum(),
        parts={name: losses.total.detach() for name, _, losses in parts},
    )


def _tokenizer(recipe: TextRecipe, text: ParallelText, folder: Path, accelerator: Accelerator) -> Any:
    """The run's tokenizer: learnt once, by the first process, since a second training would not number it alike."""
    if accelerator.is_main_process and not folder.exists():
        with new_folder(folder) as saved:
            learn = train_tokenizer if recipe.tokenizer == "unigram" else train_word_tokenizer
            made = learn(text.texts(), recipe.vocabulary, recipe.tokens, recipe.slots)
            made.init_kwargs |= {"pivot": recipe.pivot} if recipe.pivot else {}  # which is saved with it
            made.save_pretrained(saved)
    accelerator.wait_for_everyone()
    return AutoTokenizer.from_pretrained(folder)


def _telling(recipe: TextRecipe, text: ParallelText) -> Telling | None:
    """What the recipe teaches slots to say.

    Raises:
        UserError: the pivot is none of the languages that are read.
    """
    if not recipe.pivot:
        return None
    if recipe.pivot not in text.languages:
        raise unknown("pivot among the languages that are read,", recipe.pivot, text.languages)
    return Telling(text.languages.index(recipe.pivot), recipe.slots, recipe.shown)


def train_text(recipe: TextRecipe, folder: Path, accelerator: Accelerator, quiet: bool = False) -> Path:
    """Train a tokenizer and a text encoder on text alone, and save both as `folder/model`.

    Raises:
        UserError: the dataset lacks a language, the config is of no masked language model, or training cannot go on.
    """
    text = ParallelText.of(Dataset.open(recipe.data.dataset), recipe.data.languages, recipe.data.sources)
    tokenizer = _tokenizer(recipe, text, folder / "tokenizer", accelerator)
    family = recipe.data.family
    meanings = int(text.languages_of.any(axis=1).sum())
    batches = TextBatches(
        text=text,
        # A text encoder sees no picture, so the pixels' scale is left empty.
        preparation=Preparation(tokenizer, recipe.tokens, mean=(), deviation=()),
        sampler=Sampler(meanings // family, recipe.data.meanings_per_step // family, recipe.training.seed),
        hidden_tokens=recipe.hidden_tokens,
        telling=_telling(recipe, text),
        process=accelerator.process_index,
        processes=accelerator.num_processes,
        family=family,
    )
    encoder = TextEncoder(build_masked_language_model(recipe.config, tokenizer), recipe.slots)
    fit(
        encoder,
        batches,
        lambda model, batch: text_loss(model, batch, recipe),
        training=recipe.training,
        folder=folder,
        accelerator=accelerator,
        description=None if quiet else folder.name,
    )
    if accelerator.is_main_process:
        with new_folder(folder / "model") as saved:
            # A head that nothing has trained would pass for one that has.
            trained: Any = encoder.model if recipe.masked else encoder.model.base_model
            trained.save_pretrained(saved)
            tokenizer.save_pretrained(saved)
    accelerator.wait_for_everyone()
    return folder / "model"
