"""Validation reads no more at once than a part of a training step does, and tells what it would tell of all at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from train.small_chat import alone, chat_recipe, small_world, small_writer, staged
from train.small_corpus import corpus, lm_recipe, write_corpus
from train.test_loop import rows

from isogloss.data.chat_batch import IGNORED, ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.dataset import Dataset
from isogloss.data.lessons import lessons
from isogloss.data.mixture import Mixture
from isogloss.models.chat_building import build_chat
from isogloss.models.lm import Writer, build_language_model
from isogloss.models.lm_tokenizer import train_lm_tokenizer
from isogloss.train import chat, lm_validation
from isogloss.train.accumulation import largest_part
from isogloss.train.chat import chat_tokens
from isogloss.train.chat_reading import Reading
from isogloss.train.run import train

# Whole steps at once, parts of several conversations, and one conversation at a time.
TOGETHER = (99, 5, 2, 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def writer(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_writer(world, tmp_path_factory.mktemp("writer"))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[ChatBatch]:
    """The batches whose loss was computed, in their order, by either family's validation."""
    found: list[ChatBatch] = []

    def noted(loss: Callable[..., Any]) -> Callable[..., Any]:
        def inner(model: Any, batch: ChatBatch, *others: Any, **how: Any) -> Any:
            if not model.training:
                found.append(batch)
            return loss(model, batch, *others, **how)

        return inner

    for module, name in ((chat, "chat_loss"), (lm_validation, "lm_loss")):
        monkeypatch.setattr(module, name, noted(getattr(module, name)))
    return found


def check(
    validated: Callable[[int], dict[str, float]], batches: Mapping[str, ChatBatches], read: list[ChatBatch]
) -> None:
    """That all is read once whatever is read at once, and no more than that at once, and the figures are the same."""
    whole = validated(max(TOGETHER))
    assert len(read) == len(batches)
    shapes = [batch.input_ids.shape for batch in read]
    assert all(rows > 1 for rows, _ in shapes), "there is something to take apart"
    tokens = sum(int((batch.labels != IGNORED).sum()) for batch in read)
    for together in TOGETHER:
        read.clear()
        found = validated(together)
        assert found.keys() == whole.keys()
        assert found == pytest.approx(whole, rel=1e-6)
        assert sum(int((batch.labels != IGNORED).sum()) for batch in read) == tokens
        parts = [
            min(rows, -(-one.images_per_step // together))
            for (rows, _), one in zip(shapes, batches.values(), strict=True)
        ]
        assert len(read) == sum(parts)
        largest = [-(-rows // count) for (rows, _), count in zip(shapes, parts, strict=True)]
        assert max(len(batch.input_ids) for batch in read) == max(largest)
    assert {len(batch.input_ids) for batch in read} == {1}


def test_chat(world: Dataset, writer: Path, read: list[ChatBatch]) -> None:
    recipe = chat_recipe(world.root, writer)
    torch.manual_seed(0)
    model, processor = build_chat(recipe.vision, recipe.language_model, recipe.connector, image_size=16)
    reading = Reading(world, recipe.data, chat_tokens(model, processor, 128), processor.image_processor)
    parts = lessons(world, "train", "conversations", ("en", "es"))
    batches = {
        name: reading.batches(
            {name: part}, Mixture({name: len(part)}, None, len(part), 0), reading.pictures("train"), with_pixels=True
        )
        for name, part in parts.items()
    }
    model.eval()
    check(lambda together: chat.validation(batches, {}, together)(model), batches, read)
    seen, texts = {"en": batches["en"]}, {"es": batches["es"]}
    found = chat.validation(seen, texts, 2)(model)
    assert list(found) == ["loss", "en_loss", "text_loss", "es_text_loss"]
    assert (found["loss"], found["text_loss"]) == (found["en_loss"], found["es_text_loss"])
    # And what all at once is: the mean over all that is learnt.
    batch = batches["en"][0]
    with torch.no_grad():
        output = model(batch.input_ids, batch.position_ids, pixel_values=batch.pixel_values, labels=batch.labels)
    wanted = F.cross_entropy(output.logits.double(), output.targets)
    assert found["loss"] == pytest.approx(float(wanted), rel=1e-5)


def test_language_models(read: list[ChatBatch]) -> None:
    conversations, _ = corpus()
    tokenizer = train_lm_tokenizer([turn.text for one in conversations for turn in one.turns], 400, 64)
    torch.manual_seed(0)
    model = Writer(build_language_model(lm_recipe(Path("nowhere")).config, tokenizer)).eval()
    tokens = ChatTokens(tokenizer, None, 0, 64)
    parts = {tag: [one for one in conversations if one.language == tag] for tag in ("en", "es")}
    batches = {
        tag: ChatBatches({tag: part}, tokens, Mixture({tag: len(part)}, None, len(part), 0), 96)
        for tag, part in parts.items()
    }

    def validated(together: int) -> dict[str, float]:
        return lm_validation.validation(parts, tokens, 96, together)(model)

    check(validated, batches, read)


def test_a_run_reads_as_much_at_once_as_its_steps_do(
    world: Dataset, writer: Path, read: list[ChatBatch], tmp_path: Path
) -> None:
    recipe = alone(chat_recipe(world.root, writer), "instruct", steps=1)
    for parts in (1, 5):
        read.clear()
        cut = staged(recipe, "instruct", training=replace(recipe.instruct.training, micro_batches=parts))
        train(cut, tmp_path / f"{parts}", quiet=True)
        # Two conversations are held out in each language.
        assert len(read) == (2 if parts == 1 else sum(len(batch.input_ids) for batch in read))
        assert max(len(batch.input_ids) for batch in read) == (1 if parts == 5 else len(read[0].input_ids))
    one, other = (rows(tmp_path / name / "instruct")[-1] for name in ("1", "5"))
    assert one["split"] == other["split"] == "validation"
    assert [one[name] for name in ("loss", "en_loss", "es_loss")] == pytest.approx(
        [other[name] for name in ("loss", "en_loss", "es_loss")], rel=1e-6
    )
    read.clear()
    corpora = write_corpus(tmp_path / "corpus", *corpus())
    # Eight conversations are held out in each language, and a step has sixteen.
    for parts in (1, 16):
        read.clear()
        train(lm_recipe(corpora, steps=1, micro_batches=parts), tmp_path / f"lm {parts}", quiet=True)
        assert len(read) == (2 if parts == 1 else sum(len(batch.input_ids) for batch in read))


@pytest.mark.parametrize(
    ("conversations", "processes", "parts", "wanted"), [(256, 1, 16, 16), (64, 1, 1, 64), (10, 2, 2, 3), (3, 4, 5, 1)]
)
def test_the_largest_part(conversations: int, processes: int, parts: int, wanted: int) -> None:
    assert largest_part(conversations, processes, parts) == wanted
