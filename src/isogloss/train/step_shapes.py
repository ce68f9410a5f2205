"""The shapes of a training step: how many pictures and how long their captions are, read off the dataset or assumed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoImageProcessor, AutoTokenizer, PretrainedConfig

from isogloss.data.batch import captioned, choose_captions
from isogloss.data.dataset import Dataset
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError
from isogloss.models.hub import place
from isogloss.models.image_processor import picture_size
from isogloss.models.lengths import by_length
from isogloss.models.tower import FAILURES, Tower
from isogloss.recipes import recipe_names
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.text_recipe import TextRecipe


@dataclass(frozen=True)
class StepShapes:
    """What a step reads.

    Attributes:
        images: pictures of a step, or meanings of the text stage.
        lengths: of its captions, in tokens.
        groups: how many captions are read together, and how long they are after padding, as the text tower reads them.
        steps_per_epoch: None where nobody says how many pictures there are.
        tokenised: whether the lengths are those of the first step of the dataset, and not assumed.
        learnt: tokens that are learnt to write.
        texts: what the lengths are of.
    """

    images: int
    lengths: tuple[int, ...]
    groups: tuple[tuple[int, int], ...]
    steps_per_epoch: int | None
    tokenised: bool
    learnt: int = 0
    texts: str = "captions"

    def part(self, count: int) -> tuple["StepShapes", float]:
        """The largest of so many parts of a step of packed rows, and how many of its size make the step."""
        ((rows, tokens),) = self.groups
        most = -(-rows // count)
        shapes = replace(
            self, images=-(-self.images // count), groups=((most, tokens),), learnt=-(-self.learnt // count)
        )
        return shapes, rows / most


def step_shapes(recipe: ClipRecipe | TextRecipe, *, images: int | None, tokens: int) -> StepShapes:
    """The shapes of a recipe's steps on one device.

    Args:
        images: to train on, where the dataset does not lie at the recipe's place.
        tokens: of a caption, where neither dataset nor tokenizer tells.

    Raises:
        UserError: the dataset is there and lacks what the recipe asks for.
    """
    clip = isinstance(recipe, ClipRecipe)
    data = recipe.data
    size = recipe.data.images_per_step if clip else recipe.data.meanings_per_step
    most = recipe.text_tokens if clip else recipe.tokens
    # Of a meaning, the text stage reads two languages in every step.
    captions = size * len(data.languages) * recipe.data.captions_per_language if clip else 2 * size
    lengths, tokenised = (min(tokens, most),) * captions, False
    if (Path(data.dataset) / "dataset.json").is_file():
        dataset = Dataset.open(data.dataset)
        languages = data.languages or dataset.languages
        split = dataset.split("train", languages, data.sources or None)
        rows = captioned(split, languages)
        sampler = Sampler(len(rows), size, recipe.training.seed)
        images = len(rows)
        tokenizer = _tokenizer(recipe) if clip else None
        if tokenizer is not None and clip:
            first = rows[sampler.indices(0)]
            texts, _, _ = choose_captions(
                split, languages, first, recipe.data.captions_per_language, sampler.generator(0)
            )
            lengths, tokenised = _lengths(tokenizer, texts, most), True
    if images is not None and images < size:
        raise UserError(f"A step of {size} cannot be drawn from {images} pictures; give more, or set images_per_step.")
    return StepShapes(size, lengths, _groups(lengths), None if images is None else images // size, tokenised)


def _tokenizer(recipe: ClipRecipe) -> Any:
    """The text tower's tokenizer, or None where it is not there, or is yet to be learnt by a text stage."""
    source = recipe.text.tokenizer or recipe.text.model
    if source is None or source in recipe_names():
        return None
    try:
        return AutoTokenizer.from_pretrained(place(source))
    except FAILURES:
        return None


def _lengths(tokenizer: Any, texts: Sequence[str], most: int) -> tuple[int, ...]:
    encoded = tokenizer(list(texts), truncation=True, max_length=most)["input_ids"]
    return tuple(len(ids) for ids in encoded)


def _groups(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    each = torch.tensor(lengths)
    mask = (torch.arange(int(each.max())) < each[:, None]).long()
    return tuple((len(rows), end) for rows, end in by_length(mask))


def picture_side(tower: Tower, config: PretrainedConfig) -> int:
    """The side of its pictures: as its image processor has it, or its config where there is none."""
    if tower.model is not None:
        try:
            return picture_size(AutoImageProcessor.from_pretrained(place(tower.model), backend="pil")).side
        except (*FAILURES, UserError):
            pass
    own = getattr(config, "image_size", None)
    return own if isinstance(own, int) else 224
