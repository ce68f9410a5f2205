"""A dual encoder, and the model of a text stage, as shapes alone: a step's forward pass, and what its loss costs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForMaskedLM

from isogloss.errors import UserError
from isogloss.models.clip import DualEncoder, DualEncoderConfig
from isogloss.models.pooling import mean_pooling
from isogloss.models.text import head_of
from isogloss.models.tower import FAILURES, Tower, build_tower, tower_config
from isogloss.recipes import recipe_names
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.recipe import load_recipe
from isogloss.train.step_shapes import StepShapes, picture_side
from isogloss.train.text_recipe import TextRecipe

# Tables over all pairs of a picture and a caption: similarities, their log shares and gradients, in both directions.
_PAIR_TABLES = 6

Forward = Callable[[], Sequence[Tensor]]


def dual_encoder(recipe: ClipRecipe, shapes: StepShapes) -> tuple[nn.Module, Forward, tuple[int, int]]:
    """The model, made among shapes alone, a step's forward pass, and its loss's operations and bytes.

    Raises:
        UserError: a tower's config is absent or makes no model.
    """
    vision, text = recipe.vision, recipe.text
    if text.model in recipe_names():
        stage = load_recipe(str(text.model))
        if not isinstance(stage, TextRecipe | LanguageModelRecipe):
            raise UserError(
                f"The text tower '{text.model}' is a recipe, but of neither a text stage nor a language model; name one that is."
            )
        text = Tower(config={**stage.config, "vocab_size": stage.vocabulary}, pooling=text.pooling)
    vision_config, text_config = tower_config(vision, "vision"), tower_config(text, "text")
    # Shapes alone: whatever weights the towers have, none is read.
    vision_model, vision_pool = build_tower(replace(vision, random_weights=True), "vision", vision_config)
    text_model, text_pool = build_tower(replace(text, random_weights=True), "text", text_config)
    config = DualEncoderConfig(
        vision_config=vision_model.config,
        text_config=text_model.config,
        projection_dim=recipe.projection_dim,
        vision_pooling=vision_pool,
        text_pooling=text_pool,
        text_tokens=recipe.text_tokens,
    )
    model = DualEncoder(config, vision_model=vision_model, text_model=text_model)
    side = recipe.data.image_size or picture_side(vision, vision_config)

    def forward() -> Sequence[Tensor]:
        images = model.encode_image(torch.empty(shapes.images, 3, side, side))
        captions = [model.encode_text(torch.zeros(size, end, dtype=torch.int64)) for size, end in shapes.groups]
        return images, torch.cat(captions)

    pairs = shapes.images * len(shapes.lengths)
    return model, forward, (6 * pairs * recipe.projection_dim, 4 * _PAIR_TABLES * pairs)


def text_encoder(recipe: TextRecipe, shapes: StepShapes) -> tuple[nn.Module, Forward, tuple[int, int]]:
    """The same of a text stage.

    Raises:
        UserError: its config makes no model.
    """
    fields: dict[str, Any] = {**recipe.config, "vocab_size": recipe.vocabulary}
    try:
        model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(str(fields.pop("model_type")), **fields))
    except FAILURES as error:
        raise UserError(
            f"The text stage's config makes no model; correct it: {' '.join(str(error).split())}"
        ) from error
    head: Any = head_of(model)
    captions = len(shapes.lengths)
    # The first and the last token of a caption stand for none of its words and are never hidden.
    hidden = round(recipe.hidden_tokens * sum(max(0, length - 2) for length in shapes.lengths))

    def forward() -> Sequence[Tensor]:
        sentences: list[Tensor] = []
        states: list[Tensor] = []
        for size, end in shapes.groups:
            read = model.base_model(input_ids=torch.zeros(size, end, dtype=torch.int64))
            sentences.append(mean_pooling(read, None))
            states.append(read.last_hidden_state.flatten(0, 1))
        found = [torch.cat(sentences)] if recipe.aligned else []
        if recipe.masked:
            found.append(head(torch.cat(states)[torch.zeros(hidden, dtype=torch.int64)]))
        return found

    aligned, masked = captions**2 * bool(recipe.aligned), hidden * recipe.vocabulary * bool(recipe.masked)
    return model, forward, (6 * aligned * model.config.hidden_size, 4 * _PAIR_TABLES * (aligned + masked))
