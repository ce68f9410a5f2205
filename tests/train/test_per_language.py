"""A CLIP loss for each language: the other objective, from the recipe to a model that finds pictures in every language."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from losses import naive
from train.recipes import clip_recipe, learning_recipe
from train.squares import MADE_UP
from train.test_loop import rows

from isogloss.data.batch import Batch
from isogloss.evaluate.run import evaluate_run
from isogloss.train import clip
from isogloss.train.run import train


def test_every_step_is_the_mean_of_the_losses_of_each_language(
    dataset: Path, text_tower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: list[float] = []
    loss = clip.clip_loss

    def noting(model: Any, batch: Batch, objective: str) -> Any:
        with torch.no_grad():
            output = model(batch.pixel_values, batch.input_ids, batch.attention_mask)
            images, captions = output.image_embeds.double(), output.text_embeds.double()
            total, _ = naive.per_language(
                images, captions, batch.owner.tolist(), batch.language.tolist(), output.scale.double()
            )
        expected.append(float(total))
        return loss(model, batch, objective)

    monkeypatch.setattr(clip, "clip_loss", noting)
    recipe = replace(clip_recipe(dataset, text_tower, steps=3, log_every=1), objective="per_language")
    train(recipe, tmp_path, quiet=True)
    logged = [row for row in rows(tmp_path) if row["split"] == "train"]
    assert [row["loss"] for row in logged] == pytest.approx(expected, rel=1e-5)
    # Of each image there is one caption in each language, and so one right answer.
    assert {row["floor"] for row in rows(tmp_path)} == {0.0}


def test_it_learns_every_language(dataset: Path, text_tower: Path, tmp_path: Path) -> None:
    recipe = learning_recipe(dataset, text_tower, ("en", *MADE_UP), steps=100, validate_every=0)
    train(replace(recipe, objective="per_language"), tmp_path, quiet=True)
    for language, found in evaluate_run(tmp_path)["languages"].items():
        assert found["caption_to_image"]["accuracy@5"][0] > 0.8, language
        assert found["image_to_caption"]["accuracy@5"][0] > 0.8, language
