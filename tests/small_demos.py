"""The demos of chat and paint with small worlds, which note the experiments that they would run."""

from pathlib import Path
from typing import Any

import pytest

from isogloss import demo_chat, demo_paint

SMALL: dict[str, Any] = {
    "PICTURES": {"train": 3, "validation": 1, "test": 2, "test_pairs": 2},
    "TEXTS": {"train": 20, "validation": 2},
}
# By command: the module, what runs its experiment, and the sizes of its worlds.
DEMOS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "demo-chat": (demo_chat, "run_chat_experiment", SMALL),
    "demo-paint": (demo_paint, "run_paint_experiment", SMALL | {"MEANINGS": 16}),
}


def noted(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Path, int]]:
    """The experiments that would be run from now on in a working folder, where, and how many arms at a time."""
    monkeypatch.chdir(folder)
    demo, name, sizes = DEMOS[command]
    found: list[tuple[Any, Path, int]] = []

    def run(experiment: Any, folder: Path, *, jobs: int) -> Path:
        found.append((experiment, folder, jobs))
        return folder / "report.html"

    for size, value in sizes.items():
        monkeypatch.setattr(demo, size, value)
    monkeypatch.setattr(demo, name, run)
    return found
