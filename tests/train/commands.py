"""The program in a process of its own, and recipes for it in files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from train.recipes import TEXT, VISION

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "isogloss.cli", *map(str, arguments)]


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """The program, with its own process group, so that a signal reaches it as a terminal's would."""
    return subprocess.Popen(
        command(*arguments),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=ENVIRONMENT, capture_output=True, text=True, check=False)


def recipe_file(path: Path, dataset: Path, text_tower: Path, **training: Any) -> Path:
    """The recipe of `train.recipes.clip_recipe`, as a user's file."""
    settings = {"precision": "float32", "checkpoint_every": 4, "log_every": 2, "validate_every": 4} | training
    path.write_text(
        "from isogloss.models.towers import Tower\n"
        "from isogloss.train.training import Training\n"
        "from isogloss.train.optim import Optimisation\n"
        "from isogloss.train.clip_recipe import ClipRecipe, ParallelData\n"
        "recipe = ClipRecipe(\n"
        f"    data=ParallelData({str(dataset)!r}, ('en', 'qaa', 'qab'), images_per_step=16),\n"
        f"    vision=Tower(config={json.dumps(VISION)}),\n"
        f"    text=Tower(model={str(text_tower)!r}, frozen_epochs=0.5),\n"
        "    projection_dim=16,\n"
        "    text_tokens=32,\n"
        f"    training=Training(optimisation=Optimisation(learning_rate=3e-3), **{settings!r}),\n"
        ")\n"
    )
    assert TEXT["hidden_dropout_prob"] == 0.0, "processes draw their own dropout, and are compared"
    return path
