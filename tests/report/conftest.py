"""A finished experiment that every test may read and none may change, and copies that a test may spoil."""

import shutil
from pathlib import Path

import pytest
from report.synthetic import build_experiment


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment folder with ablations and two seeds; not to be changed."""
    return build_experiment(tmp_path_factory.mktemp("runs") / "demo", seeds=2)


@pytest.fixture
def experiment(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished experiment."""
    return Path(shutil.copytree(finished, tmp_path / "demo"))
