"""The runs of an experiment: where each lies, with which seed, and its training where that is still to be done."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.recipe import Recipe
from isogloss.train.run import check_recipe, train


def run_folder(folder: Path, seed: int, name: str) -> Path:
    """The folder of a seed's run."""
    return folder / f"seed-{seed}" / name


def seeded(recipe: Any, seed: int) -> Any:
    """A recipe with another seed, in both stages where it has two."""
    if isinstance(recipe, ChatRecipe):
        stages = {
            name: replace(stage, training=replace(stage.training, seed=seed))
            for name, stage in (("align", recipe.align), ("instruct", recipe.instruct))
        }
        return replace(recipe, **stages)
    return replace(recipe, training=replace(recipe.training, seed=seed))


def trained(recipe: Recipe, run: Path) -> None:
    """Train what is not trained yet.

    Raises:
        UserError: the folder holds another recipe's run, or training cannot go on.
    """
    if (run / "model").exists():
        check_recipe(recipe, run)
    else:
        print(f"{run.parent.name}: {run.name}", flush=True)
        train(recipe, run)
