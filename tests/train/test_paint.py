"""Paint models are trained: what is kept is as good as new, and neither stops, parts nor processes change a picture."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from models.tiny_paint import folded
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from train.commands import ENVIRONMENT, command
from train.small_chat import IMAGE_SIZE, LANGUAGES, PICTURES
from train.small_corpus import lm_recipe
from train.small_paint import paint_recipe, save_pair, small_world, small_writer
from train.test_loop import rows
from train.two_painting import train_paint

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.lora import Lora
from isogloss.models.paint_saving import load_paint
from isogloss.models.tower import Tower
from isogloss.saved import read_object
from isogloss.train import paint
from isogloss.train import run as runs
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.run import train
from isogloss.train.stages import Stage

# Losses of every second step; what changes them changes every result, and is to be meant.
GOLDEN = [1.865255, 1.879872, 1.621601, 1.490773]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def writer(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_writer(world, tmp_path_factory.mktemp("writer"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture
def recipe(world: Dataset, writer: Path) -> PaintRecipe:
    return paint_recipe(world.root, writer)


@pytest.fixture(scope="module")
def finished(world: Dataset, writer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing has disturbed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    train(paint_recipe(world.root, writer), folder, quiet=True)
    return folder


def losses_of(folder: Path) -> list[float]:
    return [row["loss"] for row in rows(folder) if row["split"] == "train"]


def weights_of(run: Path) -> dict[str, Tensor]:
    files = sorted((run / "model").glob("*/diffusion_pytorch_model.safetensors"))
    return {f"{file.parent.name}.{name}": value for file in files for name, value in load_file(file).items()}


def same_files(one: Path, other: Path) -> None:
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files and files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


def on_training(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Do something with the model before each training step."""
    loss = paint.paint_loss

    def noting(model: Any, *others: Any) -> Any:
        if torch.is_grad_enabled():
            act(model)
        return loss(model, *others)

    monkeypatch.setattr(paint, "paint_loss", noting)


def test_the_golden_curve(finished: Path) -> None:
    assert losses_of(finished) == pytest.approx(GOLDEN, rel=2e-3)


def test_pixels_two_by_two_are_painted_in_the_size_of_the_pictures(recipe: PaintRecipe, tmp_path: Path) -> None:
    from isogloss.models.paint_saving import as_pipeline

    short = replace(recipe.training, steps=2, log_every=1, validate_every=2, checkpoint_every=0)
    run = train(replace(recipe, unet=DiffusersPart(config=folded(2)), training=short), tmp_path / "run", quiet=True)
    model, scheduler = load_paint(run)
    assert (model.unet.config.sample_size, model.scale) == (IMAGE_SIZE // 2, 2)
    assert as_pipeline(model, scheduler)("a red circle", num_inference_steps=1).images[0].size == (
        IMAGE_SIZE,
        IMAGE_SIZE,
    )
    losses = losses_of(tmp_path / "run")
    assert len(losses) == 2 and all(0 < loss < 10 for loss in losses)


def test_it_learns_what_words_mean(recipe: PaintRecipe, tmp_path: Path) -> None:
    """The loss of the right captions is below that of captions of other pictures, as it is of a model that reads them."""
    from isogloss.losses.denoise import denoise_loss, draw_timesteps, make_noisy

    fast = replace(recipe.training, steps=120, log_every=20, validate_every=0, checkpoint_every=0)
    quick = replace(
        recipe, data=replace(recipe.data, images_per_step=12), stages=(), ema=0.0, dropped=0.0, training=fast
    )
    model, _ = load_paint(train(quick, tmp_path / "run", quiet=True))
    losses = losses_of(tmp_path / "run")
    assert losses[-1] < 0.5 * losses[0]
    accelerator = runs.start_process(quick.training, tmp_path)
    batch = paint.Reading(quick, Dataset.open(quick.data.dataset), model, accelerator).batches("train", ("en",))[0]
    read = model.text(batch.texts, batch.mask, model.kind).for_adapter(model.kind)
    times = draw_timesteps(quick.denoising, torch.full((12,), 0.9))
    noisy, target = make_noisy(quick.denoising, batch.pictures, batch.noise, times)
    with torch.no_grad():
        right, wrong = (
            float(denoise_loss(model(noisy, times, states, mask), target, torch.ones(12)).total)
            for states, mask in ((read.states, read.mask), (read.states.roll(1, 0), read.mask.roll(1, 0)))
        )
    assert right < wrong


def test_a_sheet_is_drawn_at_each_validation(finished: Path) -> None:
    told = read_object(finished / "pictures" / "prompts.json")
    assert told["languages"] == list(LANGUAGES) and len(told["prompts"]) == 2
    names = sorted(path.name for path in (finished / "pictures").glob("*.png"))
    assert names == ["step-00000004.png", "step-00000008.png"]
    drawn = [Image.open(finished / "pictures" / name) for name in names]
    assert {picture.size for picture in drawn} == {(2 * 16 + 2, 2 * 16 + 2)}
    assert drawn[0].tobytes() != drawn[1].tobytes()


def test_the_saved_model_draws_the_last_sheet(finished: Path, recipe: PaintRecipe) -> None:
    """So it has the averaged weights, and paints in the size that it was trained in."""
    from isogloss.models.paint_saving import as_pipeline

    model, scheduler = load_paint(finished / "model")
    pipeline = as_pipeline(model, scheduler)
    pipeline.set_progress_bar_config(disable=True)
    told = read_object(finished / "pictures" / "prompts.json")
    noise = torch.randn((1, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    sheet = recipe.sheet
    drawn = pipeline(
        told["prompts"][0][0], num_inference_steps=sheet.steps, guidance_scale=sheet.guidance, latents=noise
    ).images[0]
    kept = Image.open(finished / "pictures" / "step-00000008.png").crop((0, 0, 16, 16))
    difference = torch.tensor(list(drawn.tobytes())).sub(torch.tensor(list(kept.tobytes()))).abs()
    assert int(difference.max()) <= 1


@pytest.mark.parametrize("stopped", [2, 6])
def test_a_stopped_run_ends_as_if_it_had_not_been(
    stopped: int, recipe: PaintRecipe, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[None] = []

    def stop(_: Any) -> None:
        calls.append(None)
        if len(calls) == stopped:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        on_training(patched, stop)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run" / "model").exists()
    train(recipe, tmp_path / "run", quiet=True)
    for folder in ("model", "pictures"):
        same_files(tmp_path / "run" / folder, finished / folder)
    assert rows(tmp_path / "run") == rows(finished)
    assert not (tmp_path / "run" / "kept").exists()


def test_a_killed_run_ends_with_the_same_weights(
    world: Dataset, writer: Path, finished: Path, recipe: PaintRecipe, tmp_path: Path
) -> None:
    file, run = tmp_path / "recipe.py", tmp_path / "killed"
    file.write_text(
        "from pathlib import Path\n"
        "from train.small_paint import paint_recipe\n"
        f"recipe = paint_recipe(Path({str(world.root)!r}), Path({str(writer)!r}))\n"
    )
    environment = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        command("train", file, "--run", run), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not (run / "checkpoints" / "step-00000002").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() in (-signal.SIGKILL, 0)
    if not (run / "model").exists():
        train(recipe, run, quiet=True)
    same_files(run / "model", finished / "model")


@pytest.mark.parametrize("latent", [False, True], ids=["pixels", "latents"])
def test_what_is_kept_trains_as_what_is_made_anew(
    latent: bool, world: Dataset, writer: Path, pair: Path, tmp_path: Path
) -> None:
    base = paint_recipe(world.root, writer, pair if latent else None)
    for kept in (True, False):
        one = replace(base, keep_text=kept, keep_latents=kept, kept=str(tmp_path / "kept"))
        train(one, tmp_path / f"{kept}", quiet=True)
    assert losses_of(tmp_path / "True") == pytest.approx(losses_of(tmp_path / "False"), rel=1e-5)
    torch.testing.assert_close(weights_of(tmp_path / "True"), weights_of(tmp_path / "False"), rtol=0, atol=2e-4)
    names = sorted(path.name.partition("-")[0] for path in (tmp_path / "kept").iterdir())
    assert names == (["latents", "states"] if latent else ["states"])


def test_frozen_parts_look_once_at_what_is_kept(
    world: Dataset, writer: Path, pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isogloss.models.paint import PaintModel
    from isogloss.models.paint_text import TextSide

    seen = {"captions": 0, "pictures": 0}
    read, look = TextSide.forward, PaintModel.posterior

    def reading(self: TextSide, input_ids: Tensor, *others: Any) -> Any:
        seen["captions"] += len(input_ids)
        return read(self, input_ids, *others)

    def looking(self: PaintModel, pixels: Tensor) -> Any:
        seen["pictures"] += len(pixels)
        return look(self, pixels)

    recipe = replace(paint_recipe(world.root, writer, pair), kept=str(tmp_path / "kept"))
    recipe = replace(recipe, sheet=replace(recipe.sheet, prompts=0))
    train(recipe, tmp_path / "one", quiet=True)  # before the counting, so that the next finds all of it
    monkeypatch.setattr(TextSide, "forward", reading)
    monkeypatch.setattr(PaintModel, "posterior", looking)
    train(recipe, tmp_path / "other", quiet=True)
    held_out = PICTURES["validation"]
    assert seen["pictures"] == held_out and held_out <= seen["captions"] <= held_out + 4, "the model's own checks"
    same_files(tmp_path / "one" / "model", tmp_path / "other" / "model")


def test_stages_train_the_adapter_and_cross_attention_first(
    recipe: PaintRecipe, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[dict[str, Tensor]] = []

    def note(model: Any) -> None:
        parts: dict[str, list[Tensor]] = {"adapter": [], "attn2": [], "rest": []}
        for name, value in model.named_parameters():
            part = "adapter" if name.startswith("adapter") else "attn2" if "attn2" in name else "rest"
            parts[part].append(value.detach().flatten().clone())
        found.append({name: torch.cat(values) for name, values in parts.items()})

    on_training(monkeypatch, note)
    train(recipe, tmp_path / "run", quiet=True)
    moves = {name: [not torch.equal(a[name], b[name]) for a, b in pairwise(found)] for name in found[0]}
    assert moves == {"adapter": [True] * 7, "attn2": [True] * 7, "rest": [False] * 3 + [True] * 4}
    same_files(tmp_path / "run" / "model", finished / "model")  # and looking on changes nothing


def test_parts_and_layers_that_are_computed_again_make_the_same_step(
    recipe: PaintRecipe, finished: Path, tmp_path: Path
) -> None:
    parts = replace(recipe, training=replace(recipe.training, micro_batches=3, gradient_checkpointing=True))
    train(parts, tmp_path / "run", quiet=True)
    assert losses_of(tmp_path / "run") == pytest.approx(losses_of(finished), rel=1e-4)
    torch.testing.assert_close(weights_of(tmp_path / "run"), weights_of(finished), rtol=0, atol=2e-4)


@pytest.mark.parametrize("latent", [False, True], ids=["pixels", "latents"])
def test_two_processes_train_what_one_does(
    latent: bool, world: Dataset, writer: Path, pair: Path, tmp_path: Path
) -> None:
    given = [world.root, writer]
    extra = [pair] if latent else []
    train_paint(*given, tmp_path / "one", *extra)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "train.two_painting"]
    done = subprocess.run(
        [sys.executable, *launch, *map(str, (*given, tmp_path / "two", *extra))],
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "two" / "checkpoints" / "step-00000008").glob("random_states_*.pkl"))) == 2
    for wanted, found in zip(rows(tmp_path / "one"), rows(tmp_path / "two"), strict=True):
        assert found.pop("split") == wanted.pop("split")
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    torch.testing.assert_close(weights_of(tmp_path / "two"), weights_of(tmp_path / "one"), rtol=0, atol=2e-4)


def test_adapters_of_low_rank_are_added_to_the_weights(recipe: PaintRecipe, tmp_path: Path) -> None:
    plain = replace(recipe, stages=(), lora=Lora(rank=2))
    train(replace(plain, training=replace(plain.training, steps=1)), tmp_path / "one", quiet=True)
    train(plain, tmp_path / "run", quiet=True)
    before, after = weights_of(tmp_path / "one"), weights_of(tmp_path / "run")
    assert before.keys() == after.keys() and not any("lora" in name for name in after)
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    inside = {name for name in moved if name.startswith("unet.")}
    assert inside and all(any(f".{layer}.weight" in name for layer in paint.ATTENTION) for name in inside)
    assert any(name.startswith("adapter.") for name in moved)


def test_a_run_goes_on_from_a_model(recipe: PaintRecipe, finished: Path, tmp_path: Path) -> None:
    start = str(finished / "model")
    on = replace(recipe, start=start, text=Tower(model="nowhere"), stages=())
    train(on, tmp_path / "run", quiet=True)
    assert losses_of(tmp_path / "run")[0] < losses_of(finished)[0]
    other = replace(on, denoising=replace(on.denoising, prediction="epsilon"))
    with pytest.raises(UserError, match="predicts flow and the recipe epsilon; set denoising.prediction to flow"):
        train(other, tmp_path / "other", quiet=True)


def test_a_text_side_of_a_recipe_is_trained_first(
    recipe: PaintRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.small_corpus import corpus, write_corpus

    write_corpus(tmp_path / "corpus", *corpus())
    earlier = lm_recipe(tmp_path / "corpus", steps=2)
    monkeypatch.setattr(runs, "load_recipe", lambda name: earlier)
    train(replace(recipe, text=Tower(model="lm_shapes")), tmp_path / "run", quiet=True)
    assert read_object(tmp_path / "run" / "text" / "recipe.json")["family"] == "lm"
    assert read_object(tmp_path / "run" / "recipe.json")["text"]["model"] == "lm_shapes"


def test_another_text_side_is_not_gone_on_with(
    recipe: PaintRecipe, world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "writer"
    small_writer(world, mine)

    def stop(_: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    changed = replace(recipe, text=Tower(model=str(mine)))
    with monkeypatch.context() as patched:
        on_training(patched, stop)
        with pytest.raises(KeyboardInterrupt):
            train(changed, tmp_path / "run", quiet=True)
    weights = load_file(mine / "model.safetensors")
    from safetensors.torch import save_file

    save_file({name: 1.1 * value for name, value in weights.items()}, mine / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match="is not what the run began with"):
        train(changed, tmp_path / "run", quiet=True)


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"ema": 1.0}, "ema is 1.0"),
        ({"dropped": 1.5}, "dropped is 1.5"),
        ({"stages": (Stage(frozen=("unet.nothing.*",)),)}, "matches no parameter"),
        ({"lora": Lora(rank=2, modules=("nothing",))}, "LoRA does not fit the UNet"),
        ({"start": "nowhere"}, "nowhere holds no saved paint model"),
    ],
)
def test_what_does_not_fit_is_told(changed: dict[str, Any], wanted: str, recipe: PaintRecipe, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=wanted):
        train(replace(recipe, **changed), tmp_path / "run", quiet=True)


def test_sizes_that_do_not_fit_are_told(world: Dataset, writer: Path, pair: Path, tmp_path: Path) -> None:
    base = paint_recipe(world.root, writer, pair)
    with pytest.raises(UserError, match="multiple of 2 pixels"):
        train(replace(base, data=replace(base.data, image_size=15)), tmp_path / "run", quiet=True)
    with pytest.raises(UserError, match="random parts cannot be kept"):
        replace(base, data=replace(base.data, crop="random"))
    random = replace(base, data=replace(base.data, crop="random"), keep_latents=False, stages=())
    train(replace(random, training=replace(random.training, steps=1)), tmp_path / "random", quiet=True)
