"""A run: a folder that holds its recipe, its log, its checkpoints and, when it is done, its model."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from isogloss.errors import UserError
from isogloss.recipes import recipe_names
from isogloss.saved import read_object
from isogloss.saving import remove_abandoned, write_json
from isogloss.train.clip import train_clip
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.log import quiet_libraries
from isogloss.train.process import start_process
from isogloss.train.recipe import Recipe, different_fields, load_recipe, to_json
from isogloss.train.text import train_text
from isogloss.train.text_recipe import TextRecipe

# What trains a recipe of each family, and saves `model` in its folder.
TRAINERS: Mapping[type[Recipe], Callable[[Any, Path, Accelerator, bool], Path]] = {
    ClipRecipe: train_clip,
    TextRecipe: train_text,
}


def train(recipe: Recipe, folder: Path, quiet: bool = False) -> Path:
    """Train a recipe into a run folder, going on where the same recipe was interrupted.

    Returns:
        The folder of the saved model.

    Raises:
        UserError: the folder holds a finished run, another recipe, or something else.
    """
    quiet_libraries()
    accelerator = start_process(recipe.training, folder)
    with accelerator.main_process_first():  # which claims the folder; the others find its claim
        open_run(recipe, folder)
    if isinstance(recipe, ClipRecipe) and recipe.text.model in recipe_names():
        text = _text_stage(recipe, folder / "text", quiet)
        recipe = replace(recipe, text=replace(recipe.text, model=str(text)))
        accelerator = start_process(recipe.training, folder)  # the text stage's seed and precision are its own
    return TRAINERS[type(recipe)](recipe, folder, accelerator, quiet)


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
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name another folder with --run.")
    held = {path.name for path in folder.iterdir() if path.suffix != ".partial"} if folder.exists() else set[str]()
    if held <= {saved.name}:  # a run that failed before it had anything, as one without its dataset does, is none
        write_json(saved, wanted)
    elif saved.name not in held:
        raise UserError(f"{folder} exists and is no run; name another folder with --run.")
    else:
        check_recipe(recipe, folder)
        remove_abandoned(folder)


def check_recipe(recipe: Recipe, folder: Path) -> None:
    """Refuse a run folder that another recipe began.

    Raises:
        UserError: the recipes differ, and the first fields in which they do are named; or recipe.json is damaged.
    """
    differing = different_fields(read_object(folder / "recipe.json"), to_json(recipe))
    if differing:
        raise UserError(
            f"{folder} holds a run of another recipe (they differ in {', '.join(differing[:3])}); "
            "give the recipe it began with, or name another folder with --run."
        )
