"""Replies that are written together are those that are written one by one, and a finished language is kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from evaluate.chat_fixtures import LANGUAGES, PICTURES, make_run, make_world

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import IMAGE
from isogloss.data.dataset import Dataset
from isogloss.data.images import decode, read_bytes
from isogloss.data.templates.instructions import instructions
from isogloss.errors import UserError
from isogloss.evaluate.asking import to_answer, to_describe
from isogloss.evaluate.chat import write_answers, write_descriptions
from isogloss.evaluate.replies import read_replies, write_replies
from isogloss.evaluate.reply import longest_reply
from isogloss.models.chat_saving import load_chat
from isogloss.train.chat import chat_tokens


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_world(tmp_path_factory.mktemp("world") / "shapes")


@pytest.fixture(scope="module")
def model(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    return load_chat(make_run(tmp_path_factory.mktemp("run"), world.root) / "model")


@torch.no_grad()
def naive_reply(
    model: Any, processor: Any, world: Dataset, key: str, said: Sequence[tuple[str, str]], most: int
) -> str:
    """One reply by Transformers alone: its template, its processor and no batch."""
    messages = [{"role": role, "content": text} for role, text in said]
    text = processor.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    rows = {row["key"]: row for row in world.images().to_pylist()}
    place = world.locate(rows[key]["file"])
    picture = decode(read_bytes(place, rows[key]["offset"], rows[key]["length"]), place)
    inputs = processor(text=[text], images=[picture], return_tensors="pt")
    written = model.generate(inputs["input_ids"], inputs["pixel_values"], max_new_tokens=most, do_sample=False)
    new = written[0, inputs["input_ids"].shape[1] :]
    return processor.tokenizer.decode(new, skip_special_tokens=True).strip()


def most_tokens(model: Any, processor: Any, references: Sequence[Sequence[str]]) -> int:
    return longest_reply(chat_tokens(model, processor, 1), references)[1]


def test_descriptions_are_those_of_one_picture_at_a_time(world: Dataset, model: tuple[Any, Any]) -> None:
    table = write_descriptions(*model, world, "test", LANGUAGES, together=4)
    assert table.num_rows == PICTURES * len(LANGUAGES)
    assert len(set(table["reply"].to_pylist())) > 3, "the model says something else of other pictures"
    for language in LANGUAGES:
        rows = [row for row in table.to_pylist() if row["language"] == language]
        captions = {row["key"]: row["text"] for row in world.captions(language).to_pylist()}
        most = most_tokens(*model, [row["references"] for row in rows])
        for row in rows:
            asked = instructions(language)[0]
            assert (row["asked"], row["instruction"]) == (language, asked)
            assert row["references"] == [captions[row["key"]]]
            said = [("user", f"{IMAGE}\n{asked}")]
            assert row["reply"] == naive_reply(*model, world, row["key"], said, most), row["key"]


def test_answers_come_after_the_true_earlier_turns(world: Dataset, model: tuple[Any, Any]) -> None:
    table = write_answers(*model, world, "test", ("en",), together=5)
    rows = {(row["key"], row["instruction"]): row for row in table.to_pylist()}
    most = most_tokens(*model, table["references"].to_pylist())
    asked = 0
    for one in read_conversations(world.root, "en", "test"):
        for number, turn in enumerate(one.turns):
            if turn.role == "assistant":
                before = one.turns[:number]
                row = rows[one.images[0], before[-1].text.removeprefix(f"{IMAGE}\n")]
                assert row["references"] == [turn.text]
                said = [(each.role, each.text) for each in before]
                assert row["reply"] == naive_reply(*model, world, one.images[0], said, most)
                asked += 1
    assert asked == table.num_rows > PICTURES


def test_a_reply_may_be_longer_than_every_reference(model: tuple[Any, Any]) -> None:
    tokens = chat_tokens(*model, 1)
    references = [["a", "a b c"], ["d"]]
    lengths, most = longest_reply(tokens, references)
    count = [len(tokens.tokenizer(text)["input_ids"]) for text in ("a b c", "d")]
    assert lengths == count
    assert most > max(count)


def test_a_finished_language_is_not_asked_again(world: Dataset, model: tuple[Any, Any], tmp_path: Path) -> None:
    first = write_descriptions(*model, world, "test", ("en",), kept=tmp_path)
    kept = read_replies(tmp_path / "en.parquet")
    assert kept.equals(first)
    marked = kept.set_column(4, "reply", [["told before"] * PICTURES])
    write_replies(tmp_path / "en.parquet", marked)
    again = write_descriptions(*model, world, "test", ("en", "ja"), kept=tmp_path)
    assert again["reply"].to_pylist()[:PICTURES] == ["told before"] * PICTURES
    assert (tmp_path / "ja.parquet").exists()


def test_what_was_asked_otherwise_is_asked_again(world: Dataset, model: tuple[Any, Any], tmp_path: Path) -> None:
    first = write_descriptions(*model, world, "test", ("en",), kept=tmp_path, pictures=3)
    more = write_descriptions(*model, world, "test", ("en",), kept=tmp_path, wordings={"en": "Say it."})
    assert set(more["instruction"].to_pylist()) == {"Say it."}
    assert more.num_rows == PICTURES
    assert set(first["key"].to_pylist()) < set(more["key"].to_pylist())


def test_fewer_pictures_are_the_same_for_captions_and_conversations(world: Dataset) -> None:
    few = {one.about for one in to_describe(world, "test", "en", pictures=2)}
    assert len(few) == 2
    assert few < {one.about for one in to_describe(world, "test", "ja", pictures=4)}
    assert {one.about for one in to_answer(world, "test", "de", pictures=2)} == few


def test_a_context_without_room_gives_empty_replies(world: Dataset, model: tuple[Any, Any]) -> None:
    network, processor = model
    shape = network.config.text_config
    before = shape.max_position_embeddings
    short = len(chat_tokens(network, processor, 1).prompt(to_describe(world, "test", "en")[0].prompt))
    try:
        shape.max_position_embeddings = short
        table = write_descriptions(network, processor, world, "test", ("en",))
    finally:
        shape.max_position_embeddings = before
    assert table["reply"].to_pylist() == [""] * PICTURES


def test_what_cannot_be_asked_is_told(world: Dataset, model: tuple[Any, Any]) -> None:
    with pytest.raises(UserError, match="no split 'tests'; did you mean 'test'"):
        write_descriptions(*model, world, "tests", ("en",))
    with pytest.raises(UserError, match="caption table for the language 'fr'"):
        write_descriptions(*model, world, "test", ("fr",))
    with pytest.raises(UserError, match="no table of conversations for the language 'fr'"):
        write_answers(*model, world, "test", ("fr",))
