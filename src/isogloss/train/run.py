"""A run: a folder that holds its recipe, its log, its checkpoints and, when it is done, its model."""

import json
from dataclasses import replace
from pathlib import Path

from accelerate.utils import set_seed

from isogloss.errors import UserError
from isogloss.saving import write_json
from isogloss.train.clip import train_clip
from isogloss.train.log import quiet_libraries
from isogloss.train.loop import start_process
from isogloss.train.recipe import (
    ClipRecipe,
    Recipe,
    TextRecipe,
    different_fields,
    load_recipe,
    recipe_names,
    to_json,
)
from isogloss.train.text import train_text


def train(recipe: Recipe, folder: Path, quiet: bool = False) -> Path:
    """Train a recipe into a run folder, going on where the same recipe was interrupted.

    Returns:
        The folder of the saved model.

    Raises:
        UserError: the folder holds a finished run, another recipe, or something else.
    """
    open_run(recipe, folder)
    quiet_libraries()
    accelerator = start_process(recipe.training, folder)
    set_seed(recipe.training.seed)
    if isinstance(recipe, TextRecipe):
        return train_text(recipe, folder, accelerator, quiet)
    if recipe.text.model in recipe_names():
        text = _text_stage(recipe, folder / "text", quiet)
        recipe = replace(recipe, text=replace(recipe.text, model=str(text)))
    return train_clip(recipe, folder, accelerator, quiet)


def _text_stage(recipe: ClipRecipe, folder: Path, quiet: bool) -> Path:
    """The text tower that a recipe of the text stage trains first, on the same dataset with the same seed."""
    if (folder / "model").exists():
        return folder / "model"
    text = load_recipe(str(recipe.text.model))
    if not isinstance(text, TextRecipe):
        raise UserError(f"The text tower '{recipe.text.model}' is a recipe, but of no text stage; name one that is.")
    text = replace(
        text,
        data=replace(text.data, dataset=recipe.data.dataset, sources=recipe.data.sources),
        training=replace(text.training, seed=recipe.training.seed),
    )
    return train(text, folder, quiet)


def open_run(recipe: Recipe, folder: Path) -> None:
    """Claim a run folder for a recipe: a new one, or one where this very recipe was interrupted."""
    saved, wanted = folder / "recipe.json", to_json(recipe)
    if (folder / "model").exists():
        raise UserError(f"{folder} holds a finished run, which is left as it is; name another folder with --run.")
    if saved.exists():
        differing = different_fields(json.loads(saved.read_text(encoding="utf-8")), wanted)
        if differing:
            raise UserError(
                f"{folder} holds an unfinished run of another recipe (they differ in {', '.join(differing[:3])}); "
                "give the recipe it began with, or name another folder with --run."
            )
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} exists and is no run; name another folder with --run.")
    else:
        write_json(saved, wanted)
