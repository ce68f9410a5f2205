"""How much memory a process has: its share of the machine's, or of the container's where that has less."""

import os
from pathlib import Path

import pytest

from isogloss.train.memory import memory_each

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.fixture(autouse=True)
def without_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [("1000000\n", 1_000_000), ("max\n", MACHINE), (str(2**63 - 4096), MACHINE), (None, MACHINE)],
    ids=["limited", "unlimited", "a number for unlimited", "no control groups"],
)
def test_the_least_of_machine_and_container(said: str | None, wanted: int, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    if said is not None:
        limit.write_text(said)
    assert memory_each(1, [tmp_path / "other", limit]) == wanted
    assert memory_each(4, [tmp_path / "other", limit]) == wanted // 4


def test_processes_of_other_machines_take_nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert memory_each(16, []) == MACHINE // 2
