"""Experiments without processes of their own: their runs are done at once, in the environment that they would have."""

import os
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from train.commands import ENVIRONMENT


class Here:
    """A pool of no processes: what is submitted is done at once."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


@contextmanager
def here(jobs: int) -> Generator[Here]:
    yield Here()


@pytest.fixture(autouse=True, scope="module")
def environment() -> Generator[None]:
    """What an experiment sets for its processes is put back."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "TOKENIZERS_PARALLELISM"):
            patched.setenv(name, os.environ.get(name, "0"))
        yield
