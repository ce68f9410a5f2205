"""Chat models are trained in two stages: what is frozen stays, what is kept is as good as new, and a stop changes nothing."""

import math
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from json import loads
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from train.commands import ENVIRONMENT, command
from train.recipes import VISION, clip_recipe
from train.small_chat import (
    CONNECTOR,
    EYES,
    IMAGE_SIZE,
    LANGUAGES,
    PICTURES,
    RESNET,
    WORDS,
    alone,
    chat_recipe,
    small_world,
    small_writer,
    staged,
)
from train.small_corpus import corpus, lm_recipe, write_corpus
from train.test_loop import rows
from train.two_chatting import train_both
from transformers import AutoModelForImageTextToText, LlavaForConditionalGeneration

from isogloss.data.chat_batch import ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.data.lessons import lessons
from isogloss.data.mixture import Mixture
from isogloss.errors import UserError
from isogloss.evaluate.chat import write_answers
from isogloss.evaluate.exact import exact
from isogloss.models.chat import ChatModel
from isogloss.models.chat_saving import load_chat
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.models.lora import Lora
from isogloss.models.tower import Tower
from isogloss.train import chat
from isogloss.train import run as runs
from isogloss.train.chat_reading import sees_anew
from isogloss.train.chat_recipe import ChatRecipe, ChatStage
from isogloss.train.features import Features
from isogloss.train.optim import Optimisation
from isogloss.train.run import train
from isogloss.train.stages import Stage

# Losses of every second step of both stages; what changes them changes every result, and is to be meant.
GOLDEN = {"align": [6.161819, 5.885318, 5.756775], "instruct": [5.946168, 5.802928, 5.322682]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def writer(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_writer(world, tmp_path_factory.mktemp("writer"))


@pytest.fixture
def recipe(world: Dataset, writer: Path) -> ChatRecipe:
    return chat_recipe(world.root, writer)


@pytest.fixture(scope="module")
def finished(world: Dataset, writer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of both stages that nothing has disturbed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    train(chat_recipe(world.root, writer), folder, quiet=True)
    return folder


def losses_of(folder: Path) -> list[float]:
    return [row["loss"] for row in rows(folder) if row["split"] == "train"]


def weights_of(run: Path) -> dict[str, Tensor]:
    return load_file(run / "model" / "model.safetensors")


def same_files(one: Path, other: Path) -> None:
    files = sorted(path.name for path in one.iterdir())
    assert files == sorted(path.name for path in other.iterdir())
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures the vision tower looks at, each time that it does in training."""
    seen: list[int] = []
    look = ChatModel.visual_features

    def noting(self: ChatModel, pixel_values: Tensor) -> Tensor:
        if not validating:
            seen.append(len(pixel_values))
        return look(self, pixel_values)

    validating: list[None] = []
    validation = chat.validation

    def quietly(*held_out: Any) -> Callable[[Any], dict[str, float]]:
        validate = validation(*held_out)

        def inner(model: Any) -> dict[str, float]:
            validating.append(None)
            try:
                return validate(model)
            finally:
                validating.pop()

        return inner

    monkeypatch.setattr(ChatModel, "visual_features", noting)
    monkeypatch.setattr(chat, "validation", quietly)
    return seen


def states(monkeypatch: pytest.MonkeyPatch, patterns: tuple[str, ...]) -> list[dict[str, Tensor]]:
    """What the parts of the model are before each training step, one tensor a part."""
    found: list[dict[str, Tensor]] = []
    loss = chat.chat_loss

    def noting(model: nn.Module, batch: ChatBatch, *others: Any, **how: Any) -> Any:
        if others:  # validation gives no features
            found.append(
                {
                    pattern: torch.cat(
                        [
                            value.detach().flatten().clone()
                            for name, value in model.named_parameters()
                            if name.startswith(pattern.removesuffix("*"))
                        ]
                    )
                    for pattern in patterns
                }
            )
        return loss(model, batch, *others, **how)

    monkeypatch.setattr(chat, "chat_loss", noting)
    return found


def moves(found: list[dict[str, Tensor]], part: str) -> list[bool]:
    """Whether each step but the last has changed a part."""
    return [not torch.equal(one[part], other[part]) for one, other in pairwise(found)]


def test_the_golden_curves(finished: Path) -> None:
    found = {name: losses_of(finished / name) for name in GOLDEN}
    assert found == {name: pytest.approx(wanted, rel=2e-3) for name, wanted in GOLDEN.items()}


def test_the_log_has_each_language_and_their_mean(finished: Path) -> None:
    last = rows(finished / "instruct")[-1]
    assert last["split"] == "validation"
    assert last["loss"] == pytest.approx((last["en_loss"] + last["es_loss"]) / 2)
    assert "es_loss" not in rows(finished / "align")[-1]


def test_it_learns_to_answer(recipe: ChatRecipe, world: Dataset, tmp_path: Path) -> None:
    """From pixels to words, through every part."""
    english = staged(recipe, "instruct", languages=("en",), shares={}, conversations_per_step=12)
    fast = Optimisation(learning_rate=1e-2)
    quick = alone(english, "instruct", steps=150, optimisation=fast, log_every=25, validate_every=0, checkpoint_every=0)
    train(quick, tmp_path / "run", quiet=True)
    losses = losses_of(tmp_path / "run" / "instruct")
    assert losses[-1] < 0.05 < 2 < losses[0]
    answered = write_answers(*load_chat(tmp_path / "run" / "model"), world, "train", ("en",))
    assert exact(answered["reply"].to_pylist(), answered["references"].to_pylist()).all()
    asked: dict[str, set[str]] = {}
    for row in answered.to_pylist():
        asked.setdefault(row["instruction"], set()).add(row["reply"])
    assert any(len(replies) > 1 for replies in asked.values()), "the same question about different pictures"


@pytest.mark.parametrize("eyes", [None, RESNET], ids=["vit", "resnet"])
def test_kept_features_train_as_pixels_do(
    eyes: dict[str, Any] | None, world: Dataset, writer: Path, tmp_path: Path
) -> None:
    """Also where the eyes train for a while and are frozen again: what was kept before is of other eyes."""
    frozen, free = (WORDS, EYES), (WORDS,)
    stages = (Stage(0, "step", frozen), Stage(3, "step", free), Stage(5, "step", frozen))
    base = alone(chat_recipe(world.root, writer, eyes), "align", steps=9, log_every=1)
    for cache in (True, False):
        train(staged(base, "align", stages=stages, cache=cache), tmp_path / f"{cache}", quiet=True)
    one, other = (rows(tmp_path / name / "align") for name in ("True", "False"))
    assert len(one) == len(other) == 12
    for found, wanted in zip(one, other, strict=True):
        assert found.pop("split") == wanted.pop("split")
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    torch.testing.assert_close(weights_of(tmp_path / "True"), weights_of(tmp_path / "False"), rtol=0, atol=1e-5)


def test_frozen_eyes_look_at_each_picture_once(recipe: ChatRecipe, looked: list[int], tmp_path: Path) -> None:
    frozen = staged(alone(recipe, "align", steps=7), "align", stages=(Stage(0, "step", (WORDS, EYES)),))
    train(frozen, tmp_path / "kept", quiet=True)
    assert sum(looked) == PICTURES["train"]
    looked.clear()
    train(staged(frozen, "align", cache=False), tmp_path / "anew", quiet=True)
    assert looked == [5] * 7
    looked.clear()
    train(staged(frozen, "align", stages=(Stage(0, "step", (WORDS,)),)), tmp_path / "training", quiet=True)
    assert looked == [5] * 7


def test_no_more_is_kept_than_a_share_of_the_memory(
    recipe: ChatRecipe, looked: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the run is the same, but for how often pictures are looked at."""
    frozen = staged(alone(recipe, "align", steps=7), "align", stages=(Stage(0, "step", (WORDS, EYES)),))
    with warnings.catch_warnings(record=True) as told:
        train(frozen, tmp_path / "kept", quiet=True)
    assert not [one for one in told if "frozen eyes" in str(one.message)], "there is room"
    looked.clear()
    model, _ = load_chat(tmp_path / "kept" / "model")
    each = math.prod(model.config.features) * 4
    monkeypatch.setattr(chat, "memory_each", lambda processes: 4 * 3 * each)
    with pytest.warns(UserWarning, match=r"What frozen eyes make of 12 pictures takes .* Set cache to False"):
        train(frozen, tmp_path / "few", quiet=True)
    assert PICTURES["train"] < sum(looked) <= 5 * 7 - 3
    torch.testing.assert_close(weights_of(tmp_path / "few"), weights_of(tmp_path / "kept"), rtol=0, atol=1e-5)


def test_kept_features_give_the_loss_and_the_gradients_of_pixels(finished: Path, world: Dataset) -> None:
    model, processor = load_chat(finished / "model")
    batch, features = one_batch(model, processor, world)
    bare = replace(batch, pixel_values=None)
    found: list[list[Tensor]] = []
    for given, kept in ((batch, None), (bare, features), (bare, features)):
        model.zero_grad()
        loss = chat.chat_loss(model, given, kept).total
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        found.append([loss.detach(), *(one.grad.clone() for one in model.multi_modal_projector.parameters())])  # pyright: ignore[reportOptionalMemberAccess]
    for kept in found[1:]:
        torch.testing.assert_close(kept, found[0], rtol=1e-5, atol=1e-6)


def test_the_excess_of_visual_tokens_is_weighed_for_each_learnt_token(finished: Path, world: Dataset) -> None:
    model, processor = load_chat(finished / "model")
    batch, _ = one_batch(model, processor, world)
    plain, weighed = chat.chat_loss(model, batch), chat.chat_loss(model, batch, excess=0.5, size=1e-3)
    assert batch.pixel_values is not None
    visual = model.visual_tokens(model.visual_features(batch.pixel_values))
    excess = sum(
        max(0.0, (float(sum(v * v for v in t)) / len(t)) ** 0.5 / 1e-3 - 1) ** 2 for t in visual.flatten(0, 1).tolist()
    )
    assert excess > 0 and plain.terms is not None and not plain.parts
    assert float((weighed.total - plain.total).detach()) == pytest.approx(0.5 * excess / plain.terms, rel=1e-3)
    assert float(weighed.parts["words"]) == pytest.approx(float(plain.total.detach()))


def one_batch(model: ChatModel, processor: Any, world: Dataset) -> tuple[ChatBatch, Features]:
    """The first step of a stage with pixels, and features of the same pictures, none of them made yet."""
    parts = lessons(world, "train", "captions", ("en",))
    pictures = Pictures(world, world.split("train", ()), picture_size(processor.image_processor))
    mean, deviation = pixel_scale(processor.image_processor)
    tokens = chat.chat_tokens(model, processor, 128)
    mixture = Mixture({"en": len(parts["en"])}, None, 7, 0)
    batches = ChatBatches(parts, tokens, mixture, 128, pictures, mean, deviation, with_pixels=True)
    return batches[0], Features(pictures, mean, deviation)


def test_stages_freeze_what_they_say(
    recipe: ChatRecipe, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = states(monkeypatch, (WORDS, EYES, CONNECTOR))
    train(recipe, tmp_path / "run", quiet=True)
    align, instruct = found[:6], found[6:]
    assert len(instruct) == 6
    assert moves([*align, instruct[0]], WORDS) == [False] * 6
    assert moves([*align, instruct[0]], EYES) == [False] * 2 + [True] * 4
    assert moves([*align, instruct[0]], CONNECTOR) == [True] * 6
    for part in (WORDS, EYES, CONNECTOR):
        assert moves(instruct, part) == [True] * 5
    same_files(tmp_path / "run" / "model", finished / "model")  # and that looking on changes nothing


@pytest.mark.parametrize(
    ("stages", "cache", "steps"),
    [
        ((), True, [True] * 4),
        ((Stage(0, "step", (EYES,)),), True, [False] * 4),
        ((Stage(0, "step", (EYES,)),), False, [True] * 4),
        ((Stage(0, "step", (WORDS,)),), True, [True] * 4),
        ((Stage(0, "step", (EYES,)), Stage(0.5, "run", ())), True, [False, False, True, True]),
        ((Stage(0, "step", (EYES,)), Stage(0.5, "epoch", ())), True, [False, True, True, True]),
    ],
)
def test_which_steps_look_at_their_pictures(stages: tuple[Stage, ...], cache: bool, steps: list[bool]) -> None:
    stage = ChatStage(stages=stages, cache=cache)
    stage = replace(stage, training=replace(stage.training, steps=4))
    assert [sees_anew(stage, step, steps_per_epoch=2) for step in range(4)] == steps


@pytest.mark.parametrize("stopped", [5, 9])
def test_a_stopped_run_ends_as_if_it_had_not_been(
    stopped: int, recipe: ChatRecipe, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first stage and in the second."""
    calls: list[None] = []
    loss = chat.chat_loss

    def stopping(model: nn.Module, batch: ChatBatch, *features: Any, **how: Any) -> Any:
        calls.extend([None] * len(features))
        if features and len(calls) == stopped:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(model, batch, *features, **how)

    with monkeypatch.context() as patched:
        patched.setattr(chat, "chat_loss", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run" / "model").exists()
    assert (tmp_path / "run" / "instruct").exists() == (stopped > 6)
    train(recipe, tmp_path / "run", quiet=True)
    same_files(tmp_path / "run" / "model", finished / "model")
    for name in ("align", "instruct"):
        assert rows(tmp_path / "run" / name) == rows(finished / name)


def test_killed_while_it_learns_to_answer_it_ends_with_the_same_weights(
    world: Dataset, writer: Path, tmp_path: Path
) -> None:
    """With adapters and a checkpoint after every step."""
    often = {"checkpoint_every": 1, "log_every": 1, "validate_every": 0}
    lora = staged(chat_recipe(world.root, writer, **often), "instruct", lora=Lora(rank=2, dropout=0.1))
    recipe = staged(lora, "instruct", training=replace(lora.instruct.training, steps=60))
    train(recipe, tmp_path / "whole", quiet=True)
    file, run = tmp_path / "recipe.py", tmp_path / "killed"
    file.write_text(
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from isogloss.models.lora import Lora\n"
        "from train.small_chat import chat_recipe, staged\n"
        f"lora = staged(chat_recipe(Path({str(world.root)!r}), Path({str(writer)!r}), **{often!r}), 'instruct', "
        "lora=Lora(rank=2, dropout=0.1))\n"
        "recipe = staged(lora, 'instruct', training=replace(lora.instruct.training, steps=60))\n"
    )
    process = subprocess.Popen(
        command("train", file, "--run", run),
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and len(rows(run / "instruct")) < 3:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()[1]
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (run / "model").exists()
    assert 3 <= len(rows(run / "instruct")) < 60
    train(recipe, run, quiet=True)
    same_files(run / "model", tmp_path / "whole" / "model")
    assert rows(run / "instruct") == rows(tmp_path / "whole" / "instruct")


def test_a_stage_goes_on_from_another_run(recipe: ChatRecipe, finished: Path, tmp_path: Path) -> None:
    """Both stages in two runs are both in one."""
    train(staged(recipe, "instruct", skipped=True), tmp_path / "aligned", quiet=True)
    assert sorted(path.name for path in (tmp_path / "aligned").iterdir()) == ["align", "model", "recipe.json"]
    goes_on = replace(staged(recipe, "align", skipped=True), start=str(tmp_path / "aligned" / "model"))
    train(goes_on, tmp_path / "run", quiet=True)
    assert rows(tmp_path / "run" / "instruct") == rows(finished / "instruct")
    one, other = weights_of(tmp_path / "run"), weights_of(finished)
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_adapters_become_the_weights_and_leave_no_trace(recipe: ChatRecipe, finished: Path, tmp_path: Path) -> None:
    train(staged(recipe, "instruct", skipped=True), tmp_path / "aligned", quiet=True)
    train(staged(recipe, "instruct", lora=Lora(rank=2)), tmp_path / "lora", quiet=True)
    before, after = weights_of(tmp_path / "aligned"), weights_of(tmp_path / "lora")
    assert before.keys() == after.keys()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    words = {name for name in changed if "language_model" in name}
    assert words == {name for name in after if "language_model" in name and "proj" in name}
    assert any("vision_tower" in name for name in changed), "the eyes train beside"
    assert isinstance(
        AutoModelForImageTextToText.from_pretrained(tmp_path / "lora" / "model"), LlavaForConditionalGeneration
    )


def test_weights_train_again_in_the_stage_after_adapters(
    recipe: ChatRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = states(monkeypatch, (WORDS,))
    first = staged(recipe, "align", lora=Lora(rank=2), stages=())
    train(first, tmp_path / "run", quiet=True)
    assert moves(found[6:], WORDS) == [True] * 5


def test_what_is_saved_is_llava_where_that_can_hold_it(world: Dataset, writer: Path, tmp_path: Path) -> None:
    for eyes, kind in ((None, LlavaForConditionalGeneration), (RESNET, ChatModel)):
        run = tmp_path / kind.__name__
        train(alone(chat_recipe(world.root, writer, eyes), "align", steps=1), run, quiet=True)
        assert isinstance(AutoModelForImageTextToText.from_pretrained(run / "model"), kind)
        model, _ = load_chat(run / "model")
        assert isinstance(model, ChatModel)


def test_a_language_of_which_nothing_was_held_back(recipe: ChatRecipe, writer: Path, tmp_path: Path) -> None:
    """As where a few instructions were translated for training alone."""
    root = tmp_path / "shapes"
    world = small_world(root)
    taught = one_split(world, "es", "train")
    train(
        staged(replace(recipe, data=replace(recipe.data, dataset=str(taught))), "align", skipped=True),
        tmp_path / "run",
        quiet=True,
    )
    last = rows(tmp_path / "run" / "instruct")[-1]
    assert (last["split"], last["loss"]) == ("validation", last["en_loss"])
    assert "es_loss" not in last


def one_split(world: Dataset, language: str, split: str) -> Path:
    """The dataset, of whose conversations in a language those of one split are left."""
    path = world.root / "conversations" / f"{language}.parquet"
    assert language in conversation_languages(world.root)
    table = pq.read_table(path)
    keys = set(world.images(split, ["key"])["key"].to_pylist())
    kept = [images[0] in keys for images in table["images"].to_pylist()]
    pq.write_table(table.filter(pa.array(kept)), path)
    return world.root


def test_what_workers_prepare_is_the_same(recipe: ChatRecipe, finished: Path, tmp_path: Path) -> None:
    prepared = staged(recipe, "instruct", training=replace(recipe.instruct.training, workers=1))
    train(prepared, tmp_path / "run", quiet=True)
    same_files(tmp_path / "run" / "model", finished / "model")


def test_bfloat16_trains_and_saves_float32(recipe: ChatRecipe, finished: Path, tmp_path: Path) -> None:
    half = recipe
    for name in ("align", "instruct"):
        half = staged(half, name, training=replace(getattr(recipe, name).training, precision="bfloat16"))
    train(half, tmp_path / "run", quiet=True)
    for name in ("align", "instruct"):
        assert losses_of(tmp_path / "run" / name) == pytest.approx(losses_of(finished / name), rel=0.05)
        assert losses_of(tmp_path / "run" / name) != losses_of(finished / name)
    assert {value.dtype for value in weights_of(tmp_path / "run").values()} == {torch.float32}


@pytest.fixture(scope="module")
def both(world: Dataset, writer: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of one process's run and of two processes'."""
    one, two = tmp_path_factory.mktemp("one") / "run", tmp_path_factory.mktemp("two") / "run"
    train_both(world.root, writer, one)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "train.two_chatting"]
    done = subprocess.run(
        [sys.executable, *launch, str(world.root), str(writer), str(two)],
        env={**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return one, two


def test_two_processes_train_what_one_does(both: tuple[Path, Path]) -> None:
    for name in ("align", "instruct"):
        for processes, run in enumerate(both, start=1):
            assert len(list((run / name / "checkpoints" / "step-00000006").glob("random_states_*.pkl"))) == processes
        one, two = (rows(run / name) for run in both)
        assert len(one) == len(two) >= 4
        for wanted, found in zip(one, two, strict=True):
            assert found.pop("split") == wanted.pop("split")
            assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    torch.testing.assert_close(weights_of(both[1]), weights_of(both[0]), rtol=0, atol=5e-5)


def refuses(recipe: ChatRecipe, folder: Path, told: str) -> None:
    with pytest.raises(UserError, match=told):
        train(recipe, folder, quiet=True)
    assert not (folder / "model").exists()


def test_what_cannot_be_trained_on_is_told(recipe: ChatRecipe, tmp_path: Path) -> None:
    refuses(staged(recipe, "align", languages=("de",)), tmp_path / "language", "no captions in the language 'de'|'de'")
    refuses(
        staged(recipe, "align", conversations_per_step=99),
        tmp_path / "many",
        "A step of 99 conversations cannot be drawn from the 12 that there are; set conversations_per_step",
    )
    refuses(
        staged(recipe, "align", stages=(Stage(0, "step", ("eyes.*",)),)),
        tmp_path / "pattern",
        r"freezes 'eyes\.\*', which matches no parameter; did you mean",
    )
    refuses(replace(recipe, start=str(tmp_path)), tmp_path / "start", "holds no|is no|no model")
    blind = replace(recipe, vision=Tower(model=str(tmp_path / "nothing")))
    refuses(blind, tmp_path / "blind", "nothing")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"languages": ()}, "languages is empty; name at least one language to learn from"),
        ({"row_tokens": 0}, "row_tokens is 0; give a whole number of at least 1"),
        ({"shares": {"es": 0.5}}, "shares names 'es', which languages leaves out; add it there"),
        ({"proportions": {"es": 2}}, "proportions names 'es', which languages leaves out; add it there"),
        ({"shares": {"en": 1.5}}, "shares of 'en' is 1.5; give a number from 0 on, and a share up to 1"),
        ({"proportions": {"en": float("inf")}}, "proportions of 'en' is inf; give a number from 0 on"),
        ({"proportions": {"en": float("nan")}}, "proportions of 'en' is nan; give a number from 0 on"),
    ],
)
def test_stages_that_cannot_be(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        ChatStage(**fields)


def test_a_recipe_that_trains_nothing_is_refused(recipe: ChatRecipe) -> None:
    with pytest.raises(UserError, match="Both stages are skipped, so nothing is trained; skip one of them at most"):
        staged(staged(recipe, "align", skipped=True), "instruct", skipped=True)
    assert staged(recipe, "instruct", skipped=True).training == recipe.align.training
    assert recipe.training == recipe.instruct.training
    assert set(LANGUAGES) == set(recipe.instruct.languages)


def test_parts_that_are_recipes_are_trained_first(
    recipe: ChatRecipe, world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The language model once, though the eyes are trained beside it too; none where another run's model goes on."""
    earlier = {
        "words": lm_recipe(write_corpus(tmp_path / "corpus", *corpus()), steps=2, seed=7, validate_every=0),
        "eyes": replace(
            clip_recipe(Path("elsewhere"), "words", ("en",), steps=1, validate_every=0),
            text=Tower(model="words"),
            vision=Tower(config=VISION),
        ),
    }
    earlier["eyes"] = replace(
        earlier["eyes"], data=replace(earlier["eyes"].data, image_size=IMAGE_SIZE, images_per_step=8)
    )
    monkeypatch.setattr(runs, "recipe_names", lambda: [*earlier])
    monkeypatch.setattr(runs, "load_recipe", earlier.__getitem__)
    named = replace(alone(recipe, "align", steps=1), vision=Tower(model="eyes"), language_model=Tower(model="words"))
    train(named, tmp_path / "run", quiet=True)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        *("align", "language_model", "model", "recipe.json", "vision")
    ]
    assert not (tmp_path / "run" / "vision" / "text").exists()
    saved = {
        name: loads((tmp_path / "run" / name / "recipe.json").read_text()) for name in ("vision", "language_model")
    }
    assert saved["vision"]["data"]["dataset"] == str(world.root)
    assert saved["language_model"]["data"]["dataset"] == str(tmp_path / "corpus")
    assert {one["training"]["seed"] for one in saved.values()} == {0}
    goes_on = replace(named, start=str(tmp_path / "run" / "model"))
    train(goes_on, tmp_path / "on", quiet=True)
    assert sorted(path.name for path in (tmp_path / "on").iterdir()) == ["align", "model", "recipe.json"]
