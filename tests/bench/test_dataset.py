"""The bench of large datasets runs, on a small one and in one process: both sides draw the same texts."""

import importlib
from multiprocessing import Pipe
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from isogloss.data import index

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    monkeypatch.setattr(index, "IN_MEMORY", index.IN_MEMORY)  # the bench changes it
    return importlib.import_module("dataset")


def answers(side: Any, root: Path) -> list[Any]:
    """What a side of the bench says when asked for two turns."""
    ours, theirs = Pipe()
    for question in ((0, 3), (3, 5), None):
        ours.send(question)
    side(root, theirs)
    said: list[Any] = []
    while ours.poll():
        said.append(ours.recv())
    return said


def test_both_sides_draw_the_same_texts(bench: ModuleType, tmp_path: Path) -> None:
    bench.make(tmp_path / "words", 1500)
    opening, *turns, at_end = answers(bench.draw, tmp_path / "words")
    plain = answers(bench.draw_plainly, tmp_path / "words")
    assert [turn["texts"] for turn in turns] == [turn["texts"] for turn in plain]
    assert turns[0]["texts"] != turns[1]["texts"]
    assert [len(turn["seconds"]) for turn in turns] == [3, 2]
    assert opening["seconds"] < opening["first step after"]
    assert 0 < at_end["resident"] <= at_end["peak"]
