"""The memory that an estimate tells of a chat model's step is what a real step of it holds at once."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

from isogloss.train.process import start_process

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELERATE_USE_CPU", "true")
        patch.syspath_prepend(str(BENCH))
        yield importlib.import_module("estimate_chat")


@pytest.mark.parametrize(
    ("stage", "parts", "again", "vocabulary"),
    [
        # Layers hold the most.
        ("align", 1, True, 200),
        ("instruct", 4, True, 200),
        ("align", 4, False, 200),
        # Words do.
        ("instruct", 1, False, 2000),
        ("instruct", 1, True, 2000),
        ("align", 4, True, 2000),
    ],
)
def test_what_is_alive_at_once(
    stage: str, parts: int, again: bool, vocabulary: int, bench: Any, tmp_path: Path
) -> None:
    recipe = bench.recipe_of(64, 6, vocabulary)
    run = bench.run_of(recipe, stage, precision="float32", micro_batches=parts, gradient_checkpointing=again)
    told = bench.told_of(run)
    torch.manual_seed(0)
    model = bench.chat_shape(run, False)
    found = bench.alive(model, run, bench.batch_of(model, told.shapes), start_process(run.training, tmp_path))
    assert told.phases[0].work.peak == pytest.approx(found, rel=0.15)
    assert (told.micro_batches, told.again) == (parts, again)
