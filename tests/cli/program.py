"""The program, run in this process as a shell would run it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from isogloss.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code.
        output, errors: what it printed.
    """

    code: int
    output: str
    errors: str

    @property
    def sentence(self) -> str:
        """The last line of the errors: what is before it, if anything, is a progress bar."""
        return self.errors.rstrip("\n").splitlines()[-1] if self.errors.strip() else ""


Program = Callable[..., Ended]


@pytest.fixture
def isogloss(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Run `isogloss …` in a terminal so wide that no table breaks its lines, unless COLUMNS is set again."""
    monkeypatch.setenv("COLUMNS", "250")
    # The program sets these for its own process, which here is that of all tests.
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "error")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["isogloss", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run
