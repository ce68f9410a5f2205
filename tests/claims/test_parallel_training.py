"""The paper's claim in miniature: trained in parallel, a model finds pictures in every language; in English alone, in English.

Krasner & Lanuzo, *Parallel Multilingual Pre-Training for Multi-Modal Representations*. The held-out squares show
combinations of colour, size and place that were not trained; chance finds 5 of 28 among the first five.
"""

from pathlib import Path
from typing import Any

import pytest
from train.squares import MADE_UP, TEST

from isogloss.data.dataset import Dataset
from isogloss.evaluate.run import evaluate_run
from isogloss.train.log import read_metrics

CHANCE = 5 / TEST


@pytest.fixture(scope="module")
def figures(parallel: Path, english_only: Path) -> dict[str, Any]:
    return {"parallel": evaluate_run(parallel)["languages"], "english": evaluate_run(english_only)["languages"]}


@pytest.mark.parametrize("direction", ["caption_to_image", "image_to_caption"])
def test_parallel_training_finds_pictures_in_every_language(figures: dict[str, Any], direction: str) -> None:
    for language in ("en", *MADE_UP):
        accuracy, low, _ = figures["parallel"][language][direction]["accuracy@5"]
        assert accuracy > 0.8, language
        assert low > 2 * CHANCE, language


@pytest.mark.parametrize("direction", ["caption_to_image", "image_to_caption"])
def test_english_only_training_finds_them_in_english_alone(figures: dict[str, Any], direction: str) -> None:
    assert figures["english"]["en"][direction]["accuracy@5"][0] > 0.8
    for language in MADE_UP:
        assert figures["english"][language][direction]["accuracy@5"][0] < 0.5, language


def test_nothing_of_it_was_read_off_the_test_pictures(dataset: Path) -> None:
    opened = Dataset.open(dataset)
    trained, tested = (
        set(texts.texts.to_pylist())
        for split in ("train", "test")
        for texts in [opened.split(split, ("qaa",)).captions["qaa"]]
    )
    assert len(tested) == TEST
    assert not trained & tested


def test_losses_compare_above_their_floors(parallel: Path, english_only: Path) -> None:
    """The parallel loss cannot fall below half the log of three; what lies above it falls as the English one does."""
    last = [
        [row for row in read_metrics(run / "metrics.jsonl") if row["split"] == "train"]
        for run in (parallel, english_only)
    ]
    (first, *_, parallel_end), (_, *_, english_end) = last
    assert parallel_end["floor"] == pytest.approx(0.5493, abs=1e-4)
    assert english_end["floor"] == 0.0
    assert parallel_end["loss"] > parallel_end["floor"]
    assert parallel_end["loss_above_floor"] < 0.3 * first["loss_above_floor"]
    assert english_end["loss_above_floor"] < 0.3 * first["loss_above_floor"]
