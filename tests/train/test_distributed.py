"""Two processes train what one does: the same losses, the same weights, one log; and they stop together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from train.commands import ENVIRONMENT, recipe_file
from train.test_loop import rows

from isogloss.train.checkpoint import checkpoints
from isogloss.train.log import read_metrics
from isogloss.train.recipe import load_recipe
from isogloss.train.run import train


def launch(recipe: Path, run: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*words, "-m", "isogloss.cli", "train", str(recipe), "--run", str(run)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_two_processes_train_what_one_does(dataset: Path, text_tower: Path, tmp_path: Path) -> None:
    """Through a stage that freezes the text tower first, an interruption, and to the end."""
    recipe = recipe_file(tmp_path / "recipe.py", dataset, text_tower, steps=60, log_every=1, validate_every=30)
    alone = train(load_recipe(str(recipe)), tmp_path / "alone", quiet=True)

    process = launch(recipe, tmp_path / "together")
    while process.poll() is None and len(read_metrics(tmp_path / "together" / "metrics.jsonl")) < 8:
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()[1]
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    stopped = checkpoints(tmp_path / "together")
    assert stopped, "it saved what it had reached"
    assert not (tmp_path / "together" / "model").exists()

    process = launch(recipe, tmp_path / "together")
    errors = process.communicate()[1]
    assert process.returncode == 0, errors

    one, two = rows(tmp_path / "alone"), rows(tmp_path / "together")
    assert [(row["split"], row["step"]) for row in one] == [(row["split"], row["step"]) for row in two]
    for row, other in zip(one[:10], two[:10], strict=True):
        assert row == pytest.approx(other, rel=1e-3), row["step"]
    for row, other in zip(one, two, strict=True):
        assert row["loss"] == pytest.approx(other["loss"], rel=0.05), row["step"]
    weights = load_file(alone / "model.safetensors"), load_file(tmp_path / "together" / "model" / "model.safetensors")
    assert weights[0].keys() == weights[1].keys()
    for name, value in weights[0].items():
        torch.testing.assert_close(value, weights[1][name], rtol=0.1, atol=0.02, msg=name)
