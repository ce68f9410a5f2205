"""What many tests train on and start from, made once in a session."""

from pathlib import Path

import pytest
from train.recipes import text_recipe
from train.squares import squares

from isogloss.train.run import train


@pytest.fixture
def processor_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are compared to the bit, which a GPU's sums in no fixed order do not allow."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The squares."""
    root = tmp_path_factory.getbasetemp() / "squares"
    if not root.exists():
        squares(root)
    return root


@pytest.fixture(scope="session")
def text_tower(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text tower without dropout that has seen a few steps of text."""
    run = tmp_path_factory.getbasetemp() / "text"
    if not (run / "model").exists():
        train(text_recipe(dataset), run, quiet=True)
    return run / "model"
