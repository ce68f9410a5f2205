"""The paint recipes of real scale: their shapes without weights, and steps of each stage with tiny models of their kinds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from models.tiny_paint import save_pair
from models.tiny_towers import save_text
from train.squares import squares

from isogloss.errors import UserError
from isogloss.models.adapter import build_adapter
from isogloss.models.hub import place
from isogloss.models.paint_building import check_channels, cross_attention_dim
from isogloss.models.paint_saving import load_paint
from isogloss.models.tower import Tower
from isogloss.train.log import read_metrics
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.recipe import load_recipe
from isogloss.train.run import train

NAMES = ("paint_viscpm", "paint_qwen")

# Stable Diffusion 2.1's parts, as their config.json has them on the Hub; its base model differs in the size of its pictures.
UNET: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [320, 640, 1280, 1280],
    "layers_per_block": 2,
    "cross_attention_dim": 1024,
    "attention_head_dim": [5, 10, 20, 20],
    "use_linear_projection": True,
}
VAE: dict[str, Any] = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
# Of the text side's states, and the side of the pictures over that of their latents.
WIDTHS, SIDES = {"paint_viscpm": 4096, "paint_qwen": 1024}, {"paint_viscpm": 768, "paint_qwen": 512}


def paint_recipe(name: str) -> PaintRecipe:
    recipe = load_recipe(name)
    assert isinstance(recipe, PaintRecipe)
    return recipe


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_built_without_weights(name: str) -> None:
    recipe = paint_recipe(name)
    with torch.device("meta"):
        unet, vae = UNet2DConditionModel(**UNET), AutoencoderKL(**VAE)
        adapter = build_adapter(recipe.adapter, WIDTHS[name], cross_attention_dim(unet))
        check_channels(unet, vae)
        side = (recipe.data.image_size or 0) // 8
        states, mask = torch.empty(2, 9, WIDTHS[name]), torch.ones(2, 9, dtype=torch.int64)
        places, there = adapter(states, mask, torch.zeros(2, dtype=torch.bool))
        painted = unet(
            torch.empty(2, 4, side, side), torch.zeros(2), encoder_hidden_states=places, encoder_attention_mask=there
        ).sample
    assert painted.shape == (2, 4, SIDES[name] // 8, SIDES[name] // 8)
    assert round(sum(value.numel() for value in unet.parameters()) / 1e6) == 866


def stand_in(name: str, folder: Path, **training: Any) -> PaintRecipe:
    """The recipe with tiny models of the same kinds, little data, and a step of each of its stages."""
    recipe = paint_recipe(name)
    stages = tuple(replace(stage, start=number, unit="step") for number, stage in enumerate(recipe.stages))
    pair = folder / "pair"
    if not pair.exists():
        save_pair(pair)
    settings = {"steps": len(stages), "micro_batches": 2, "workers": 0, "precision": "float32", "log_every": 1}
    return replace(
        recipe,
        data=replace(recipe.data, dataset=str(squares(folder / "data").root), images_per_step=4, image_size=16),
        text=Tower(model=str(save_text(folder / "text", "qwen3"))),
        unet=replace(recipe.unet, model=str(pair)),
        vae=str(pair),
        reading=replace(recipe.reading, tokens=12),
        sheet=replace(recipe.sheet, prompts=1, steps=1),
        stages=stages,
        training=replace(recipe.training, **{**settings, **training}),
    )


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_steps_of_all_stages_with_tiny_models_of_the_same_kinds(name: str, precision: str, tmp_path: Path) -> None:
    recipe = stand_in(name, tmp_path, precision=precision)
    model, scheduler = load_paint(train(recipe, tmp_path / "run", quiet=True))
    assert scheduler.config.prediction_type == recipe.denoising.prediction
    told = [row for row in read_metrics(tmp_path / "run" / "metrics.jsonl") if row["split"] == "train"]
    assert len(told) == len(recipe.stages) and all(row["gradient_norm"] > 0 for row in told)
    first = UNet2DConditionModel.from_pretrained(str(recipe.unet.model), subfolder="unet").state_dict()
    now = model.unet.state_dict()
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert any(not torch.equal(value, first[path]) for path, value in now.items() if "attn2" in path)
    assert any(not torch.equal(value, first[path]) for path, value in now.items() if "resnets" in path)
    assert model.unet.config.sample_size == 8


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_is_not_there_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = paint_recipe(name)
    recipe = replace(recipe, data=replace(recipe.data, dataset=str(squares(tmp_path / "data").root)))

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no such host")

    monkeypatch.setattr("isogloss.models.hub.get_hf_file_metadata", unreachable)
    place.cache_clear()
    with pytest.raises(UserError, match=r"neither in the local cache nor reachable on the Hub; give the path of a"):
        train(recipe, tmp_path / "run", quiet=True)
    place.cache_clear()
