"""A step in parts is the step as a whole: the same gradients, the same curve, the same weights, but for the order of sums."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor
from train.commands import ENVIRONMENT
from train.recipes import clip_recipe, text_recipe
from train.small_chat import chat_recipe, small_world, small_writer
from train.small_corpus import corpus, lm_recipe, write_corpus
from train.test_loop import rows
from train.two_chatting import train_both

from isogloss.data.chat_batch import IGNORED, ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.data.lessons import lessons
from isogloss.data.mixture import Mixture
from isogloss.errors import UserError
from isogloss.losses import Losses
from isogloss.models.chat_building import build_chat
from isogloss.models.connector import Connector
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.train import lm
from isogloss.train.accumulation import accumulate, mean_of
from isogloss.train.chat import chat_loss, chat_tokens
from isogloss.train.features import Features
from isogloss.train.run import train


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def writer(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_writer(world, tmp_path_factory.mktemp("writer"))


@st.composite
def batches(draw: st.DrawFn) -> ChatBatch:
    """Rows of token numbers that name their row, each with a few pictures or none."""
    shown = draw(st.lists(st.integers(0, 3), min_size=1, max_size=7))
    ids = torch.arange(len(shown))[:, None] * 10 + torch.arange(4)
    owner = torch.repeat_interleave(torch.arange(len(shown)), torch.tensor(shown))
    images = torch.arange(len(owner)) + 100
    pixels = images.float()[:, None, None, None].expand(-1, 3, 2, 2) if draw(st.booleans()) else None
    return ChatBatch(ids, torch.arange(4).expand(len(shown), -1), ids.clone(), images, owner, pixels)


@given(batch=batches(), count=st.integers(1, 9))
@settings(deadline=None)
def test_parts_are_the_rows_with_their_pictures(batch: ChatBatch, count: int) -> None:
    parts = batch.parts(count)
    assert len(parts) == count
    rows_of: dict[int, tuple[list[int], list[int]]] = {}
    for part in parts:
        assert len(part.input_ids) >= 1, "there is something to compute in each"
        assert part.input_ids.shape == part.labels.shape == part.position_ids.shape
        for number, row in enumerate(part.labels.tolist()):
            shown = part.images[part.owner == number].tolist()
            if row != [IGNORED]:
                rows_of[row[0] // 10] = row, shown
            else:
                assert not shown and part.position_ids.tolist() == [[0]]
        if batch.pixel_values is None:
            assert part.pixel_values is None
        else:
            assert part.pixel_values is not None
            assert part.pixel_values[:, 0, 0, 0].tolist() == part.images.tolist()
    assert rows_of == {
        number: (row, batch.images[batch.owner == number].tolist()) for number, row in enumerate(batch.labels.tolist())
    }
    sizes = sorted(len(part.input_ids) for part in parts)
    assert sizes[-1] - sizes[0] <= 1


def gradients(
    model: Any, batch: Any, loss: Any, parts: int, accelerator: Accelerator
) -> tuple[Losses, dict[str, Tensor]]:
    model.zero_grad(set_to_none=True)
    losses = accumulate(model, batch, loss, parts, accelerator)
    return losses, {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def same_step(model: Any, batch: ChatBatch, loss: Any) -> None:
    """The gradients of a step and of its parts, of which some have more that is learnt than others, and some have nothing."""
    accelerator = Accelerator(cpu=True)
    whole, wanted = gradients(model, batch, loss, 1, accelerator)
    assert wanted and len(batch.input_ids) > 2
    weights = {int((part.labels != IGNORED).sum()) for part in batch.parts(2)}
    assert len(weights) == 2, "a mean of means would be another loss"
    for parts in (2, 3, len(batch.input_ids) + 2):
        found, given_ = gradients(model, batch, loss, parts, accelerator)
        torch.testing.assert_close(found.total, whole.total.detach(), rtol=1e-5, atol=1e-6)
        assert found.terms == whole.terms
        assert given_.keys() == wanted.keys()
        torch.testing.assert_close(given_, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kept", [False, True], ids=["pixels", "kept"])
def test_a_chat_step_in_parts_has_the_gradients_of_the_whole(kept: bool, world: Dataset, writer: Path) -> None:
    recipe = chat_recipe(world.root, writer)
    torch.manual_seed(0)
    model, processor = build_chat(recipe.vision, recipe.language_model, recipe.connector, image_size=16)
    pictures = Pictures(world, world.split("train", ()), picture_size(processor.image_processor))
    scale = dict(zip(("mean", "deviation"), pixel_scale(processor.image_processor), strict=True))
    parts = lessons(world, "train", "conversations", ("en", "es"))
    mixture = Mixture({name: len(part) for name, part in parts.items()}, None, 11, 0)
    read = ChatBatches(parts, chat_tokens(model, processor, 128), mixture, 128, pictures, **scale, with_pixels=not kept)
    if kept:
        model.vision_tower.requires_grad_(requires_grad=False)
    features = Features(pictures, **scale) if kept else None
    same_step(model, read[0], lambda model, batch: chat_loss(model, batch, features))


def test_a_language_models_step_in_parts_has_the_gradients_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[Any, Any]] = []

    def noting(model: Any, batches: Any, *_: Any, **__: Any) -> None:
        found.append((model, batches[0]))
        raise UserError("enough")

    monkeypatch.setattr(lm, "fit", noting)
    with pytest.raises(UserError, match="enough"):
        train(lm_recipe(write_corpus(tmp_path / "corpus", *corpus())), tmp_path / "run", quiet=True)
    same_step(*found[0], lm.lm_loss)


@pytest.mark.parametrize(
    ("own", "others", "asked", "taken"), [(3, 2, 32, 3), (2, 5, 32, 5), (5, 2, 4, 4), (1, 1, 32, 1)]
)
def test_there_are_no_more_parts_than_the_process_with_the_most_has_rows(
    own: int, others: int, asked: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accelerator, "num_processes", 2)
    monkeypatch.setattr(Accelerator, "gather", lambda self, rows: torch.cat([rows, torch.tensor([others])]))
    weight = torch.nn.Linear(1, 1, bias=False)
    read: list[int] = []

    def loss(model: Any, part: ChatBatch) -> Losses:
        read.append(int((part.labels != IGNORED).sum()))
        total = model(part.input_ids.float()[..., None]).mean()
        return Losses(total, torch.tensor(0.0), {}, read[-1])

    ids, none = torch.ones(own, 4, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    batch = ChatBatch(ids, torch.arange(4).expand(own, -1), ids.clone(), none, none)
    accumulate(weight, batch, loss, asked, Accelerator(cpu=True))
    assert len(read) == taken and sum(read) == 4 * own


@pytest.mark.parametrize("kind", ["mlp", "resampler"])
def test_a_part_without_pictures_takes_part_where_words_are_frozen(kind: Any, world: Dataset, writer: Path) -> None:
    recipe = chat_recipe(world.root, writer)
    torch.manual_seed(0)
    connector = Connector(kind, queries=4)
    model, _ = build_chat(recipe.vision, recipe.language_model, connector, image_size=16)
    model.language_model.requires_grad_(requires_grad=False)
    ids, none = torch.full((1, 5), 7), torch.zeros(0, dtype=torch.int64)
    batch = ChatBatch(ids, torch.arange(5)[None], ids.clone(), none, none, torch.zeros(0, 3, 16, 16))
    losses, found = gradients(model.train(), batch, chat_loss, 1, Accelerator(cpu=True))
    assert float(losses.total.detach()) > 0
    assert found.keys() == {name for name, _ in model.named_parameters() if name.startswith("multi_modal_projector.")}
    assert not any(value.any() for value in found.values())


def test_a_loss_of_parts_weighs_them_by_their_terms() -> None:
    def part(value: float, terms: int) -> Losses:
        return Losses(torch.tensor(value), torch.tensor(value / 2), {"own": torch.tensor(2 * value)}, terms)

    step = mean_of([part(1.0, 3), part(5.0, 1), part(9.0, 0)])
    assert (float(step.total), float(step.floor), float(step.parts["own"]), step.terms) == (2.0, 1.0, 4.0, 4)
    nothing = mean_of([part(0.0, 0), part(0.0, 0)])
    assert (float(nothing.total), nothing.terms) == (0.0, 0)


@pytest.fixture(scope="module")
def runs(world: Dataset, writer: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of whole steps and of steps in parts, the latter in one process and in two."""
    folder = tmp_path_factory.mktemp("runs")
    train_both(world.root, writer, folder / "whole")
    train_both(world.root, writer, folder / "parts", 3)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "train.two_chatting"]
    done = subprocess.run(
        [sys.executable, *launch, str(world.root), str(writer), str(folder / "two"), "3"],
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: folder / name for name in ("whole", "parts", "two")}


@pytest.mark.parametrize("name", ["parts", "two"])
def test_a_run_in_parts_is_the_run_of_whole_steps(runs: dict[str, Path], name: str) -> None:
    for stage in ("align", "instruct"):
        one, other = rows(runs["whole"] / stage), rows(runs[name] / stage)
        assert len(one) == len(other) >= 4
        for wanted, found in zip(one, other, strict=True):
            assert found.pop("split") == wanted.pop("split")
            assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    one, other = (load_file(runs[which] / "model" / "model.safetensors") for which in ("whole", name))
    torch.testing.assert_close(other, one, rtol=0, atol=5e-5)


def test_losses_that_compare_all_of_a_step_refuse_parts() -> None:
    told = r"micro_batches is 2, and this loss compares all of a step with each other.*gradient_checkpointing to True"
    for recipe in (clip_recipe(Path("nowhere"), "nowhere"), text_recipe(Path("nowhere"))):
        with pytest.raises(UserError, match=told):
            replace(recipe, training=replace(recipe.training, micro_batches=2))


def test_fewer_parts_than_one_are_refused() -> None:
    with pytest.raises(UserError, match="micro_batches is 0; give a whole number of at least 1"):
        lm_recipe(Path("nowhere"), micro_batches=0)
