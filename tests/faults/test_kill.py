"""A run that is killed, at whatever moment, ends with the weights of one that was not."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

from train.commands import recipe_file, start
from train.test_loop import rows

from isogloss.train.checkpoint import checkpoints
from isogloss.train.log import read_metrics
from isogloss.train.recipe import load_recipe
from isogloss.train.run import train


def wait_for_rows(process: subprocess.Popen[str], run: Path, count: int) -> None:
    while process.poll() is None and len(read_metrics(run / "metrics.jsonl")) < count:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()[1]


def test_killed_at_any_moment_the_same_command_ends_with_the_same_weights(
    dataset: Path, text_tower: Path, tmp_path: Path
) -> None:
    """With a checkpoint after every step, most moments are in the middle of writing one."""
    recipe = recipe_file(
        tmp_path / "recipe.py", dataset, text_tower, steps=60, checkpoint_every=1, log_every=3, validate_every=20
    )
    whole = train(load_recipe(str(recipe)), tmp_path / "whole", quiet=True)
    chance, run = random.Random(0), tmp_path / "killed"
    for reached in (2, 9):
        process = start("train", recipe, "--run", run)
        wait_for_rows(process, run, reached)
        time.sleep(chance.random() / 5)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (run / "model").exists()
        assert checkpoints(run), "it had saved some"
    process = start("train", recipe, "--run", run)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert output.strip().endswith(str(run / "model"))
    for file in whole.iterdir():
        assert file.read_bytes() == (run / "model" / file.name).read_bytes(), file.name
    assert rows(tmp_path / "whole") == rows(run)
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000059", "step-00000060"]
    assert sorted(path.name for path in run.iterdir()) == ["checkpoints", "metrics.jsonl", "model", "recipe.json"]


def test_ctrl_c_saves_and_says_so_in_one_sentence(dataset: Path, text_tower: Path, tmp_path: Path) -> None:
    recipe = recipe_file(tmp_path / "recipe.py", dataset, text_tower, steps=2000, checkpoint_every=0, log_every=1)
    run = tmp_path / "run"
    process = start("train", recipe, "--run", run)
    wait_for_rows(process, run, 3)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("isogloss: stopped; what is finished is saved")
    (reached, _), *others = checkpoints(run)
    assert not others
    assert [row["step"] for row in rows(run) if row["split"] == "train"] == list(range(1, reached + 1))
