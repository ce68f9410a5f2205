"""What each of the processes in `test_chat` and `test_accumulation` does: both stages of a chat model."""

import sys
from dataclasses import replace
from pathlib import Path

from train.small_chat import chat_recipe, staged

from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.run import train


def in_parts(recipe: ChatRecipe, parts: int) -> ChatRecipe:
    """The recipe with both stages' steps in parts."""
    for name in ("align", "instruct"):
        recipe = staged(recipe, name, training=replace(getattr(recipe, name).training, micro_batches=parts))
    return recipe


def train_both(world: Path, writer: Path, folder: Path, parts: int = 1) -> None:
    """Train both stages; five conversations a step do not divide by two, so shares are uneven."""
    train(in_parts(chat_recipe(world, writer), parts), folder, quiet=True)


if __name__ == "__main__":
    given, parts = [Path(name) for name in sys.argv[1:4]], sys.argv[4:]
    train_both(*given, *map(int, parts))
