"""The paper's claim in miniature: trained in parallel, a model finds pictures in every language; in English alone, in English.

Krasner & Lanuzo, *Parallel Multilingual Pre-Training for Multi-Modal Representations*. The held-out squares show
combinations of colour, size and place that were not trained; chance finds 5 of 28 among the first five.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from train.recipes import clip_recipe, text_recipe
from train.squares import MADE_UP, TEST

from isogloss.data import images
from isogloss.data.batch import Preparation
from isogloss.data.dataset import Dataset
from isogloss.evaluate.run import evaluate_run
from isogloss.train import text
from isogloss.train.log import read_metrics
from isogloss.train.run import train

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


def test_nothing_of_it_was_read_off_the_test_pictures(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every picture's file that a text stage and an epoch of training open, and every caption that they tokenize."""
    files: set[str] = set()
    learnt: set[str] = set()
    captions: set[str] = set()
    read, tokenize, learn = images.read_bytes, Preparation.tokenize, text.train_tokenizer

    def reading(location: str, offset: int, length: int) -> bytes:
        files.add(Path(location).stem)
        return read(location, offset, length)

    def tokenizing(self: Preparation, texts: Sequence[str]) -> Any:
        captions.update(texts)
        return tokenize(self, texts)

    def learning(texts: Iterable[str], vocabulary: int, tokens: int, slots: int) -> Any:
        learnt.update(every := list(texts))
        return learn(every, vocabulary, tokens, slots)

    monkeypatch.setattr(images, "read_bytes", reading)
    monkeypatch.setattr(Preparation, "tokenize", tokenizing)
    monkeypatch.setattr(text, "train_tokenizer", learning)

    opened = Dataset.open(dataset)
    languages = ("en", *MADE_UP)
    splits = {name: opened.split(name, languages) for name in opened.splits}
    keys = {name: set(split.keys) for name, split in splits.items()}
    said = {
        name: {words for found in split.captions.values() for words in found.texts.to_pylist()}
        for name, split in splits.items()
    }
    tower = train(text_recipe(dataset), tmp_path / "text", quiet=True)
    assert learnt == said["train"]
    assert captions and captions <= said["train"]
    assert not files
    recipe = clip_recipe(dataset, tower, languages, steps=5)
    train(replace(recipe, data=replace(recipe.data, images_per_step=20)), tmp_path / "run", quiet=True)
    assert files == keys["train"] | keys["validation"], "every picture is read, so that a forbidden one would be"
    assert captions == said["train"] | said["validation"]
    assert not files & keys["test"]
    assert not captions & said["test"]


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
