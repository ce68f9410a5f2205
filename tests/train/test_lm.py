"""A language model learns from conversations without pictures, and a stopped run ends as if it had not been."""

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from train.small_corpus import corpus, lm_recipe, write_corpus
from train.test_loop import rows
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from isogloss.data.chat_batch import ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.lessons import without_pictures
from isogloss.data.mixture import Mixture
from isogloss.errors import UserError
from isogloss.models.lm import Writer
from isogloss.train import lm
from isogloss.train.lm import lm_loss, train_lm
from isogloss.train.lm_recipe import CorpusData, LanguageModelRecipe
from isogloss.train.lm_validation import exact_replies, held_back, validation
from isogloss.train.process import start_process


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "small", *corpus())


@pytest.fixture(scope="module")
def trained(root: Path, tmp_path_factory: pytest.TempPathFactory, processor_only: None) -> Path:
    """A run that is long enough to learn what things are called."""
    folder = tmp_path_factory.mktemp("run")
    train(lm_recipe(root, steps=200, log_every=10, checkpoint_every=0, validate_every=0), folder)
    return folder


def train(recipe: LanguageModelRecipe, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return train_lm(recipe, folder, start_process(recipe.training, folder), quiet=True)


def loaded(folder: Path) -> tuple[Any, PreTrainedTokenizerFast, ChatTokens]:
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    model = AutoModelForCausalLM.from_pretrained(folder / "model")
    return model.eval(), tokenizer, ChatTokens(tokenizer, None, 0, 64)


def test_it_says_unseen_things_in_both_languages(trained: Path) -> None:
    figures = rows(trained)[-1]
    assert figures["split"] == "validation"
    assert (figures["exact"], figures["en/exact"], figures["es/exact"]) == (1.0, 1.0, 1.0)
    assert figures["loss"] == pytest.approx((figures["en/loss"] + figures["es/loss"]) / 2)
    model, tokenizer, _ = loaded(trained)
    for content, wanted in (("círculo rojo\nWhat is it?", "red circle"), ("blue star\n¿Qué es?", "lucero azul")):
        asked = tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        written = model.generate(**asked, max_new_tokens=12, do_sample=False)
        reply = written[0, asked["input_ids"].shape[1] :]
        assert tokenizer.decode(reply) == f"{wanted}<|end|>"


def test_exact_replies_are_those_that_one_prompt_at_a_time_gives(trained: Path, root: Path) -> None:
    model, tokenizer, tokens = loaded(trained)
    asked = [one for one in corpus()[0] if one.turns[-1].role == "assistant"]
    # A few whose right reply is one that the model does not give.
    asked += [replace(one, turns=(one.turns[0], Turn("assistant", "a cat"))) for one in asked[:5]]

    def naive(one: Conversation) -> bool:
        ids = torch.from_numpy(tokens.prompt(one).input_ids.astype(np.int64))[None]
        written = model.generate(input_ids=ids, max_new_tokens=20, do_sample=False)[0, ids.shape[1] :]
        return tokenizer.decode(written, skip_special_tokens=True) == one.turns[-1].text

    found = exact_replies(model, asked, tokens)
    assert found == [naive(one) for one in asked]
    assert {*found} == {True, False}


def test_the_loss_is_the_mean_over_what_is_learnt(trained: Path, root: Path) -> None:
    """Packed rows and a head at learnt tokens against one conversation after the other."""
    model, _, tokens = loaded(trained)
    parts = without_pictures(root, ("en", "es"), "train")
    mixture = Mixture({tag: len(part) for tag, part in parts.items()}, None, per_step=20, seed=3)
    batch = ChatBatches(parts=parts, tokens=tokens, mixture=mixture, row_tokens=96)[0]
    each: list[torch.Tensor] = []
    for part, row in mixture.taken(0):
        encoded = tokens.encode(parts[part][row])
        assert encoded is not None
        ids = torch.from_numpy(encoded.input_ids.astype(np.int64))
        with torch.no_grad():
            logits = model(input_ids=ids[None]).logits[0]
        learnt = torch.from_numpy(encoded.learnt)[1:]
        each.append(F.cross_entropy(logits[:-1][learnt], ids[1:][learnt], reduction="none"))
    with torch.no_grad():
        found = lm_loss(Writer(model).eval(), batch).total
    torch.testing.assert_close(found, torch.cat(each).mean(), rtol=1e-4, atol=1e-5)


def test_a_stopped_run_ends_as_if_it_had_not_been(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(lm_recipe(root), noise=0.5)
    whole = train(recipe, tmp_path / "whole")
    calls: list[None] = []

    def stopping(model: Any, batch: ChatBatch) -> Any:
        calls.append(None)
        if len(calls) == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return lm_loss(model, batch)

    with monkeypatch.context() as patched:
        patched.setattr(lm, "lm_loss", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, tmp_path / "parts")
    assert not (tmp_path / "parts" / "model").exists()
    parts = train(recipe, tmp_path / "parts")
    files = sorted(path.name for path in whole.iterdir())
    assert files == sorted(path.name for path in parts.iterdir())
    for file in files:
        assert (whole / file).read_bytes() == (parts / file).read_bytes(), file
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


def test_the_noise_of_a_recipe_changes_training_and_nothing_else(root: Path, tmp_path: Path) -> None:
    quiet, loud = lm_recipe(root, steps=2), replace(lm_recipe(root, steps=2), noise=2.0)
    train(quiet, tmp_path / "quiet")
    train(loud, tmp_path / "loud")
    losses = [[row["loss"] for row in rows(tmp_path / name) if row["split"] == "train"] for name in ("quiet", "loud")]
    assert losses[0] != losses[1]
    assert (tmp_path / "quiet/model/tokenizer.json").read_bytes() == (
        tmp_path / "loud/model/tokenizer.json"
    ).read_bytes()


def test_shares_of_languages(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ChatBatches] = []

    def noting(*arguments: Any, **named: Any) -> Any:
        seen.append(arguments[1])
        raise UserError("enough")

    monkeypatch.setattr(lm, "fit", noting)
    recipe = lm_recipe(root)
    shared = replace(recipe, data=replace(recipe.data, proportions={"en": 3, "es": 1}))
    with pytest.raises(UserError, match="enough"):
        train(shared, tmp_path / "run")
    taken = [part for part, _ in seen[0].mixture.taken(0)]
    assert (taken.count("en"), taken.count("es")) == (12, 4)


PICTURE = Conversation("seen", "en", ("a",), (Turn("user", f"{IMAGE}\nWhat?"), Turn("assistant", "A cat.")))


def refuses(recipe: LanguageModelRecipe, folder: Path, message: str) -> None:
    with pytest.raises(UserError, match=message):
        train(recipe, folder)
    assert not (folder / "model").exists()


def test_what_cannot_be_trained_on_is_told(root: Path, tmp_path: Path) -> None:
    recipe = lm_recipe(root)
    for data, message in (
        (replace(recipe.data, languages=("en", "fr")), "no table of conversations for the language 'fr'"),
        (replace(recipe.data, conversations_per_step=500), "A step of 500 conversations cannot be drawn"),
    ):
        refuses(replace(recipe, data=data), tmp_path / "run", message)
    missing = replace(recipe, chat_template=str(tmp_path / "none.jinja"))
    refuses(missing, tmp_path / "template", "The chat template .*none.jinja cannot be read .*; name a text file")
    refuses(lm_recipe(write_corpus(tmp_path / "empty", [], {})), tmp_path / "empty run", "has no conversations; name a")


def test_a_language_without_conversations_to_train_on(tmp_path: Path) -> None:
    conversations, splits = corpus()
    tested = {one.key: "test" for one in conversations if one.language == "es"}
    unseen = write_corpus(tmp_path / "unseen", conversations, splits | tested)
    recipe = lm_recipe(unseen)
    refuses(
        replace(recipe, data=replace(recipe.data, languages=("en", "es"))),
        tmp_path / "run",
        "no conversation without a picture in 'es' to train on; add some, or leave the language out",
    )
    train(lm_recipe(unseen, steps=1), tmp_path / "english")
    assert "es/loss" not in rows(tmp_path / "english")[-1]


def test_a_chat_template_of_ones_own(root: Path, tmp_path: Path) -> None:
    template = tmp_path / "own.jinja"
    template.write_text(
        "{% for message in messages %}{% if message.role == 'assistant' %}{% generation %}{{ message.content }}"
        "<|end|>{% endgeneration %}{% else %}{{ message.content }}\n{% endif %}{% endfor %}",
        encoding="utf-8",
    )
    saved = train(replace(lm_recipe(root, steps=1), chat_template=str(template)), tmp_path / "run")
    turns = [{"role": "user", "content": "red"}, {"role": "assistant", "content": "rojo"}]
    assert AutoTokenizer.from_pretrained(saved).apply_chat_template(turns, tokenize=False) == "red\nrojo<|end|>"


def test_held_back_conversations_are_some_from_everywhere() -> None:
    conversations = corpus()[0]
    assert len(conversations) == 146
    assert held_back(conversations, 146) == held_back(conversations, 999) == conversations
    assert held_back(conversations, 6) == [conversations[place] for place in (0, 29, 58, 87, 116, 145)]
    assert held_back([], 5) == []


def test_plain_text_has_a_loss_and_no_reply(trained: Path) -> None:
    model, _, tokens = loaded(trained)
    texts: Sequence[Conversation] = corpus()[0][-2:-1]
    with torch.no_grad():
        figures = validation({"en": texts, "es": ()}, tokens, 96, 8)(Writer(model).eval())
    assert sorted(figures) == ["en/loss", "loss"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"noise": -1.0}, "noise is -1.0; give a weight of at least 0"),
        ({"blend": 1.5}, "blend is 1.5; give a share between 0 and 1"),
        ({"tokens": 97}, "may have 97 tokens, and a row has 96; set data.row_tokens to 97 at least"),
        ({"vocabulary": 0}, "vocabulary is 0; give a whole number of at least 1"),
    ],
)
def test_recipes_that_cannot_be(fields: dict[str, Any], message: str, root: Path) -> None:
    with pytest.raises(UserError, match=message):
        replace(lm_recipe(root), **fields)


def test_proportions_that_cannot_be() -> None:
    with pytest.raises(UserError, match="The proportion of 'en' is -1; give a number of at least 0"):
        CorpusData("somewhere", proportions={"en": -1})
    with pytest.raises(UserError, match="There is a proportion of 'fr', which languages leaves out; add it there"):
        CorpusData("somewhere", languages=("en",), proportions={"fr": 1})
