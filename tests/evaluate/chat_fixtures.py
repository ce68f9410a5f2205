"""A chat run of random weights beside a small dataset of the shapes world, and what it is asked."""

import json
from pathlib import Path
from typing import Any

from serve.tiny_talker import save_talker

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import build_shapes

LANGUAGES = ("en", "ja", "de")
PICTURES = 6


def make_world(root: Path) -> Dataset:
    """A few pictures with captions and conversations."""
    return build_shapes(root, pictures={"train": 4, "test": PICTURES}, size=32, languages=LANGUAGES)


def make_run(folder: Path, dataset: Path) -> Path:
    """A run as training leaves it, of a model whose replies differ from picture to picture."""
    run = save_talker(folder)
    stage: dict[str, Any] = {"languages": ["en"], "skipped": False}
    recipe = {"family": "chat", "data": {"dataset": str(dataset)}, "align": stage, "instruct": stage}
    (run / "recipe.json").write_text(json.dumps(recipe))
    return run
