"""The bench of paint models compares like with like: the same loss of the same pictures, captions and noise."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

from isogloss.data.dataset import Dataset
from isogloss.losses.denoise import draw_timesteps
from isogloss.train import paint
from isogloss.train.process import start_process

BENCH = Path(__file__).parents[2] / "bench"
SMALL = {
    "UNET": {
        "block_out_channels": [8, 8, 16, 16],
        "attention_head_dim": 4,
        "layers_per_block": 1,
        "cross_attention_dim": 16,
    },
    "VAE": {"block_out_channels": [8, 8, 8, 8], "layers_per_block": 1},
    "TEXT": {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1},
}


@pytest.fixture(scope="module")
def bench() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        yield {name: importlib.import_module(name) for name in ("paint_peer", "paint_step")}


def test_both_sides_have_the_same_loss(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, peer = bench["paint_step"], bench["paint_peer"]
    for name, fields in SMALL.items():
        monkeypatch.setattr(step, name, getattr(step, name) | fields)
    world = step.make_world(tmp_path, pictures=4, side=32)
    settings = peer.Settings(1, 4, 32)
    recipe = step.recipe_of(world, settings)
    model = paint.built(recipe)
    accelerator = start_process(recipe.training, tmp_path / "run")
    batch = paint.Reading(recipe, Dataset.open(world.dataset), model, accelerator).batches("train", ("en",))[0]
    parts, pairs, tokenizer = step.peer_parts(world)
    read = {tuple(row["input_ids"].tolist()): row for row in peer.Pairs(pairs, tokenizer, 32)}
    rows = [read[tuple(ids)] for ids in batch.texts.tolist()]
    pixels = torch.stack([row["pixel_values"] for row in rows])
    torch.testing.assert_close(pixels, batch.pictures, rtol=0, atol=1e-6)
    torch.manual_seed(5)
    assert batch.second_noise is not None
    batch.second_noise.copy_(torch.randn(batch.second_noise.shape))
    torch.manual_seed(5)
    times = draw_timesteps(recipe.denoising, batch.chance).long()
    with torch.no_grad():
        theirs = peer.step_loss(parts, pixels, torch.stack([row["input_ids"] for row in rows]), batch.noise, times)
        ours = paint.paint_loss(model, batch, recipe.denoising).total
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_laps_are_those_after_the_warmup(bench: Any) -> None:
    laps = bench["paint_step"].Laps(2)
    began = [laps.watch]
    for _ in range(5):
        laps()
        began.append(laps.watch)
    assert [watch is began[0] for watch in began] == [True, True, True, False, False, False]
    assert laps.spent.keys() == {"seconds", "processor_seconds"}
