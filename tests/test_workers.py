"""What processes that are started from now on inherit."""

import os
import subprocess
import sys

import pytest

from isogloss.workers import keep_memory

NAMES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "TOKENIZERS_PARALLELISM")


def inherited() -> dict[str, str]:
    script = f"import os; print(*(os.environ.get(name, '') for name in {NAMES}), sep=',')"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return dict(zip(NAMES, shown.strip().split(","), strict=True))


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is as it was after each test, whatever the test sets in it."""
    for name in NAMES:
        monkeypatch.setenv(name, "0")
        del os.environ[name]


def test_processes_keep_the_memory_that_they_free() -> None:
    keep_memory()
    assert inherited() == dict(zip(NAMES, (str(2**30), str(2**30), "false"), strict=True))


def test_what_the_user_has_set_stays() -> None:
    os.environ["MALLOC_TRIM_THRESHOLD_"] = "4096"
    keep_memory()
    assert inherited() == dict(zip(NAMES, (str(2**30), "4096", "false"), strict=True))
