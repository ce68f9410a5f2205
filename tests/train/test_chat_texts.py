"""Texts beside what a chat model's pictures are about: as many in every step as asked for, and the rest as without them."""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from train.small_chat import EYES, WORDS, alone, chat_recipe, small_world, small_writer, staged
from train.small_corpus import corpus, write_corpus
from train.test_loop import rows

from isogloss.data.chat_batch import ChatBatch
from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.lessons import texts, without_pictures
from isogloss.data.mixture import Mixture, Mixtures
from isogloss.data.writing import write_conversations
from isogloss.errors import UserError
from isogloss.models.chat_building import build_chat
from isogloss.train import chat
from isogloss.train.chat import chat_tokens
from isogloss.train.chat_reading import Reading, learnt, mixed
from isogloss.train.chat_recipe import ChatRecipe, ChatStage, ChatTexts
from isogloss.train.run import train
from isogloss.train.stages import Stage

EACH = 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Dataset:
    return small_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def writer(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_writer(world, tmp_path_factory.mktemp("writer"))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Conversations and plain texts in two languages."""
    return write_corpus(tmp_path_factory.mktemp("corpus") / "small", *corpus())


@pytest.fixture
def recipe(world: Dataset, writer: Path, spoken: Path) -> ChatRecipe:
    return staged(
        chat_recipe(world.root, writer), "instruct", texts=ChatTexts(str(spoken), conversations_per_step=EACH)
    )


def without(stage: ChatStage) -> ChatStage:
    return replace(stage, texts=ChatTexts())


def taken_in(found: Sequence[tuple[str, int]], texts: bool) -> list[tuple[str, int]]:
    return [one for one in found if one[0].startswith("texts in ") == texts]


def test_the_rest_of_every_step_is_what_it_is_without_texts(recipe: ChatRecipe, world: Dataset) -> None:
    for proportions in ({}, {"en": 3.0, "es": 1.0}):
        stage = replace(recipe.instruct, proportions=proportions)
        (parts, both), (bare, one) = mixed(world, stage), mixed(world, without(stage))
        assert isinstance(both, Mixtures) and isinstance(one, Mixture)
        assert (both.steps_per_epoch, both.per_step) == (one.steps_per_epoch, one.per_step + EACH)
        for step in range(20):
            assert taken_in(both.taken(step), texts=False) == one.taken(step)
            assert len(taken_in(both.taken(step), texts=True)) == EACH
        assert {name: list(part) for name, part in parts.items() if name in bare} == {
            name: list(part) for name, part in bare.items()
        }
        assert sum(both.shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("languages", "proportions", "wanted"),
    [
        ((), {}, {"texts in en": 150, "texts in es": 150}),
        (("es",), {}, {"texts in es": 300}),
        ((), {"en": 1.0, "es": 4.0}, {"texts in en": 60, "texts in es": 240}),
        ((), {"es": 1.0}, {"texts in es": 300}),
    ],
)
def test_languages_have_their_proportions(
    languages: tuple[str, ...],
    proportions: dict[str, float],
    wanted: dict[str, int],
    recipe: ChatRecipe,
    world: Dataset,
) -> None:
    chosen = replace(recipe.instruct.texts, languages=languages, proportions=proportions)
    _, mixture = mixed(world, replace(recipe.instruct, texts=chosen))
    every = [one for step in range(300 // EACH) for one in taken_in(mixture.taken(step), texts=True)]
    assert Counter(name for name, _ in every) == wanted
    # As many as there are, in an order that no two epochs share, before any comes again.
    for name, count in wanted.items():
        size = mixture.each[1].sizes[name] if isinstance(mixture, Mixtures) else 0
        order = [row for part, row in every if part == name]
        assert sorted(order[:size]) == list(range(size)) if count >= size else len({*order}) == count


def reading(recipe: ChatRecipe, world: Dataset) -> Reading:
    model, processor = build_chat(recipe.vision, recipe.language_model, recipe.connector, image_size=16)
    return Reading(world, recipe.data, chat_tokens(model, processor, 128), processor.image_processor)


def test_processes_share_both_and_rows_hold_whole_conversations(recipe: ChatRecipe, world: Dataset) -> None:
    stage, read = recipe.instruct, reading(recipe, world)
    parts, mixture = mixed(world, stage)

    for step in range(3):
        encoded = [read.tokens.encode(parts[name][row]) for name, row in mixture.taken(step)]
        wanted = Counter(tuple(one.input_ids.tolist()) for one in encoded if one is not None)
        for processes in (1, 2):
            found = Counter[tuple[int, ...]]()
            for process in range(processes):
                one = learnt(stage, read, process, processes)[step]
                for ids, positions in zip(one.input_ids, one.position_ids, strict=True):
                    starts = [*torch.nonzero(positions == 0)[:, 0].tolist(), len(ids)]
                    said = (tuple(ids[a:b].tolist()) for a, b in pairwise(starts))
                    found.update(ids for ids in said if {*ids} != {read.tokens.padding})
            assert found == wanted
    assert any(one.images == () for one in (parts[name][row] for name, row in mixture.taken(0)))


def test_a_stopped_run_ends_as_if_it_had_not_been(
    recipe: ChatRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = staged(recipe, "align", skipped=True)
    train(once, tmp_path / "whole", quiet=True)
    calls: list[None] = []
    loss = chat.chat_loss

    def stopping(model: nn.Module, batch: ChatBatch, *features: Any, **how: Any) -> Any:
        calls.extend([None] * len(features))
        if features and len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(model, batch, *features, **how)

    with monkeypatch.context() as patched:
        patched.setattr(chat, "chat_loss", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(once, tmp_path / "run", quiet=True)
    train(once, tmp_path / "run", quiet=True)
    one, other = (tmp_path / name / "model" / "model.safetensors" for name in ("whole", "run"))
    assert one.read_bytes() == other.read_bytes()
    assert rows(tmp_path / "run" / "instruct") == rows(tmp_path / "whole" / "instruct")
    last = rows(tmp_path / "run" / "instruct")[-1]
    assert last["text_loss"] == pytest.approx((last["en_text_loss"] + last["es_text_loss"]) / 2)
    assert last["loss"] == pytest.approx((last["en_loss"] + last["es_loss"]) / 2), "of pictures alone"


def test_parts_of_a_step_may_have_no_picture(recipe: ChatRecipe, tmp_path: Path) -> None:
    """In a stage whose first half trains the connector alone."""
    half = (Stage(0.0, "run", (WORDS, EYES)), Stage(0.5, "run", ()))
    plain = alone(
        staged(recipe, "align", stages=half, texts=replace(recipe.instruct.texts, conversations_per_step=9)), "align"
    )
    for name, parts in (("whole", 1), ("parts", 7)):
        cut = replace(plain.align.training, micro_batches=parts)
        train(staged(plain, "align", training=cut), tmp_path / name, quiet=True)
    one, other = (rows(tmp_path / name / "align") for name in ("whole", "parts"))
    assert len(one) == len(other) >= 4
    for wanted, found in zip(one, other, strict=True):
        assert found.pop("split") == wanted.pop("split")
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    one, other = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "parts"))
    torch.testing.assert_close(other, one, rtol=0, atol=5e-5)


def test_texts_are_learnt_and_without_them_they_are_not(recipe: ChatRecipe, tmp_path: Path) -> None:
    """Held out texts of both languages, in a stage about English pictures."""
    english = staged(recipe, "instruct", languages=("en",), shares={})
    longer = alone(english, "instruct", steps=60, validate_every=0, checkpoint_every=0)
    train(longer, tmp_path / "with", quiet=True)
    told = rows(tmp_path / "with" / "instruct")[-1]
    rare = replace(longer.instruct.texts, proportions={"en": 1.0, "es": 0.0})
    train(staged(longer, "instruct", texts=rare), tmp_path / "english", quiet=True)
    other = rows(tmp_path / "english" / "instruct")[-1]
    assert told["es_text_loss"] < 0.8 * other["es_text_loss"]


def test_what_shows_a_picture_is_left_out(world: Dataset, tmp_path: Path) -> None:
    root = small_world(tmp_path / "shapes").root
    with pytest.raises(UserError, match="has no conversation without a picture in 'en' to train on"):
        texts(root)
    (key, *_) = world.images("train", ["key"])["key"].to_pylist()
    turns = (Turn("user", "¿Qué?"), Turn("assistant", "Nada."))
    seen = Conversation("seen", "es", (key,), (Turn("user", f"{IMAGE}¿Qué?"), turns[1]))
    write_conversations(root, "es", [seen, Conversation("unseen", "es", (), turns)], source="made up")
    assert {tag: [one.key for one in part] for tag, part in texts(root).items()} == {"es": ["unseen"]}
    assert not len(without_pictures(root, ("es",), "validation")["es"])
    with pytest.raises(UserError, match="'en'.* leave the language out"):
        texts(root, ("en", "es"))
    with pytest.raises(UserError, match="no source of the conversations in 'es' 'somebody'.*made up"):
        texts(root, ("es",), ("somebody",))
    assert [one.key for one in texts(root, ("es",), ("made up",))["es"]] == ["unseen"]


def refused(recipe: ChatRecipe, world: Dataset, told: str, **changed: Any) -> None:
    with pytest.raises(UserError, match=told):
        mixed(world, replace(recipe.instruct, texts=replace(recipe.instruct.texts, **changed)))


def test_what_cannot_be_read_is_told(recipe: ChatRecipe, world: Dataset, tmp_path: Path) -> None:
    refused(recipe, world, "nothing", dataset=str(tmp_path / "nothing"))
    refused(recipe, world, "no table of conversations for the language 'de'", languages=("de",))
    refused(recipe, world, "proportion of 'texts in ens'; did you mean 'texts in e", proportions={"ens": 1.0})
    refused(recipe, world, "A step of 500 conversations cannot be drawn from the 130", conversations_per_step=500)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"conversations_per_step": 0}, "conversations_per_step is 0; give a whole number of at least 1"),
        ({"languages": ("en",), "proportions": {"es": 1.0}}, "proportions names 'es', which languages leaves out"),
        ({"proportions": {"es": -1.0}}, "proportions of 'es' is -1.0; give a number from 0 on"),
        ({"proportions": {"es": float("nan")}}, "proportions of 'es' is nan; give a number from 0 on"),
    ],
)
def test_texts_that_cannot_be(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        ChatTexts("somewhere", **fields)


@pytest.mark.parametrize(
    ("stages", "rest"),
    [
        ((), False),
        ((Stage(frozen=(WORDS,)),), True),
        ((Stage(frozen=(EYES,)),), False),
        ((Stage(frozen=(WORDS, EYES)), Stage(5, "step", (WORDS,))), True),
        ((Stage(frozen=(WORDS,)), Stage(0.5, "run", ())), False),
        ((Stage(0.5, "run", (WORDS,)),), False),
        ((Stage(frozen=(WORDS, "!language_model.lm_head.*")),), False),
    ],
)
def test_texts_need_a_language_model_that_trains(stages: tuple[Stage, ...], rest: bool) -> None:
    assert ChatStage(stages=stages).words_rest == rest
    if rest:
        with pytest.raises(
            UserError, match="frozen all through the stage and learns nothing from texts; leave them out"
        ):
            ChatStage(stages=stages, texts=ChatTexts("somewhere"))
    else:
        ChatStage(stages=stages, texts=ChatTexts("somewhere"))
