"""Accelerate's trackers get what metrics.jsonl gets."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from train.test_loop import rows
from train.toy import toy_fit

from isogloss.errors import UserError


def test_tensorboard_holds_the_rows_of_the_log(tmp_path: Path) -> None:
    run = tmp_path / "model"  # a run may have the name of a folder that a run has
    toy_fit(run, trackers=("tensorboard",), validate=lambda model: {"loss": 2.0}, validate_every=6)
    assert not (run / "model").exists()
    files = [path for path in run.rglob("events.out.tfevents.*") if path.parent.parent == run]
    assert len(files) == 1
    events = EventAccumulator(str(files[0].parent))
    events.Reload()
    for split, steps in (("train", [3, 6, 9, 12]), ("validation", [6, 12])):
        logged = {row["step"]: row["loss"] for row in rows(run) if row["split"] == split}
        shown = {event.step: event.value for event in events.Scalars(f"{split}/loss")}
        assert shown == pytest.approx(logged, rel=1e-6)
        assert list(shown) == steps


def test_an_unknown_tracker_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no tracker 'tensorbord'; did you mean 'tensorboard'"):
        toy_fit(tmp_path, trackers=("tensorbord",))


def test_a_tracker_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isogloss.train.process.get_available_trackers", list)
    with pytest.raises(UserError, match="'wandb' is not installed; install its package or leave it out"):
        toy_fit(tmp_path, trackers=("wandb",))
