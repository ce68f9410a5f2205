"""What the demos of chat and paint do alike: wrong options are told before anything is made, worlds are made once."""

from pathlib import Path
from typing import Any

import pytest
from cli.program import Program, isogloss
from small_demos import DEMOS, noted

from isogloss.cli import dispatch
from isogloss.errors import UserError

__all__ = ["isogloss"]


@pytest.fixture(params=DEMOS)
def command(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def asked(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Path, int]]:
    return noted(command, tmp_path, monkeypatch)


def test_the_same_command_goes_on_with_the_worlds_that_are_there(
    command: str, asked: list[tuple[Any, Path, int]]
) -> None:
    times: list[dict[str, int]] = []
    for _ in range(2):
        dispatch([command])
        found = Path(f"runs/{command}").glob("*/dataset.json")
        times.append({file.parent.name: file.stat().st_mtime_ns for file in found})
    assert times[0] == times[1]
    worlds = {"shapes", "shapes-text"} | ({"shapes-parallel"} if command == "demo-paint" else set())
    assert times[0].keys() == worlds
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--experiments", "pivots"], "There is no experiment 'pivots'; .*pivot"),
        (["--seeds", "0"], "seeds is 0; give at least 1"),
        (["--jobs", "-1"], "jobs is -1; give a whole number of at least 1, or 0 for one on each core"),
        (["--split", "dev"], "'dev'"),
        (["--pictures", "0"], "pictures is 0; give a whole number of at least 1"),
    ],
)
def test_options_that_are_wrong(
    options: list[str], told: str, command: str, asked: list[tuple[Any, Path, int]], isogloss: Program
) -> None:
    done = isogloss(command, *options)
    assert (done.code, done.output, asked) == (2, "", [])
    with pytest.raises(UserError, match=told):
        dispatch([command, *options])
