"""What never trains is in no checkpoint, and a run that goes on from one ends as if it had not been stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn
from train.test_loop import at_steps, interrupt, rows
from train.toy import Toy, same, toy_fit, weights

from isogloss.errors import UserError
from isogloss.train.checkpoint import checkpoints
from isogloss.train.stages import Stage, frozen_at, never_trained

VISION_ALWAYS = (Stage(0.0, "step", ("vision_model.*", "scale")), Stage(0.5, "run", ("vision_model.*",)))


def saved(run: Path) -> set[str]:
    return set(load_file(checkpoints(run)[-1][1] / "model.safetensors"))


@given(
    starts=st.lists(st.tuples(st.integers(0, 12), st.sets(st.sampled_from(["a.*", "b.*", "*.bias"]))), max_size=4),
    fixed=st.sets(st.sampled_from(["a.weight", "b.bias"])),
)
def test_never_is_at_no_step(starts: list[tuple[int, set[str]]], fixed: set[str]) -> None:
    model = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)})
    stages = [Stage(start, "step", tuple(frozen)) for start, frozen in starts]
    trained: set[str] = set()
    for step in range(10):
        frozen = frozen_at(stages, step, 10, 5)
        rest = {"a": "a.*" in frozen, "b": "b.*" in frozen}
        for tower in "ab":
            for kind in ("weight", "bias"):
                if not (rest[tower] or (kind == "bias" and "*.bias" in frozen)):
                    trained.add(f"{tower}.{kind}")
    everything = {name for name, _ in model.named_parameters()}
    assert never_trained(model, stages, 10, 5, fixed) == everything - (trained - fixed)


def test_a_checkpoint_holds_what_trains_at_some_time(tmp_path: Path) -> None:
    toy_fit(tmp_path / "all")
    assert saved(tmp_path / "all") == set(weights(Toy()))
    toy_fit(tmp_path / "some", stages=VISION_ALWAYS)
    assert saved(tmp_path / "some") == {"text_model.weight", "text_model.bias", "scale"}


@pytest.mark.parametrize("stopped", [3, 8])
def test_a_run_that_is_stopped_goes_on_as_if_it_had_not_been(stopped: int, tmp_path: Path) -> None:
    whole = toy_fit(tmp_path / "whole", stages=VISION_ALWAYS)
    with pytest.raises(KeyboardInterrupt):
        toy_fit(tmp_path / "cut", stages=VISION_ALWAYS, loss=at_steps({stopped}, interrupt))
    assert same(weights(toy_fit(tmp_path / "cut", stages=VISION_ALWAYS)), weights(whole))
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")


KILLED = """
import os, signal, sys
from pathlib import Path
from train.test_left_out import VISION_ALWAYS
from train.test_loop import at_steps
from train.toy import toy_fit

toy_fit(Path(sys.argv[1]), stages=VISION_ALWAYS, checkpoint_every=1,
        loss=at_steps({7}, lambda losses: os.kill(os.getpid(), signal.SIGKILL)))
"""


def test_a_run_that_is_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = toy_fit(tmp_path / "whole", stages=VISION_ALWAYS, checkpoint_every=1)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "cut")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    assert done.returncode == -9
    assert [step for step, _ in checkpoints(tmp_path / "cut")] == [6, 7]
    assert same(weights(toy_fit(tmp_path / "cut", stages=VISION_ALWAYS, checkpoint_every=1)), weights(whole))


def test_a_frozen_part_that_has_changed_is_told(tmp_path: Path) -> None:
    toy_fit(tmp_path, stages=VISION_ALWAYS)
    other = Toy()
    with torch.no_grad():
        other.vision_model.bias[0] += 1e-6
    with pytest.raises(UserError, match="is not the one that the run began with; bring back the model that the recipe"):
        toy_fit(tmp_path, stages=VISION_ALWAYS, model=other)


def test_a_checkpoint_of_fewer_weights_is_told(tmp_path: Path) -> None:
    toy_fit(tmp_path, stages=VISION_ALWAYS)
    with pytest.raises(UserError, match=r"cannot be read \(it holds other weights than the model has, such as vision"):
        toy_fit(tmp_path, stages=(Stage(frozen=("scale",)),))
    with pytest.raises(UserError, match="cannot be read"):
        toy_fit(tmp_path)


class Tied(Toy):
    """With a table that is its own head, as language models have it."""

    def __init__(self) -> None:
        super().__init__()
        self.vision_model = nn.Linear(6, 5, bias=False)
        self.again = nn.Linear(6, 5, bias=False)
        self.again.weight = self.vision_model.weight


def test_a_weight_with_two_names_is_left_out_under_both(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = Tied()
    toy_fit(tmp_path, stages=VISION_ALWAYS, model=model)
    assert saved(tmp_path) == {"text_model.weight", "text_model.bias", "scale"}
    reached = weights(model)
    with torch.no_grad():
        model.text_model.weight.zero_()
    assert same(weights(toy_fit(tmp_path, stages=VISION_ALWAYS, model=model)), reached)
