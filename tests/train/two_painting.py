"""What each of the processes in `test_paint` does."""

import sys
from dataclasses import replace
from pathlib import Path

from train.small_paint import paint_recipe

from isogloss.train.run import train


def train_paint(world: Path, writer: Path, folder: Path, pair: Path | None = None) -> None:
    """Train; five pictures a step do not divide by two, so shares are uneven."""
    recipe = paint_recipe(world, writer, pair)
    train(replace(recipe, sheet=replace(recipe.sheet, prompts=0)), folder, quiet=True)


if __name__ == "__main__":
    train_paint(*(Path(name) for name in sys.argv[1:]))
