"""Estimates: operations as counted by hand and by the real step, memory as really used, and what is told of them."""

import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from train.recipes import TEXT, VISION, clip_recipe, text_recipe, word_tokenizer
from train.squares import squares

from isogloss.data.batch import Batch
from isogloss.errors import UserError
from isogloss.models.tower import tower_config
from isogloss.models.towers import Tower, build_dual_encoder
from isogloss.train.clip import clip_loss
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.devices import DEVICES, Device, this_machine
from isogloss.train.estimate import CALL_SECONDS, Estimate, Phase, estimate, runs_of
from isogloss.train.recipe import load_recipe
from isogloss.train.step_shapes import step_shapes
from isogloss.train.training import Training
from isogloss.train.work import Work

WORDS = 50
TOKENS = 7


def recipe(frozen: tuple[str, ...] = (), **data: Any) -> ClipRecipe:
    """Two tiny towers by their configs, and no dataset."""
    text = {**TEXT, "vocab_size": WORDS}
    return ClipRecipe(
        data=replace(ParallelData("nowhere", ("en", "qaa"), images_per_step=6), **data),
        vision=Tower(config=VISION),
        text=Tower(config=text, tokenizer="nowhere"),
        projection_dim=16,
        text_tokens=32,
        training=Training(steps=10, precision="float32"),
    )


def shapes(made: ClipRecipe, **given: Any) -> Estimate:
    return estimate(made, bfloat16=False, **{"images": None, "tokens": TOKENS, **given})


def matrix(rows: int, inner: int, columns: int) -> int:
    return 2 * rows * inner * columns


def transformer(items: int, tokens: int, shape: dict[str, Any]) -> tuple[int, int]:
    """Operations of a transformer's layers forwards, in its linear layers and in its attention."""
    width, inner, rows = shape["hidden_size"], shape["intermediate_size"], items * tokens
    linear = 4 * matrix(rows, width, width) + matrix(rows, width, inner) + matrix(rows, inner, width)
    attention = 2 * items * matrix(tokens, width, tokens)  # all heads together are as wide as a state
    return shape["num_hidden_layers"] * linear, shape["num_hidden_layers"] * attention


def test_operations_are_those_counted_by_hand() -> None:
    (phase,) = shapes(recipe()).phases
    images, captions, width = 6, 12, 32
    patches, pixels = 16, 3 * 4 * 4
    patching = matrix(images * patches, pixels, width)
    see, look = transformer(images, patches + 1, VISION)
    read, attend = transformer(captions, TOKENS, TEXT)
    project = matrix(images, width, 16) + matrix(captions, width, 16)
    pairs = matrix(images, 16, captions)
    assert phase.work.forward == patching + see + look + read + attend + project + pairs
    # Backwards each product becomes two, but that of the pixels, whose gradient nobody wants; fused attention makes five of
    # its two, since it computes its scores once more.
    backward = patching + 2 * (see + read + project + pairs) + 5 * (look + attend) // 2
    assert phase.work.backward == backward
    assert (phase.steps, phase.frozen) == (10, ())


def test_frozen_towers_have_no_backward_pass() -> None:
    made = recipe()
    frozen = replace(
        made,
        vision=replace(made.vision, model="elsewhere", config={}),
        text=replace(made.text, model="elsewhere", config={}),
    )
    assert [phase.frozen for phase in shapes_with_configs(frozen, made).phases] == [
        ("vision_model.*", "text_model.*"),
        (),
    ]
    first, last = shapes_with_configs(frozen, made).phases
    assert (first.steps, last.steps) == (5, 5), "half an epoch of ten steps"
    weights = matrix(6, 32, 16) + matrix(12, 32, 16)
    assert first.work.backward == weights + 2 * matrix(6, 16, 12), "the gradients of two projections, and of the pairs"
    assert first.work.forward == last.work.forward
    assert first.work.gradients == 4 * (2 * 32 * 16 + 1)
    assert first.work.activations < last.work.activations / 10
    assert last.work.gradients == last.work.weights


def shapes_with_configs(frozen: ClipRecipe, made: ClipRecipe) -> Estimate:
    """The estimate of a recipe that names saved towers, which here are those of another one's configs."""
    with pytest.MonkeyPatch.context() as patch:
        of = {"vision": made.vision, "text": made.text}
        patch.setattr("isogloss.train.clip_work.tower_config", lambda _, kind: tower_config(of[kind], kind))
        return estimate(frozen, bfloat16=False, images=60, tokens=TOKENS)


@pytest.mark.parametrize("objective", ["parallel", "per_language"])
@pytest.mark.parametrize("frozen", [(), ("embeddings.*",)])
def test_operations_and_weights_are_those_of_the_real_step(
    objective: Any, frozen: tuple[str, ...], tmp_path: Path
) -> None:
    tokenizer = word_tokenizer(chain(["a b c d e f"], map(str, range(40))))
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    made = replace(recipe(), objective=objective)
    made = replace(
        made,
        text=Tower(config={**TEXT, "vocab_size": len(tokenizer)}, tokenizer=str(tmp_path / "tokenizer"), frozen=frozen),
    )
    model, _ = build_dual_encoder(made.vision, made.text, projection_dim=16, text_tokens=32)
    ids = torch.full((12, TOKENS), 5)
    batch = Batch(torch.rand(6, 3, 16, 16), ids, torch.ones_like(ids), torch.arange(12) % 6, torch.arange(12) // 6)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        clip_loss(model.train(), batch, objective).total.backward()
    (phase,) = shapes(made).phases
    # Plain attention computes its scores once and not twice.
    again = sum(transformer(*each)[1] // 2 for each in ((6, 17, VISION), (12, TOKENS, TEXT)))
    assert phase.work.operations - again == counter.get_total_flops()
    assert phase.work.weights == sum(parameter.numel() * 4 for parameter in model.parameters())


MEASURED = """
import sys
from dataclasses import replace
from pathlib import Path
import torch
sys.path.insert(0, sys.argv[1])
from train.test_estimate import large, recipe
from isogloss.data.batch import Batch
from isogloss.models.clip import DualEncoder, DualEncoderConfig
from isogloss.models.towers import build_tower
from isogloss.train.clip import clip_loss

made = large()
torch.manual_seed(0)
torch.set_num_threads(1)
def used():
    # The most that this program held; getrusage would count what the process held that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
(vision, see), (text, read) = build_tower(recipe().vision, "vision"), build_tower(recipe().text, "text")
def run(made):
    (vision, see), (text, read) = build_tower(made.vision, "vision"), build_tower(made.text, "text")
    config = DualEncoderConfig(vision.config, text.config, made.projection_dim, see, read, made.text_tokens)
    model = DualEncoder(config, vision, text).train()
    (optimiser,) = made.training.optimisation.build(model)
    images, side = made.data.images_per_step, vision.config.image_size
    ids = torch.full((2 * images, 7), 5)
    for _ in range(2):
        batch = Batch(torch.rand(images, 3, side, side), ids, torch.ones_like(ids), torch.arange(2 * images) % images,
                      torch.arange(2 * images) // images)
        clip_loss(model, batch, "parallel").total.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
run(recipe())  # what libraries take for themselves is there before
before = used()
run(large())
print(used() - before)
"""


def large() -> ClipRecipe:
    """A model whose activations are some hundred megabytes."""
    made = recipe(images_per_step=192)
    wide: dict[str, Any] = {
        **VISION,
        "hidden_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 256,
        "image_size": 48,
    }
    return replace(made, vision=Tower(config=wide))


def test_memory_is_what_a_real_step_uses() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(Path(__file__).parents[1])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    measured, estimated = float(done.stdout), shapes(large()).memory
    assert estimated > 300e6
    assert 0.75 < measured / estimated < 1.5


def test_half_precision_keeps_the_weights_and_halves_most_activations() -> None:
    full, half = (
        shapes(replace(large(), training=Training(steps=10, precision=precision)))
        for precision in ("float32", "bfloat16")
    )
    assert (full.precision, half.precision) == ("float32", "bfloat16")
    assert full.phases[0].work.weights == half.phases[0].work.weights
    assert full.operations == half.operations
    assert 0.5 < half.phases[0].work.activations / full.phases[0].work.activations < 0.8


def test_a_step_takes_as_long_as_what_takes_longest() -> None:
    work = Work(
        forward=2 * 10**12, backward=10**12, calls=1000, traffic=10**9, weights=4, gradients=4, activations=1, peak=1
    )
    known = step_shapes(recipe(), images=None, tokens=TOKENS)
    one = Estimate(
        "bfloat16", known, (Phase(10, (), work), Phase(5, (), work)), 1, optimiser=8, micro_batches=1, again=False
    )
    fast = Device("fast", bfloat16=10e12, float32=1e12, bandwidth=1e12, memory=1e9, source="")
    assert one.step_seconds(fast, 0.5, one.phases[0]) == pytest.approx(3e12 / (10e12 * 0.5))
    assert one.step_seconds(replace(fast, bfloat16=None), 0.5, one.phases[0]) == pytest.approx(3e12 / (1e12 * 0.5))
    assert one.step_seconds(replace(fast, bandwidth=1e6), 0.5, one.phases[0]) == pytest.approx((1e9 + 40) / 1e6)
    quick = replace(fast, bfloat16=1e18, bandwidth=1e18)
    assert one.step_seconds(quick, 0.5, one.phases[0]) == 1000 * CALL_SECONDS
    assert one.seconds(fast, 0.5) == pytest.approx(15 * one.step_seconds(fast, 0.5, one.phases[0]))


def test_the_text_stage() -> None:
    made = text_recipe(Path("nowhere"))
    (phase,) = estimate(made, bfloat16=False, images=None, tokens=TOKENS).phases
    captions, width, hidden = 32, 32, round(0.3 * 32 * (TOKENS - 2))
    read, attend = transformer(captions, TOKENS, TEXT)
    head = matrix(hidden, width, width) + matrix(hidden, width, made.vocabulary)
    pairs = matrix(captions, width, captions)
    assert phase.work.forward == read + attend + head + pairs
    assert phase.work.backward == 2 * (read + head + pairs) + 5 * attend // 2


def test_a_recipe_with_a_text_stage_is_two_runs() -> None:
    runs = list(runs_of(load_recipe("clip_emoji_parallel")))
    assert [name for name, _ in runs] == ["text stage", "run"]
    text, clip = (estimate(run, bfloat16=False, images=640, tokens=8) for _, run in runs)
    assert [phase.frozen for phase in clip.phases] == [("text_model.*",), ()]
    assert [phase.steps for phase in clip.phases] == [5, 895]
    # Token embeddings never train, so neither gradient nor optimiser has them.
    embeddings = 4 * (8000 + 66 + 1 + 2) * 128
    assert clip.phases[-1].work.gradients == clip.phases[-1].work.weights - embeddings
    assert clip.optimiser == 2 * clip.phases[-1].work.gradients
    assert text.phases[0].steps == 500


def test_a_dataset_tells_how_long_captions_and_epochs_are(tmp_path: Path) -> None:
    dataset = squares(tmp_path / "squares")
    tower = tmp_path / "tower"
    word_tokenizer(
        text for tag in dataset.languages for text in dataset.captions(tag)["text"].to_pylist()
    ).save_pretrained(tower)
    found = step_shapes(clip_recipe(dataset.root, tower), images=None, tokens=TOKENS)
    assert found.tokenised
    assert set(found.lengths) == {6}, "four words between two ends"
    assert len(found.lengths) == 3 * 16
    assert found.steps_per_epoch == 100 // 16
    assert sum(size for size, _ in found.groups) == len(found.lengths)
    text = step_shapes(text_recipe(dataset.root), images=None, tokens=TOKENS)
    assert (text.tokenised, text.steps_per_epoch, set(text.lengths)) == (False, 6, {TOKENS})


def test_too_few_pictures_are_told() -> None:
    with pytest.raises(UserError, match="A step of 6 cannot be drawn from 5 pictures"):
        shapes(recipe(), images=5)


def test_this_machine_is_measured() -> None:
    machine = this_machine()
    assert machine.float32 > 1e9
    assert machine.bandwidth > 1e8
    assert machine.memory > 1e8
    assert all(
        device.bfloat16 and device.bfloat16 > device.float32 and device.memory < 200e9 and device.source
        for device in DEVICES
    )
