"""A paint model as shapes alone: what a step reads, and its forward pass."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from isogloss.data.dataset import Dataset
from isogloss.data.prompts import Prompts
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError
from isogloss.models.adapter import build_adapter
from isogloss.models.diffusers_part import DiffusersPart, build_part
from isogloss.models.hub import place
from isogloss.models.paint_building import build_unet, cross_attention_dim
from isogloss.models.paint_files.pipeline import arranged, pixels_a_side, text_states
from isogloss.models.tower import FAILURES, Tower, build_tower, tower_config
from isogloss.recipes import recipe_names
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.recipe import load_recipe
from isogloss.train.step_shapes import StepShapes
from isogloss.train.text_recipe import TextRecipe

# Steps in a row, what is frozen in them, and their forward pass.
Planned = tuple[int, tuple[str, ...], Callable[[], Sequence[Tensor]]]


@dataclass
class _Beside:
    """What the device holds at another time than that of a step."""

    text: Any


class PaintShape(nn.Module):
    """The parts of a paint model without weights.

    Args:
        beside: has the text side out of the model, while its states are kept.
    """

    def __init__(self, text: nn.Module, pooling: str, adapter: Any, unet: Any, vae: Any, beside: bool) -> None:
        super().__init__()
        self.beside = _Beside(text)  # which is no module, so that its weights are not this one's
        if not beside:
            self.text = text
        self.pooling, self.adapter, self.unet, self.vae = pooling, adapter, unet, vae

    @property
    def side(self) -> int:
        """Of the pictures that it was made for, in pixels; 0 where nobody says."""
        own = self.unet.config.sample_size
        return (own[0] if isinstance(own, list | tuple) else own or 0) * self.scale

    @property
    def scale(self) -> int:
        return pixels_a_side(self.unet, self.vae)


def paint_shape(recipe: PaintRecipe, bfloat16: bool) -> PaintShape:
    """The model of a recipe without weights, made among shapes alone.

    Args:
        bfloat16: whether the text side, as far as it was published in it, is held in it.

    Raises:
        UserError: a part's config is absent or makes no model, or widths do not fit.
    """
    text = _tower(recipe.text)
    config = tower_config(text, "text")
    published = config.dtype  # which making the model changes
    tower, pooling = build_tower(replace(text, random_weights=text.model is not None), "text", config)
    tower.requires_grad_(requires_grad=False)
    if bfloat16 and published in (torch.bfloat16, "bfloat16"):
        for module in tower.modules():
            if isinstance(module, nn.Linear):
                module.weight = nn.Parameter(module.weight.detach().bfloat16(), requires_grad=False)
    unet = build_unet(_random(recipe.unet))
    vae = recipe.vae and build_part(DiffusersPart(model=recipe.vae, random_weights=True), "AutoencoderKL", "vae")
    if vae:
        vae.requires_grad_(False)
    words: Any = tower.get_input_embeddings()
    width = int(words.weight.shape[1]) if recipe.reading.layer == 0 else config.hidden_size
    adapter = build_adapter(recipe.adapter, width, cross_attention_dim(unet))
    return PaintShape(tower, pooling, adapter, unet, vae or None, beside=recipe.keep_text)


def _tower(text: Tower) -> Tower:
    """The text side, or that of the recipe which is named and trained first."""
    if text.model not in recipe_names():
        return text
    earlier = load_recipe(str(text.model))
    if not isinstance(earlier, TextRecipe | LanguageModelRecipe):
        raise UserError(f"The text side '{text.model}' is a recipe, but of no text; name one that is.")
    slots = earlier.slots if isinstance(earlier, TextRecipe) else 0
    return Tower(config={**earlier.config, "vocab_size": earlier.vocabulary + slots}, pooling=text.pooling)


def _random(part: DiffusersPart) -> DiffusersPart:
    return part if part.model is None else replace(part, random_weights=True)


def paint_step(recipe: PaintRecipe, *, images: int | None, tokens: int) -> StepShapes:
    """What a step reads: counted in the dataset where that and the tokenizer are there, else assumed."""
    data, most = recipe.data, recipe.reading.tokens
    lengths, counted = [most if recipe.reading.fills else min(tokens, most)] * data.images_per_step, False
    if (Path(data.dataset) / "dataset.json").is_file():
        split = Dataset.open(data.dataset).split("train", data.languages, data.sources or None)
        prompts = Prompts(split, data.languages, data.shares)
        sampler, images = Sampler(len(prompts.images), data.images_per_step, recipe.training.seed), len(prompts.images)
        tokenizer = _tokenizer(recipe.text)
        if tokenizer is not None and not recipe.reading.fills:
            first = prompts.images[sampler.indices(0)]
            texts = prompts.texts(prompts.draw(first, sampler.generator(0).random((len(first), 2))))
            lengths = [len(ids) for ids in tokenizer(texts, truncation=True, max_length=most)["input_ids"]]
            counted = True
    if images is not None and images < data.images_per_step:
        raise UserError(
            f"A step of {data.images_per_step} cannot be drawn from {images} pictures; give more, or set images_per_step."
        )
    epoch = None if images is None else images // data.images_per_step
    return StepShapes(data.images_per_step, tuple(lengths), ((len(lengths), max(lengths)),), epoch, counted)


def _tokenizer(text: Tower) -> Any:
    source = text.tokenizer or text.model
    if source is None or source in recipe_names():
        return None
    try:
        return AutoTokenizer.from_pretrained(place(source))
    except FAILURES:
        return None


def paint_plan(
    recipe: PaintRecipe,
    model: PaintShape,
    part: StepShapes,
    stages: Iterable[tuple[tuple[str, ...], int]],
    epoch: int | None,
) -> Iterator[Planned]:
    """The steps of a run; those in which captions and pictures are read for the first time apart, where that is kept.

    Args:
        part: what one forward pass reads.
        stages: what is frozen for how many steps.
        epoch: its steps; without it all that is read is taken for new.
    """
    begun = 0
    keeps = recipe.keep_text or (recipe.keep_latents and model.vae is not None)
    for patterns, count in stages:
        new = min(count, max(0, (recipe.training.steps if epoch is None else epoch) - begun)) if keeps else count
        for steps, first in ((new, True), (count - new, False)):
            if steps:
                yield steps, patterns, _forward(recipe, model, part, first)
        begun += count


def _forward(recipe: PaintRecipe, model: PaintShape, shapes: StepShapes, first: bool) -> Callable[[], Sequence[Tensor]]:
    """A forward pass.

    Args:
        first: whether what is kept is made in it.
    """
    side = recipe.data.image_size or model.side
    ((captions, tokens),) = shapes.groups
    images, kind = shapes.images, recipe.adapter.kind
    channels, small = model.unet.config.in_channels, side // model.scale
    pooling = model.pooling if kind in ("sentence", "both") else None
    reads_text, reads_pixels = first or not recipe.keep_text, first or not recipe.keep_latents

    def forward() -> Sequence[Tensor]:
        mask = torch.ones(captions, tokens, dtype=torch.int64)
        width = model.adapter.config.text_dim
        with torch.no_grad():
            if model.vae is not None and reads_pixels:
                model.vae.encode(torch.empty(images, 3, side, side))
            states, sentence = torch.empty(captions, tokens, width), torch.empty(captions, width)
            if reads_text:
                ids = torch.zeros(captions, tokens, dtype=torch.int64)
                states, found = text_states(model.beside.text, ids, mask, recipe.reading.layer, pooling)
                sentence = sentence if found is None else found
        read = arranged(states.float(), mask, sentence.float() if pooling else None, kind)
        places, there = model.adapter(*read)
        noisy = torch.empty(images, channels, small, small)
        return [
            model.unet(
                noisy,
                torch.zeros(images),
                encoder_hidden_states=places,
                encoder_attention_mask=there,
                return_dict=False,
            )[0]
        ]

    return forward
