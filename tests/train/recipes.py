"""Recipes of seconds for the squares, and a text tower to start from."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from isogloss.data.augment import Augmentation
from isogloss.models.tokenizer import SPECIAL
from isogloss.models.towers import Tower
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.optim import Optimisation
from isogloss.train.text_recipe import TextData, TextRecipe
from isogloss.train.training import Training

VISION: dict[str, Any] = {
    "model_type": "vit",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": 16,
    "patch_size": 4,
}
TEXT: dict[str, Any] = {
    "model_type": "xlm-roberta",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 34,
    "type_vocab_size": 1,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
DROPOUT: dict[str, Any] = {"hidden_dropout_prob": 0.2}
TRAINING = Training(
    steps=8,
    precision="float32",
    log_every=2,
    validate_every=4,
    checkpoint_every=4,
    optimisation=Optimisation(learning_rate=3e-3),
)


def clip_recipe(
    dataset: Path, text: Path | str, languages: tuple[str, ...] = ("en", "qaa", "qab"), **training: Any
) -> ClipRecipe:
    """A dual encoder that starts from a saved text tower and trains for some steps."""
    return ClipRecipe(
        data=ParallelData(str(dataset), languages, images_per_step=16, augmentation=Augmentation(flip=0.0)),
        vision=Tower(config=VISION),
        text=Tower(model=str(text), frozen_epochs=0.5),
        projection_dim=16,
        text_tokens=32,
        training=replace(TRAINING, **training),
    )


def learning_recipe(dataset: Path, text: Path, languages: tuple[str, ...], **training: Any) -> ClipRecipe:
    """A dual encoder that learns, from random weights and in seconds, what the squares are called."""
    recipe = clip_recipe(
        dataset,
        text,
        languages,
        **{"checkpoint_every": 0, "optimisation": Optimisation(learning_rate=6e-3), **training},
    )
    still = Augmentation(scale=0.0, shift=0.0, turn=0.0)
    data = replace(recipe.data, images_per_step=48, keep_pictures=True, augmentation=still)
    return replace(recipe, data=data, text=Tower(model=str(text), random_weights=True))


def text_recipe(dataset: Path, **training: Any) -> TextRecipe:
    """A text stage: tokens hidden, and translations drawn together."""
    return TextRecipe(
        data=TextData(str(dataset), meanings_per_step=16),
        config=TEXT,
        vocabulary=300,
        tokens=32,
        hidden_tokens=0.3,
        aligned=1.0,
        training=replace(TRAINING, **training),
    )


def word_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """A token for every word, numbered in alphabetical order: nothing of it is learnt, so nothing of it varies."""
    words = [*SPECIAL.values(), *sorted({word for text in texts for word in text.split()})]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **SPECIAL)
