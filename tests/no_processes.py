"""Experiments without processes of their own: their runs are done at once, in the environment that they would have."""

import os
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from train.commands import ENVIRONMENT

from isogloss import chat_experiment, paint_experiment


class Here:
    """A pool of no processes: what is submitted is done at once."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


@contextmanager
def here(jobs: int) -> Generator[Here]:
    yield Here()


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are done here, each on one core."""
    for module in (chat_experiment, paint_experiment):
        monkeypatch.setattr(module, "workers", here)
        monkeypatch.setattr(module, "cores", lambda: 1)


@pytest.fixture(autouse=True, scope="module")
def environment() -> Generator[None]:
    """What an experiment sets for its processes is put back."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "TOKENIZERS_PARALLELISM"):
            patched.setenv(name, os.environ.get(name, "0"))
        yield
