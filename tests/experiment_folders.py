"""The folders of small experiments: finishing one, stopping it on the way, copying it, and reading what it says."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isogloss import experiment_runs
from isogloss.errors import UserError
from isogloss.train import run as training


def finish(run: Callable[..., Path], experiment: Any, folder: Path) -> Path:
    """Run a whole experiment in processes of its own, on one core: other numbers of threads give other bits."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys.modules[run.__module__], "cores", lambda: 1)
        assert run(experiment, folder, jobs=1) == folder / "report.html"
    return folder


def stopped_before(stops: list[int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stop experiments once when so many runs were trained, for each of these numbers; the list fills with their names."""
    trained: list[str] = []

    def training_once(recipe: Any, run: Path, quiet: bool = False) -> Path:
        if len(trained) in stops:
            stops.remove(len(trained))
            raise UserError("stopped")
        trained.append(run.name)
        return training.train(recipe, run, quiet=True)

    monkeypatch.setattr(experiment_runs, "train", training_once)
    return trained


def copied(finished: Path, folder: Path) -> Path:
    """An experiment in another place, without checkpoints."""
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns("checkpoints"))
    for path in folder.glob("seed-*/*/recipe.json"):  # which name their parts by their places
        path.write_text(path.read_text().replace(str(finished), str(folder)))
    return folder


def written(folder: Path) -> dict[Path, int]:
    """When each file of an experiment's runs was written."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("seed-*/**/*") if path.is_file()}


def read(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
