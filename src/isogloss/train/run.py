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
from isogloss.train.chat import train_chat
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.clip import train_clip
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.lm import train_lm
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.log import quiet_libraries
from isogloss.train.paint import train_paint
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.process import start_process
from isogloss.train.recipe import KINDS, Recipe, different_fields, load_recipe, to_json, with_later_fields
from isogloss.train.text import train_text
from isogloss.train.text_recipe import TextRecipe

# What trains a recipe of each family, and saves `model` in its folder.
TRAINERS: Mapping[type[Recipe], Callable[[Any, Path, Accelerator, bool], Path]] = {
    ClipRecipe: train_clip,
    TextRecipe: train_text,
    LanguageModelRecipe: train_lm,
    ChatRecipe: train_chat,
    PaintRecipe: train_paint,
}

# Towers of a recipe that may be named by another recipe, which is trained first, in the order in which they are.
EARLIER: Mapping[type[Recipe], Mapping[str, tuple[type[Recipe], ...]]] = {
    ClipRecipe: {"text": (TextRecipe, LanguageModelRecipe)},
    ChatRecipe: {"language_model": (LanguageModelRecipe,), "vision": (ClipRecipe,)},
    PaintRecipe: {"text": (TextRecipe, LanguageModelRecipe)},
}


def train(recipe: Recipe, folder: Path, quiet: bool = False, trained: Mapping[str, Path] | None = None) -> Path:
    """Train a recipe into a run folder, going on where the same recipe was interrupted.

    Args:
        trained: models of recipes that were trained already, by the recipe's name.

    Returns:
        The folder of the saved model.

    Raises:
        UserError: the folder holds a finished run, another recipe, or something else.
    """
    quiet_libraries()
    accelerator = start_process(recipe.training, folder)
    with accelerator.main_process_first():  # which claims the folder; the others find its claim
        open_run(recipe, folder)
    models = dict(trained or {})
    goes_on = (
        isinstance(recipe, ChatRecipe | PaintRecipe) and recipe.start is not None
    )  # from a model that has its towers
    for part, kinds in ({} if goes_on else EARLIER.get(type(recipe), {})).items():
        name = getattr(recipe, part).model
        if name in recipe_names():
            if name not in models:
                models[name] = _train_earlier(recipe, part, kinds, folder / part, quiet, models)
            recipe = replace(recipe, **{part: replace(getattr(recipe, part), model=str(models[name]))})
            accelerator = start_process(recipe.training, folder)  # the earlier run's seed and precision are its own
    return TRAINERS[type(recipe)](recipe, folder, accelerator, quiet)


def _train_earlier(
    recipe: Any, part: str, kinds: tuple[type[Recipe], ...], folder: Path, quiet: bool, trained: Mapping[str, Path]
) -> Path:
    """The tower that another recipe trains first, with the same seed and on the same captioned pictures."""
    if (folder / "model").exists():
        return folder / "model"
    name = str(getattr(recipe, part).model)
    earlier: Any = load_recipe(name)
    if not isinstance(earlier, kinds):
        wanted = " or ".join(family for family, kind in KINDS.items() if kind in kinds)
        raise UserError(f"The {part} '{name}' is a recipe, but not of the family {wanted}; name one that is.")
    data: Any = earlier.data
    # What a paint model's text side learns from is text of its own, and no captions of pictures.
    if isinstance(earlier, TextRecipe | ClipRecipe) and not isinstance(recipe, PaintRecipe):
        sources = getattr(recipe.data, "sources", earlier.data.sources)
        data = replace(earlier.data, dataset=recipe.data.dataset, sources=sources)
    seeded = replace(earlier.training, seed=recipe.training.seed)
    return train(replace(earlier, data=data, training=seeded), folder, quiet, trained)


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
    saved, wanted = read_object(folder / "recipe.json"), to_json(recipe)
    if saved.get("family") == wanted["family"]:
        saved = with_later_fields(saved, recipe)
    differing = different_fields(saved, wanted)
    if differing:
        raise UserError(
            f"{folder} holds a run of another recipe (they differ in {', '.join(differing[:3])}); "
            "give the recipe it began with, or name another folder with --run."
        )
