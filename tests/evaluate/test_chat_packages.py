"""A package that measures replies and is not installed is told before any work is done."""

import re
import sys
from pathlib import Path

import pytest
from cli.program import Program, isogloss

from isogloss.errors import UserError
from isogloss.evaluate.chat_packages import check_packages
from isogloss.evaluate.chat_run import evaluate_chat

__all__ = ["isogloss"]


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """As where these are not installed."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def test_nothing_is_said_where_all_is_there() -> None:
    check_packages()


def test_each_package_is_named_by_what_pip_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "icu4py", "lingua")
    told = (
        "Replies are measured with icu4py and lingua-language-detector; install what is missing with "
        '`pip install "isogloss[chat]"`.'
    )
    with pytest.raises(UserError, match=f"^{re.escape(told)}$"):
        check_packages()


def test_the_demo_draws_nothing_without(isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    without(monkeypatch, "sacrebleu")
    done = isogloss("demo-chat")
    assert (done.code, done.output) == (2, "")
    assert (
        done.errors
        == 'isogloss: Replies are measured with sacrebleu; install what is missing with `pip install "isogloss[chat]"`.\n'
    )
    assert not list(tmp_path.iterdir())


def test_an_evaluation_asks_nothing_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "sacrebleu")
    with pytest.raises(UserError, match="measured with sacrebleu"):
        evaluate_chat(tmp_path)
