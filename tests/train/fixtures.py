"""What many tests train on and start from, made once in a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from train.recipes import learning_recipe, text_recipe
from train.squares import MADE_UP, squares

from isogloss.train.run import train


@pytest.fixture(autouse=True, scope="session")
def processor_only() -> Iterator[None]:
    """Runs are compared to the bit, which a GPU's sums in no fixed order do not allow, nor do other numbers of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ACCELERATE_USE_CPU", "true")
        patched.setenv("CUDA_VISIBLE_DEVICES", "")
        patched.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(threads)


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


def _trained(root: Path, name: str, dataset: Path, text_tower: Path, languages: tuple[str, ...]) -> Path:
    """A run that has learnt what the squares are called in these languages, from random weights."""
    run = root / name
    if not (run / "model").exists():
        recipe = learning_recipe(dataset, text_tower, languages, steps=150, validate_every=75, log_every=25)
        train(recipe, run, quiet=True)
    return run


@pytest.fixture(scope="session")
def parallel(dataset: Path, text_tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained in all languages of the squares in parallel."""
    return _trained(tmp_path_factory.getbasetemp(), "parallel", dataset, text_tower, ("en", *MADE_UP))


@pytest.fixture(scope="session")
def english_only(dataset: Path, text_tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained in English alone, with everything else alike."""
    return _trained(tmp_path_factory.getbasetemp(), "english_only", dataset, text_tower, ("en",))
