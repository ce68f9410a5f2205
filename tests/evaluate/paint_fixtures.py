"""A paint run of random weights beside a small dataset of the shapes world, and what it is asked for."""

import json
from pathlib import Path

from serve.tiny_painter import save_painter

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import build_shapes
from isogloss.serve.painting import Painting

LANGUAGES = ("en", "ja", "de")
PICTURES = 5
# As few steps as can be, since what is painted is noise anyway.
QUICK = Painting(steps=2, guidance=2.0)


def make_world(root: Path) -> Dataset:
    """A few pictures with captions."""
    return build_shapes(root, pictures={"train": 4, "test": PICTURES}, size=32, languages=LANGUAGES, replies=0)


def make_run(folder: Path, dataset: Path) -> Path:
    """A run as training leaves it, of a model whose pictures differ from prompt to prompt."""
    run = save_painter(folder)
    recipe = {"family": "paint", "data": {"dataset": str(dataset), "languages": ["en"]}, "training": {"steps": 30}}
    (run / "recipe.json").write_text(json.dumps(recipe))
    losses = [{"step": step, "split": "train", "loss": 2 / step} for step in (10, 20, 30)]
    losses.append({"step": 30, "split": "validation", "loss": 0.1, "en_loss": 0.1})
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in losses))
    return run
