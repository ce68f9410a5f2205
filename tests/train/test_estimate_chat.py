"""Estimates of chat models and of language models: their parts beside those of a real step, and what trains when."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from recipes.test_chat_at_scale import stand_in
from torch.utils.flop_counter import FlopCounterMode
from train.small_corpus import corpus, write_corpus

from isogloss.data.chat_batch import ChatBatch
from isogloss.models.chat_building import build_chat
from isogloss.models.lora import add_lora
from isogloss.train.chat import chat_loss, chat_tokens
from isogloss.train.chat_recipe import ChatRecipe, ChatTexts
from isogloss.train.estimate import Estimate, estimate, runs_of
from isogloss.train.gradient_checkpointing import gradient_checkpointing
from isogloss.train.recipe import load_recipe
from isogloss.train.stages import freeze
from isogloss.train.step_shapes import StepShapes
from isogloss.train.work import FUSED


def estimates(recipe: ChatRecipe, bfloat16: bool = False) -> dict[str, Estimate]:
    return {name: estimate(run, bfloat16=bfloat16, images=60, tokens=8) for name, run in runs_of(recipe)}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> ChatRecipe:
    return stand_in("chat_qwen", tmp_path_factory.mktemp("tiny"))


def test_a_stage_is_a_run_and_what_trains_when_is_its_stages(recipe: ChatRecipe) -> None:
    found = estimates(recipe)
    assert list(found) == ["align", "instruct"]
    model, _ = build_chat(recipe.vision, recipe.language_model, recipe.connector)
    sizes = {
        name: sum(4 * value.numel() for value in getattr(model, name).parameters())
        for name in ("vision_tower", "multi_modal_projector", "language_model")
    }
    connector, both = found["align"].phases
    assert (connector.steps, both.steps) == (1, 1)
    assert connector.work.gradients == sizes["multi_modal_projector"]
    # The tower of an estimate has the head of its pooled output, which a chat model's never reads.
    assert both.work.gradients >= sizes["multi_modal_projector"] + sizes["vision_tower"]
    assert both.work.backward > connector.work.backward and both.work.forward == connector.work.forward
    (instruct,) = found["instruct"].phases
    adapted = add_lora(model.language_model, recipe.instruct.lora)
    adapters = sum(4 * value.numel() for value in adapted.parameters() if value.requires_grad)
    assert instruct.work.gradients == sizes["multi_modal_projector"] + adapters
    assert found["instruct"].optimiser == 2 * instruct.work.gradients


def test_operations_are_those_of_a_real_step(recipe: ChatRecipe) -> None:
    align = estimates(recipe)["align"]
    assert align.shapes.tokenised and align.shapes.images == recipe.align.conversations_per_step
    (rows, row_tokens), *others = align.shapes.groups
    assert not others and row_tokens <= recipe.align.row_tokens
    model, processor = build_chat(recipe.vision, recipe.language_model, recipe.connector)
    visual = model.config.visual_tokens
    ids = torch.full((rows, row_tokens), 5)
    ids.view(-1)[: visual * align.shapes.images] = model.config.image_token_id
    labels = torch.full_like(ids, -100)
    labels.view(-1)[-align.shapes.learnt - 1 :] = 5
    assert chat_tokens(model, processor, row_tokens).visual_tokens == visual
    side = model.config.sight["side"]
    positions = torch.arange(row_tokens).expand(rows, -1) % (row_tokens // 2)
    pixels = torch.rand(align.shapes.images, 3, side, side)
    images = torch.arange(align.shapes.images)
    batch = ChatBatch(ids, positions, labels, images, images * visual // row_tokens, pixels)
    freeze(model, recipe.align.stages[0].frozen)
    with FlopCounterMode(display=False, custom_mapping=FUSED) as counter, gradient_checkpointing(model):
        for part in batch.parts(recipe.align.training.micro_batches)[:rows]:
            chat_loss(model.train(), part).total.backward()
    assert align.phases[0].work.operations == pytest.approx(counter.get_total_flops(), rel=0.02)


def test_parts_and_layers_that_are_computed_again_are_counted(recipe: ChatRecipe) -> None:
    def told(**training: Any) -> Estimate:
        wanted = replace(recipe.instruct.training, micro_batches=1, gradient_checkpointing=False)
        stage = replace(recipe.instruct, training=replace(wanted, **training))
        return estimates(replace(recipe, instruct=stage))["instruct"]

    whole, again = told(), told(gradient_checkpointing=True)
    ((rows, _),) = whole.shapes.groups
    parts = told(micro_batches=rows)
    one, other, part = (each.phases[0].work for each in (whole, again, parts))
    assert other.forward == one.forward, "once"
    # The last product of a layer is not needed again, nor the head.
    assert one.backward + 0.3 * one.forward < other.backward < one.backward + one.forward
    assert other.activations < 0.7 * one.activations
    assert part.forward == pytest.approx(one.forward, rel=0.02) and part.backward == pytest.approx(
        one.backward, rel=0.02
    )
    assert part.activations < 1.5 * one.activations / rows
    assert part.gradients == one.gradients and part.calls > (rows - 1) * one.calls
    assert parts.memory < whole.memory and again.memory < whole.memory


def test_texts_beside_are_counted(recipe: ChatRecipe, tmp_path: Path) -> None:
    spoken = write_corpus(tmp_path / "corpus", *corpus())

    def step(texts: ChatTexts) -> StepShapes:
        stage = replace(recipe.instruct, texts=texts)
        return estimates(replace(recipe, instruct=stage))["instruct"].shapes

    without, beside = step(ChatTexts()), step(ChatTexts(str(spoken), conversations_per_step=10))
    assert beside.tokenised and len(beside.lengths) == len(without.lengths) + 10
    assert beside.images == without.images and beside.steps_per_epoch == without.steps_per_epoch
    assert beside.lengths[: len(without.lengths)] == without.lengths and beside.learnt > without.learnt
    # Where the texts are not there, they are as long as a row, and all of them is learnt.
    told = step(ChatTexts(str(tmp_path / "nowhere"), conversations_per_step=10))
    bare = replace(recipe, data=replace(recipe.data, dataset=str(tmp_path / "nowhere")))
    plain = estimates(bare)["instruct"].shapes
    assert not told.tokenised and len(told.lengths) == len(plain.lengths) + 10
    assert told.lengths[-10:] == (recipe.instruct.row_tokens,) * 10 and told.images == plain.images
    assert told.learnt == plain.learnt + 10 * recipe.instruct.row_tokens


def test_kept_features_are_made_in_the_first_epoch_alone(recipe: ChatRecipe) -> None:
    longer = replace(recipe.align.training, steps=30)
    kept = replace(recipe, align=replace(recipe.align, cache=True, stages=recipe.align.stages[:1], training=longer))
    first, rest = estimates(kept)["align"].phases
    assert first.steps == estimates(kept)["align"].shapes.steps_per_epoch and first.steps + rest.steps == 30
    assert first.work.forward > rest.work.forward and first.work.backward == rest.work.backward


def test_eyes_that_learnt_beside_the_language_model_have_it_trained_once() -> None:
    chat, eyes = load_recipe("chat_shapes"), load_recipe("clip_shapes_english")
    assert [name for name, _ in runs_of(chat)] == ["language model", "eyes", "align", "instruct"]
    assert isinstance(chat, ChatRecipe)
    assert [name for name, _ in runs_of(replace(chat, start="somewhere"))] == ["align", "instruct"]
    (name, writer), (_, run) = runs_of(eyes)
    assert name == "language model" and writer == load_recipe("lm_shapes")
    told = estimate(run, bfloat16=False, images=960, tokens=12)
    assert told.shapes.steps_per_epoch == 10 and told.phases[0].work.gradients > 0


def test_a_language_model_alone() -> None:
    ((name, run),) = runs_of(load_recipe("lm_shapes"))
    told = estimate(run, bfloat16=False, images=None, tokens=16)
    assert name == "run" and told.phases[0].work.gradients == told.phases[0].work.weights
    assert told.shapes.learnt == 64 * 128, "at most"
