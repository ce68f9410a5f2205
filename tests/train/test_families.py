"""Both families through the loop: a curve that stays what it was, and runs that go on where they stopped."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from json import loads
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from train.recipes import DROPOUT, TEXT, VISION, clip_recipe, text_recipe, word_tokenizer
from train.test_loop import rows
from transformers import PreTrainedTokenizerFast

from isogloss.data.dataset import Dataset
from isogloss.models.towers import Tower, load_dual_encoder
from isogloss.train import clip, run
from isogloss.train.recipe import Recipe
from isogloss.train.run import train
from isogloss.train.text_recipe import TextRecipe
from isogloss.train.training import Training

# Losses of every second step; what changes them changes every result, and is to be meant.
GOLDEN_CLIP = [3.351113, 3.321242, 3.317405, 3.294247, 3.260361]
GOLDEN_TEXT = [7.472159, 7.099994, 6.77735, 6.41415, 6.145154]


@pytest.fixture
def recipes(dataset: Path, text_tower: Path) -> dict[str, Recipe]:
    """Both families, with dropout wherever there is one."""
    clip = clip_recipe(dataset, text_tower, log_every=3)
    text = text_recipe(dataset, log_every=3)
    return {
        "clip": replace(clip, vision=Tower(config=VISION | DROPOUT), data=replace(clip.data, hidden_tokens=0.2)),
        "per language": replace(clip, vision=Tower(config=VISION | DROPOUT), objective="per_language"),
        "text": replace(text, config=TEXT | DROPOUT),
    }


def stop_at(monkeypatch: pytest.MonkeyPatch, family: str, step: int) -> None:
    """Ask the process to stop while it computes a step."""
    place = f"isogloss.train.{family}.{family}_loss"
    loss: Callable[..., Any] = getattr(import_module(f"isogloss.train.{family}"), f"{family}_loss")
    calls: list[None] = []

    def stopping(*arguments: Any) -> Any:
        calls.append(None)
        if len(calls) == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(*arguments)

    monkeypatch.setattr(place, stopping)


def losses_of(folder: Path) -> list[float]:
    return [row["loss"] for row in rows(folder) if row["split"] == "train"]


@pytest.fixture
def words(dataset: Path) -> PreTrainedTokenizerFast:
    opened = Dataset.open(dataset)
    return word_tokenizer(text for tag in opened.languages for text in opened.captions(tag)["text"].to_pylist())


def test_the_golden_curve_of_a_dual_encoder(dataset: Path, words: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    words.save_pretrained(tmp_path / "words")
    text = Tower(config=TEXT | {"vocab_size": len(words)}, tokenizer=str(tmp_path / "words"))
    recipe = replace(clip_recipe(dataset, "unused", steps=30, log_every=6), text=text)
    train(recipe, tmp_path / "run", quiet=True)
    assert losses_of(tmp_path / "run") == pytest.approx(GOLDEN_CLIP, rel=2e-3)


def test_the_golden_curve_of_a_text_stage(
    dataset: Path, words: PreTrainedTokenizerFast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isogloss.train.text.train_tokenizer", lambda texts, vocabulary, tokens, slots: words)
    train(text_recipe(dataset, steps=30, log_every=6), tmp_path, quiet=True)
    assert losses_of(tmp_path) == pytest.approx(GOLDEN_TEXT, rel=2e-3)


@pytest.mark.parametrize("name", ["clip", "per language", "text"])
def test_a_stopped_run_ends_as_if_it_had_not_been(
    name: str, recipes: dict[str, Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes[name]
    whole = train(recipe, tmp_path / "whole", quiet=True)
    with monkeypatch.context() as patched:
        stop_at(patched, "text" if isinstance(recipe, TextRecipe) else "clip", 5)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "parts", quiet=True)
    assert not (tmp_path / "parts" / "model").exists()
    parts = train(recipe, tmp_path / "parts", quiet=True)
    files = sorted(path.name for path in whole.iterdir())
    assert files == sorted(path.name for path in parts.iterdir())
    for file in files:
        assert (whole / file).read_bytes() == (parts / file).read_bytes(), file
    last = Path("checkpoints") / "step-00000008"
    for file in ("model.safetensors", "optimizer.bin"):
        assert (tmp_path / "whole" / last / file).read_bytes() == (tmp_path / "parts" / last / file).read_bytes()
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


def test_the_text_tower_stays_frozen_for_half_an_epoch(
    dataset: Path, text_tower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper's stage, in the run of a real recipe: an epoch has 6 steps of 16 of the 100 pictures."""
    states: list[torch.Tensor] = []
    loss = clip.clip_loss

    def noting(model: Any, batch: Any, objective: str) -> Any:
        states.append(model.text_model.embeddings.word_embeddings.weight.detach().clone())
        return loss(model, batch, objective)

    monkeypatch.setattr(clip, "clip_loss", noting)
    train(clip_recipe(dataset, text_tower, steps=6), tmp_path, quiet=True)
    assert [torch.equal(states[0], state) for state in states] == [True] * 4 + [False] * 2


def test_a_tower_of_random_weights_is_never_frozen(dataset: Path, text_tower: Path, tmp_path: Path) -> None:
    recipe = clip_recipe(dataset, text_tower, steps=1)
    random = replace(recipe, text=Tower(model=str(text_tower), random_weights=True, frozen_epochs=0.5))
    for name, one in (("pretrained", recipe), ("random", random)):
        train(one, tmp_path / name, quiet=True)
    states = {
        name: torch.load(tmp_path / name / "checkpoints" / "step-00000001" / "optimizer.bin")["state"]
        for name in ("pretrained", "random")
    }
    assert len(states["random"]) > len(states["pretrained"]), "a frozen weight has no moments"


def test_bfloat16_trains_and_saves_float32(dataset: Path, text_tower: Path, tmp_path: Path) -> None:
    """In one process after a run of another precision, as an experiment's are."""
    train(clip_recipe(dataset, text_tower, steps=2), tmp_path / "float32", quiet=True)
    saved = train(clip_recipe(dataset, text_tower, steps=2, precision="bfloat16"), tmp_path / "bfloat16", quiet=True)
    one, other = losses_of(tmp_path / "float32"), losses_of(tmp_path / "bfloat16")
    assert one != other
    assert one == pytest.approx(other, rel=0.05)
    model, _ = load_dual_encoder(saved)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_a_text_stage_of_a_recipe_is_trained_first_in_its_own_precision(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    precisions: list[str] = []
    begin = run.start_process

    def noting(training: Training, folder: Path) -> Accelerator:
        precisions.append(training.precision)
        return begin(training, folder)

    def stage(name: str) -> Recipe:
        asked.append(name)
        return text_recipe(Path("elsewhere"), steps=2, seed=5)

    monkeypatch.setattr(run, "start_process", noting)
    monkeypatch.setattr(run, "load_recipe", stage)
    recipe = clip_recipe(dataset, "text_emoji", steps=2, seed=3, precision="bfloat16")
    train(recipe, tmp_path, quiet=True)
    assert asked == ["text_emoji"]
    saved = loads((tmp_path / "text" / "recipe.json").read_text())
    assert saved["family"] == "text"
    assert (saved["training"]["seed"], saved["data"]["dataset"]) == (3, str(dataset))
    assert precisions == ["bfloat16", "float32", "bfloat16"]
    assert (tmp_path / "text" / "model" / "model.safetensors").exists()
    assert loads((tmp_path / "recipe.json").read_text())["text"]["model"] == "text_emoji"
