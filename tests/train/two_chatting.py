"""What each of the processes in `test_chat` does: both stages of a chat model."""

import sys
from pathlib import Path

from train.small_chat import chat_recipe

from isogloss.train.run import train


def train_both(world: Path, writer: Path, folder: Path) -> None:
    """Train both stages; five conversations a step do not divide by two, so shares are uneven."""
    train(chat_recipe(world, writer), folder, quiet=True)


if __name__ == "__main__":
    train_both(*map(Path, sys.argv[1:]))
