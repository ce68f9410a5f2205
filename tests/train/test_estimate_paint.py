"""Estimates of paint models: their parts beside those of a real step, and what trains when."""

from dataclasses import replace
from pathlib import Path

import pytest
from recipes.test_paint_at_scale import stand_in
from torch.utils.flop_counter import FlopCounterMode

from isogloss.data.dataset import Dataset
from isogloss.train import paint
from isogloss.train.estimate import Estimate, estimate, runs_of
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.process import start_process
from isogloss.train.recipe import load_recipe
from isogloss.train.stages import freeze
from isogloss.train.work import FUSED


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> PaintRecipe:
    """Nothing is kept, so that every step has all of the work."""
    made = stand_in("paint_qwen", tmp_path_factory.mktemp("tiny"), micro_batches=1, gradient_checkpointing=False)
    return replace(made, keep_text=False, keep_latents=False)


def told(recipe: PaintRecipe) -> Estimate:
    ((name, run),) = runs_of(recipe)
    assert name == "run"
    return estimate(run, bfloat16=False, images=None, tokens=8)


def test_operations_are_those_of_a_real_step(recipe: PaintRecipe, tmp_path: Path) -> None:
    found = told(recipe)
    assert found.shapes.tokenised and [phase.steps for phase in found.phases] == [1, 1, 1]
    model = paint.built(recipe)
    accelerator = start_process(recipe.training, tmp_path)
    reading = paint.Reading(recipe, Dataset.open(recipe.data.dataset), model, accelerator)
    batch = reading.batches("train", ("en",))[0]
    fixed = {name for name, value in model.named_parameters() if not value.requires_grad}
    for stage, phase in zip(recipe.stages, found.phases, strict=True):
        freeze(model, stage.frozen, fixed)
        with FlopCounterMode(display=False, custom_mapping=FUSED) as counter:
            paint.paint_loss(model, batch, recipe.denoising).total.backward()
        assert phase.work.operations == pytest.approx(counter.get_total_flops(), rel=0.02)
        sizes = [4 * value.numel() for value in model.parameters() if value.requires_grad]
        # The adapter's learnt empty prompt is no part of an estimated step's graph, but trains.
        assert phase.work.gradients == sum(sizes)
        model.zero_grad()
    adapter, crossing, rest = (phase.work for phase in found.phases)
    assert adapter.gradients < crossing.gradients < rest.gradients and adapter.forward == rest.forward


def test_what_is_kept_is_made_in_the_first_epoch_alone(recipe: PaintRecipe) -> None:
    longer = replace(recipe, keep_text=True, keep_latents=True, stages=(), training=replace(recipe.training, steps=60))
    first, rest = told(longer).phases
    assert first.steps == told(longer).shapes.steps_per_epoch and first.steps + rest.steps == 60
    assert first.work.forward > rest.work.forward and first.work.backward == rest.work.backward
    (anew,) = told(replace(recipe, stages=(), training=longer.training)).phases
    assert anew.work.forward == first.work.forward
    assert anew.work.weights > rest.work.weights, "the text side is not on the device where its states are kept"


def test_parts_and_layers_that_are_computed_again_are_counted(recipe: PaintRecipe) -> None:
    plain = replace(recipe, stages=())
    whole = told(plain)
    parts = told(replace(plain, training=replace(plain.training, micro_batches=4)))
    again = told(replace(plain, training=replace(plain.training, gradient_checkpointing=True)))
    one, part, other = (found.phases[0].work for found in (whole, parts, again))
    assert part.operations == pytest.approx(one.operations, rel=0.02) and part.activations < 0.4 * one.activations
    assert one.backward < other.backward < one.backward + one.forward
    assert other.activations < one.activations


def test_the_recipe_of_the_shapes_world_and_its_text_side() -> None:
    (first, _), (name, run) = runs_of(load_recipe("paint_shapes"))
    assert (first, name) == ("text", "run")
    found = estimate(run, bfloat16=False, images=12_000, tokens=24)
    assert found.parameters == pytest.approx(2.54e6, rel=0.01)
