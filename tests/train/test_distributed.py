"""Two processes train what one does: the same curve and the same weights, but for the order of sums."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from train.commands import ENVIRONMENT
from train.test_loop import rows
from train.two_processes import train_both

STAGES = ["text stage", "dual encoder"]


@pytest.fixture(scope="module")
def runs(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The folders of both stages, of one process and of two."""
    one, two = tmp_path_factory.mktemp("one") / "run", tmp_path_factory.mktemp("two") / "run"
    train_both(dataset, one)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "train.two_processes"]
    done = subprocess.run(
        [sys.executable, *launch, str(dataset), str(two)],
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {"text stage": [one / "text", two / "text"], "dual encoder": [one, two]}


@pytest.mark.parametrize("stage", STAGES)
def test_both_processes_took_part(runs: dict[str, list[Path]], stage: str) -> None:
    for processes, run in enumerate(runs[stage], start=1):
        states = list((run / "checkpoints" / "step-00000008").glob("random_states_*.pkl"))
        assert len(states) == processes


@pytest.mark.parametrize("stage", STAGES)
def test_the_curves_are_the_same(runs: dict[str, list[Path]], stage: str) -> None:
    one, two = (rows(run) for run in runs[stage])
    assert len(one) == len(two) >= 4
    for wanted, found in zip(one, two, strict=True):
        assert found.pop("split") == wanted.pop("split")
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("stage", STAGES)
def test_the_weights_are_the_same(runs: dict[str, list[Path]], stage: str) -> None:
    """A learning rate of 0.003 moves them a hundred times as far as the tolerance."""
    one, two = (load_file(run / "model" / "model.safetensors") for run in runs[stage])
    torch.testing.assert_close(two, one, rtol=0, atol=5e-5)
