"""What a language model brings to the loop: its tokenizer, its conversations, its loss and its validation."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from transformers import AutoTokenizer

from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_template import read_chat_template
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversation_set import Conversations
from isogloss.data.dataset import Dataset
from isogloss.data.lessons import texts, without_pictures
from isogloss.data.mixture import Mixture
from isogloss.losses.language_model import lm_loss
from isogloss.models.lm import Writer, build_language_model
from isogloss.models.lm_tokenizer import CHAT_TEMPLATE, train_lm_tokenizer
from isogloss.saving import new_folder
from isogloss.train.accumulation import largest_part
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.lm_validation import validation
from isogloss.train.loop import fit

# Of each language, evenly from its table: enough to know a language's words, and soon read.
TOKENIZER_CONVERSATIONS = 5_000


def _texts(parts: Mapping[str, Conversations]) -> Iterator[str]:
    """What a tokenizer learns from: what is said."""
    for part in parts.values():
        every = max(1, len(part) // TOKENIZER_CONVERSATIONS)
        for conversation in part[::every]:
            for turn in conversation.turns:
                yield turn.text


def _tokenizer(
    recipe: LanguageModelRecipe, parts: Mapping[str, Conversations], folder: Path, accelerator: Accelerator
) -> Any:
    """The run's tokenizer: learnt once, by the first process, and kept for a run that is resumed."""
    if accelerator.is_main_process and not folder.exists():
        template = CHAT_TEMPLATE if recipe.chat_template is None else read_chat_template(recipe.chat_template)
        made = train_lm_tokenizer(_texts(parts), recipe.vocabulary, recipe.tokens, template)
        with new_folder(folder) as saved:
            made.save_pretrained(saved)
    accelerator.wait_for_everyone()
    return AutoTokenizer.from_pretrained(folder)


def train_lm(recipe: LanguageModelRecipe, folder: Path, accelerator: Accelerator, quiet: bool = False) -> Path:
    """Train a tokenizer and a language model on conversations without pictures, and save both as `folder/model`.

    Raises:
        UserError: the dataset lacks a language, the config makes no language model, or training cannot go on.
    """
    data, training = recipe.data, recipe.training
    root = Dataset.open(data.dataset).root
    parts = texts(root, data.languages)
    tokenizer = _tokenizer(recipe, parts, folder / "tokenizer", accelerator)
    model = Writer(build_language_model(recipe.config, tokenizer), recipe.noise, recipe.blend)
    tokens = ChatTokens(tokenizer, image_token_id=None, visual_tokens=0, most=recipe.tokens)
    batches = ChatBatches(
        parts=parts,
        tokens=tokens,
        mixture=Mixture(
            sizes={language: len(part) for language, part in parts.items()},
            proportions=data.proportions or None,
            per_step=data.conversations_per_step,
            seed=training.seed,
        ),
        row_tokens=data.row_tokens,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    held_out = without_pictures(root, tuple(parts), "validation")
    together = largest_part(data.conversations_per_step, accelerator.num_processes, training.micro_batches)
    fit(
        model,
        batches,
        lm_loss,
        training=training,
        folder=folder,
        accelerator=accelerator,
        validate=validation(held_out, tokens, data.row_tokens, together) if any(map(len, held_out.values())) else None,
        description=None if quiet else folder.name,
    )
    if accelerator.is_main_process:
        with new_folder(folder / "model") as saved:
            model.model.save_pretrained(saved)
            tokenizer.save_pretrained(saved)
    accelerator.wait_for_everyone()
    return folder / "model"
