"""How fast a run says it is: over the steps alone, whatever happens between them, a clock of our own standing for time."""

from pathlib import Path
from typing import Any

import pytest
from torch import nn
from train.test_loop import at_steps, interrupt
from train.toy import ToyBatch, squared, toy_fit

from isogloss.losses import Losses
from isogloss.train.log import read_metrics


class Clock:
    """A step takes 2 seconds of it, and a validation 100."""

    now = 1000.0

    def step(self, model: Any, batch: ToyBatch) -> Losses:
        self.now += 2
        return squared(model, batch)

    def validate(self, model: nn.Module) -> dict[str, float]:
        self.now += 100
        return {"loss": 0.0}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("isogloss.train.loop.time.perf_counter", lambda: made.now)
    return made


def timed(folder: Path) -> list[tuple[int, float, float]]:
    rows = [row for row in read_metrics(folder / "metrics.jsonl") if row["split"] == "train"]
    return [(row["step"], row["seconds"], row["images_per_second"]) for row in rows]


def test_validation_is_not_counted(clock: Clock, tmp_path: Path) -> None:
    toy_fit(tmp_path, loss=clock.step, validate=clock.validate, validate_every=4)
    assert timed(tmp_path) == [(step, 6.0, 2.0) for step in (3, 6, 9, 12)]


def test_neither_is_the_time_between_a_stop_and_its_resumption(clock: Clock, tmp_path: Path) -> None:
    stopping = at_steps({7}, interrupt)

    def step(model: Any, batch: ToyBatch) -> Losses:
        stopping(model, batch)
        return clock.step(model, batch)

    with pytest.raises(KeyboardInterrupt):
        toy_fit(tmp_path, loss=step)
    clock.now += 10_000
    toy_fit(tmp_path, loss=clock.step)
    assert timed(tmp_path) == [(step, 6.0, 2.0) for step in (3, 6, 9, 12)]
