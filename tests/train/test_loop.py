"""The loop on a toy model: what it logs, what it leaves out, and that it goes on where it was."""

import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from train.toy import Toy, ToyBatch, ToyBatches, same, squared, toy_fit, weights

from isogloss.errors import UserError
from isogloss.losses import Losses
from isogloss.train.checkpoint import checkpoints
from isogloss.train.log import read_metrics
from isogloss.train.loop import MOST_SKIPPED
from isogloss.train.optim import Optimisation
from isogloss.train.stages import frozen_until
from isogloss.train.training import Training


def rows(folder: Path) -> list[dict[str, Any]]:
    """What a run has logged, but for how fast it was."""
    timed = ("seconds", "images_per_second")
    return [{k: v for k, v in row.items() if k not in timed} for row in read_metrics(folder / "metrics.jsonl")]


def at_steps(steps: set[int], do: Callable[[Losses], Losses], first: int = 0) -> Callable[[Any, ToyBatch], Losses]:
    """The toy's loss, with something done to it at some steps."""
    step = first - 1

    def loss(model: Any, batch: ToyBatch) -> Losses:
        nonlocal step
        step += 1
        losses = squared(model, batch)
        return do(losses) if step in steps else losses

    return loss


def interrupt(losses: Losses) -> Losses:
    os.kill(os.getpid(), signal.SIGINT)
    return losses


def test_a_run_in_bfloat16_leaves_a_model_that_computes_in_float32(tmp_path: Path) -> None:
    computed: list[torch.Tensor] = []
    inputs = torch.randn(9, 6)

    def validate(model: nn.Module) -> dict[str, float]:
        computed.append(model(inputs))
        return {}

    trained = toy_fit(tmp_path, steps=2, precision="bfloat16", validate=validate)
    fresh = Toy().eval()
    fresh.load_state_dict(trained.state_dict())
    with torch.no_grad():
        assert torch.equal(trained(inputs), fresh(inputs))
        assert not torch.equal(computed[-1], fresh(inputs))
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(computed[-1], fresh(inputs).float())


def test_the_log_by_a_naive_reference(tmp_path: Path) -> None:
    each: list[float] = []

    def loss(model: Any, batch: ToyBatch) -> Losses:
        losses = squared(model, batch)
        each.append(float(losses.total.detach()))
        return losses

    validated: list[bool] = []

    def validate(model: nn.Module) -> dict[str, float]:
        validated.append(model.training)
        return {"loss": 4.5, "english_loss": 2.5}

    toy_fit(tmp_path, loss=loss, validate=validate, steps=7, log_every=3, validate_every=4)
    logged = rows(tmp_path)
    assert [(row["split"], row["step"]) for row in logged] == [
        ("train", 3),
        ("validation", 4),
        ("train", 6),
        ("train", 7),
        ("validation", 7),
    ]
    means = [sum(each[first:last]) / (last - first) for first, last in ((0, 3), (3, 6), (6, 7))]
    train = [row for row in logged if row["split"] == "train"]
    assert [row["loss"] for row in train] == pytest.approx(means)
    assert [row["twice"] for row in train] == pytest.approx([2 * mean for mean in means])
    assert [row["loss_above_floor"] for row in train] == pytest.approx(means)
    assert [row["epoch"] for row in logged] == [step / 5 for step in (3, 4, 6, 7, 7)]
    assert all(row["gradient_norm"] > 0 and row["floor"] == 0 for row in train)
    assert logged[1] == {"step": 4, "epoch": 0.8, "split": "validation", "loss": 4.5, "english_loss": 2.5}
    assert validated == [False, False]
    assert all({"seconds", "images_per_second"} <= row.keys() for row in read_metrics(tmp_path / "metrics.jsonl")[:1])


@dataclass(frozen=True)
class Watched(Optimisation):
    """Plain descent that notes how long the gradients are."""

    norms: tuple[list[float], ...] = ([],)

    def build(self, model: nn.Module) -> list[torch.optim.Optimizer]:
        norms = self.norms[0]

        class Optimiser(torch.optim.AdamW):
            def step(self, *arguments: Any, **options: Any) -> Any:
                gradients = [parameter.grad for group in self.param_groups for parameter in group["params"]]
                norms.append(float(torch.stack([one.norm() for one in gradients if one is not None]).norm()))
                return super().step(*arguments, **options)

        return [Optimiser([{"params": model.parameters(), "factor": 1.0}], lr=self.learning_rate)]


def test_a_gradient_is_cut_to_the_largest(tmp_path: Path) -> None:
    def loss(model: Any, batch: ToyBatch) -> Losses:
        losses = squared(model, batch)
        return Losses(total=1e4 * losses.total, floor=losses.floor)

    watched = Watched(largest_gradient=0.25)
    toy_fit(tmp_path, loss=loss, steps=3, optimisation=watched)
    assert watched.norms[0] == pytest.approx([0.25] * 3, rel=1e-3)
    assert rows(tmp_path)[-1]["gradient_norm"] > 100, "the log has the norm as it was"


def test_training_twice_is_the_same_to_the_bit(tmp_path: Path) -> None:
    one, other = toy_fit(tmp_path / "a"), toy_fit(tmp_path / "b")
    assert same(weights(one), weights(other))
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert not same(weights(one), weights(toy_fit(tmp_path / "c", seed=1))), "dropout is of the seed"


def test_worker_processes_change_nothing(tmp_path: Path) -> None:
    one, other = toy_fit(tmp_path / "a", steps=6), toy_fit(tmp_path / "b", steps=6, workers=2)
    assert same(weights(one), weights(other))


@pytest.mark.parametrize("stopped", [0, 4, 6, 11])
def test_an_interrupted_run_ends_as_if_it_had_not_been(stopped: int, tmp_path: Path) -> None:
    """With dropout, frozen stages, and rows of the log that span the interruption."""
    stages = frozen_until({"text_model": 1.4, "vision_model": 0.4})
    whole = toy_fit(tmp_path / "whole", stages=stages, log_every=5)
    with pytest.raises(KeyboardInterrupt):
        toy_fit(tmp_path / "parts", stages=stages, log_every=5, loss=at_steps({stopped}, interrupt))
    assert [step for step, _ in checkpoints(tmp_path / "parts")] == [stopped + 1]
    parts = toy_fit(tmp_path / "parts", stages=stages, log_every=5)
    assert same(weights(whole), weights(parts))
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")
    optimisers = [
        torch.load(tmp_path / run / "checkpoints" / "step-00000012" / "optimizer.bin") for run in ("whole", "parts")
    ]
    assert optimisers[0]["state"].keys() == optimisers[1]["state"].keys()
    for one, other in zip(optimisers[0]["state"].values(), optimisers[1]["state"].values(), strict=True):
        assert all(torch.equal(one[name], other[name]) for name in ("step", "exp_avg", "exp_avg_sq"))


def test_a_run_that_dies_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    """Rows that were logged after the checkpoint are written again, once."""

    def die(losses: Losses) -> Losses:
        raise MemoryError

    whole = toy_fit(tmp_path / "whole", checkpoint_every=4, log_every=1)
    with pytest.raises(MemoryError):
        toy_fit(tmp_path / "parts", checkpoint_every=4, log_every=1, loss=at_steps({10}, die))
    assert [step for step, _ in checkpoints(tmp_path / "parts")] == [4, 8]
    assert [row["step"] for row in rows(tmp_path / "parts")] == list(range(1, 11))
    asked: list[int] = []

    class Noting(ToyBatches):
        def __getitem__(self, step: int) -> ToyBatch:
            asked.append(step)
            return super().__getitem__(step)

    parts = toy_fit(tmp_path / "parts", checkpoint_every=4, log_every=1, batches=Noting())
    assert asked == [8, 9, 10, 11], "nothing is trained twice"
    assert same(weights(whole), weights(parts))
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


def test_a_finished_run_trains_no_further(tmp_path: Path) -> None:
    whole = toy_fit(tmp_path)
    before = (tmp_path / "metrics.jsonl").read_text()
    again = toy_fit(tmp_path, loss=at_steps(set(range(12)), interrupt))
    assert same(weights(whole), weights(again))
    assert (tmp_path / "metrics.jsonl").read_text() == before


def spoil(what: str) -> Callable[[Losses], Losses]:
    """A loss that is not finite, or one whose gradient is not."""

    def do(losses: Losses) -> Losses:
        total = {
            "nan": losses.total * math.nan,
            "infinite": losses.total * math.inf,
            "gradient": (losses.total - losses.total.detach()).sqrt() + losses.total.detach(),
        }[what]
        return Losses(total=total, floor=losses.floor, parts=losses.parts)

    return do


@pytest.mark.parametrize("what", ["nan", "infinite", "gradient"])
def test_a_step_that_is_not_finite_is_left_out(what: str, tmp_path: Path) -> None:
    states: list[dict[str, torch.Tensor]] = []

    def note(model: nn.Module) -> dict[str, float]:
        states.append(weights(model))
        return {"loss": 0.0}

    left_out = {0, 3, 4, 11}
    toy_fit(tmp_path, loss=at_steps(left_out, spoil(what)), validate=note, validate_every=1, log_every=2)
    torch.manual_seed(7)
    states.insert(0, weights(Toy()))
    stayed = {step for step in range(12) if same(states[step], states[step + 1])}
    assert stayed == left_out
    train = [row for row in rows(tmp_path) if row["split"] == "train"]
    assert [row["step"] for row in train] == [2, 4, 6, 8, 10, 12]
    assert all(math.isfinite(value) for row in train for value in row.values() if isinstance(value, float))


def test_a_row_with_nothing_to_say_is_not_written(tmp_path: Path) -> None:
    toy_fit(tmp_path, loss=at_steps({3, 4, 5}, spoil("nan")), log_every=3)
    assert [row["step"] for row in rows(tmp_path)] == [3, 9, 12]


def test_too_many_in_a_row_end_the_run_with_the_weights_as_they_were(tmp_path: Path) -> None:
    states: list[dict[str, torch.Tensor]] = []
    models: list[nn.Module] = []
    spoiled = at_steps(set(range(2, 2 + MOST_SKIPPED)), spoil("nan"))

    def loss(model: Any, batch: ToyBatch) -> Losses:
        models.append(model)
        states.append(weights(model))
        return spoiled(model, batch)

    with pytest.raises(UserError, match=rf"not finite for {MOST_SKIPPED} steps up to step {MOST_SKIPPED + 2}.*0\.05"):
        toy_fit(tmp_path, loss=loss, steps=20, checkpoint_every=2)
    assert len(states) == MOST_SKIPPED + 2
    assert not same(states[1], states[2])
    assert same(weights(models[-1]), states[2])
    assert [step for step, _ in checkpoints(tmp_path)] == [8, 10]


def test_one_fewer_in_a_row_does_not_end_it(tmp_path: Path) -> None:
    bad = {*range(2, 1 + MOST_SKIPPED), *range(2 + MOST_SKIPPED, 1 + 2 * MOST_SKIPPED)}
    toy_fit(tmp_path, loss=at_steps(bad, spoil("nan")), steps=24)
    assert rows(tmp_path)[-1]["step"] == 24


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_in_a_batch_is_the_same_sentence_from_any_process(workers: int, tmp_path: Path) -> None:
    class Damaged(ToyBatches):
        def __getitem__(self, step: int) -> ToyBatch:
            if step == 3:
                raise UserError("The picture x.png is damaged; replace it.")
            return super().__getitem__(step)

    with pytest.raises(UserError) as caught:
        toy_fit(tmp_path, batches=Damaged(), workers=workers, checkpoint_every=2)
    assert str(caught.value) == "The picture x.png is damaged; replace it."
    assert [step for step, _ in checkpoints(tmp_path)] == [2]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"steps": 0}, "steps is 0; give a whole number of at least 1"),
        ({"precision": "float16"}, "no precision 'float16'; choose auto, float32 or bfloat16"),
        ({"checkpoints_kept": 0}, "checkpoints_kept is 0; keep at least the last one"),
    ],
)
def test_what_cannot_be_is_told(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Training(**wrong)
