"""The chat model: what must hold of it whatever its parts are."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from models.tiny_chat import WRITERS, make_chat, pictures, read
from models.tiny_towers import VISION
from torch import Tensor
from transformers import DynamicCache

from isogloss.data.chat_batch import IGNORED
from isogloss.errors import UserError
from isogloss.losses.language_model import language_model_loss
from isogloss.models.chat import ChatModel
from isogloss.models.connector import Connector

CONNECTORS = {
    "mlp": Connector(),
    "resampler": Connector("resampler", queries=9),
    "pixel_shuffle": Connector(reduction="pixel_shuffle"),
    "average": Connector("resampler", queries=4, reduction="average"),
}
TEXTS = ["a cat", "<image> a dog and <image>", "un gato <image> en la casa", "<image>"]
Chat = Callable[..., tuple[ChatModel, Any]]


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    """A chat model of tiny towers and its processor; not to be changed."""
    root = tmp_path_factory.mktemp("chat")

    @cache
    def make(vision: str, writer: str, connector: str = "mlp") -> tuple[ChatModel, Any]:
        return make_chat(root, vision, writer, CONNECTORS[connector])

    return make


def alone(inputs: dict[str, Tensor], row: int, image_token: int, each: int) -> dict[str, Tensor]:
    """One row of some, without its padding, and its own pictures."""
    ids = inputs["input_ids"][row : row + 1, inputs["attention_mask"][row] == 1]
    before = int((inputs["input_ids"][:row] == image_token).sum()) // each
    own = int((ids == image_token).sum()) // each
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return {**given, "pixel_values": inputs["pixel_values"][before : before + own]} if own else given


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize(("vision", "writer"), [("vit", "qwen3"), ("siglip_vision_model", "llama")])
def test_each_row_reads_its_own_pictures(chat: Chat, vision: str, writer: str, connector: str) -> None:
    """Padded together, with several pictures or none, as alone; a picture's place in a batch does not matter."""
    model, processor = chat(vision, writer, connector)
    inputs = read(processor, TEXTS)
    with torch.no_grad():
        together = model(**inputs).logits
        for row in range(len(TEXTS)):
            one = alone(inputs, row, model.config.image_token_id, model.config.visual_tokens)
            wanted = model(**one).logits[0]
            torch.testing.assert_close(together[row, -len(wanted) :], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("vision", sorted(VISION))
@torch.no_grad()
def test_any_tower_is_seen_through(chat: Chat, vision: str) -> None:
    """Another picture gives other logits, and cached features give the same as the pixels."""
    model, processor = chat(vision, "qwen3")
    inputs = read(processor, ["a cat <image> a dog"])
    logits = model(**inputs).logits
    pixels = inputs.pop("pixel_values")
    features = model.visual_features(pixels)
    assert features.shape[1:] == model.config.features
    assert model.visual_tokens(features).shape == (1, model.config.visual_tokens, 24)
    assert model(**inputs, features=features).logits.equal(logits)
    assert not torch.allclose(model(**inputs, pixel_values=pixels + 0.5).logits, logits, atol=1e-3)


def packed(processor: Any, rows: list[list[str]], length: int) -> tuple[dict[str, Tensor], list[tuple[int, int, int]]]:
    """Conversations one after the other in rows, and where each one is: its row, its first place and its length."""
    encoded = [[processor(text=text, images=pictures(text.count("<image>")) or None) for text in row] for row in rows]
    ids = torch.full((len(rows), length), processor.tokenizer.pad_token_id)
    positions = torch.zeros(len(rows), length, dtype=torch.int64)
    places: list[tuple[int, int, int]] = []
    pixels: list[Tensor] = []
    for number, row in enumerate(encoded):
        start = 0
        for one in row:
            tokens = torch.tensor(one["input_ids"][0])
            ids[number, start : start + len(tokens)] = tokens
            positions[number, start : start + len(tokens)] = torch.arange(len(tokens))
            places.append((number, start, len(tokens)))
            pixels += [torch.as_tensor(picture) for picture in one.get("pixel_values", [])]
            start += len(tokens)
        positions[number, start:] = torch.arange(length - start)
    return {"input_ids": ids, "position_ids": positions, "pixel_values": torch.stack(pixels)}, places


PACKED = [["<image> a cat", "un gato", "a dog <image> and <image>"], ["the cat sat on the mat", "<image> a dog"]]


# Gemma 2's attention, whose scores are capped, has no other implementation.
ATTENTION = [
    *((writer, "eager") for writer in sorted(WRITERS)),
    *((writer, "sdpa") for writer in ("gpt2", "llama", "qwen3")),
]


@pytest.mark.parametrize(("writer", "attention"), ATTENTION)
@torch.no_grad()
def test_packed_conversations_do_not_see_each_other(chat: Chat, writer: str, attention: str) -> None:
    model, processor = chat("vit", writer)
    given, places = packed(processor, PACKED, 40)
    texts = [text for row in PACKED for text in row]
    before = model.language_model.config._attn_implementation
    model.language_model.set_attn_implementation(attention)
    try:
        together = model(**given).logits
        for text, (row, start, length) in zip(texts, places, strict=True):
            one = processor(text=text, images=pictures(text.count("<image>")) or None, return_tensors="pt")
            wanted = model(input_ids=one["input_ids"], pixel_values=one.get("pixel_values")).logits[0]
            torch.testing.assert_close(together[row, start : start + length], wanted, rtol=1e-4, atol=1e-5)
    finally:
        model.language_model.set_attn_implementation(before)


@pytest.mark.parametrize("writer", sorted(WRITERS))
@torch.no_grad()
def test_with_labels_logits_are_of_learnt_places_alone(chat: Chat, writer: str) -> None:
    model, processor = chat("vit", writer)
    given, places = packed(processor, PACKED, 40)
    labels = torch.full_like(given["input_ids"], IGNORED)
    wanted: list[tuple[int, int]] = []
    for row, start, length in places:
        labels[row, start] = given["input_ids"][row, start]  # nothing stands before it that it could be learnt from
        labels[row, start + length - 2 : start + length] = given["input_ids"][row, start + length - 2 : start + length]
        wanted += [(row, start + length - 3), (row, start + length - 2)] if length > 2 else [(row, start)]
    every = model(**given).logits
    output = model(**given, labels=labels)
    assert output.targets.tolist() == [int(given["input_ids"][row, place + 1]) for row, place in wanted]
    torch.testing.assert_close(output.logits, torch.stack([every[row, place] for row, place in wanted]))


@pytest.mark.parametrize("connector", CONNECTORS)
def test_pictures_teach_the_connector_and_the_tower(chat: Chat, connector: str) -> None:
    model, processor = chat("vit", "qwen3", connector)
    inputs = read(processor, ["<image> a cat", "a dog <image>"])
    output = model(**inputs, labels=inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, IGNORED))
    language_model_loss(output.logits, output.targets).total.backward()
    read_by = {name for name, value in model.named_parameters() if value.grad is not None and value.grad.any()}
    model.zero_grad()
    assert {
        name for name, _ in model.multi_modal_projector.named_parameters(prefix="multi_modal_projector")
    } - read_by <= {
        # A bias of keys shifts all shares alike.
        "multi_modal_projector.attention.in_proj_bias"
    }
    assert any(name.startswith("vision_tower.layers.0.") for name in read_by)
    # The last layer but one is read, so the last teaches nothing.
    assert not any(name.startswith("vision_tower.layers.1.") for name in read_by)
    assert any(name.startswith("language_model.") for name in read_by)


def greedy(model: ChatModel, given: dict[str, Tensor], steps: int) -> list[int]:
    """What is written after one row, each time read anew from its beginning."""
    written: list[int] = []
    ids = given["input_ids"]
    for _ in range(steps):
        logits = model(input_ids=ids, pixel_values=given.get("pixel_values")).logits[0, -1].clone()
        logits[model.config.image_token_id] = -torch.inf
        written.append(int(logits.argmax()))
        ids = torch.cat([ids, torch.tensor([[written[-1]]])], dim=1)
    return written


@pytest.mark.parametrize("connector", ["mlp", "resampler"])
@pytest.mark.parametrize("writer", ["qwen3", "llama"])
@torch.no_grad()
def test_replies_of_a_batch_are_those_of_each_row_alone_without_a_cache(
    chat: Chat, writer: str, connector: str
) -> None:
    model, processor = chat("vit", writer, connector)
    inputs = read(processor, TEXTS)
    written = model.generate(**inputs, max_new_tokens=8, do_sample=False, eos_token_id=-1)
    assert written[:, :-8].equal(inputs["input_ids"])
    for row, reply in enumerate(written[:, -8:].tolist()):
        one = alone(inputs, row, model.config.image_token_id, model.config.visual_tokens)
        assert reply == greedy(model, one, 8)


@torch.no_grad()
def test_beams_and_samples_see_the_pictures_of_their_own_row(chat: Chat) -> None:
    """As of each row alone: where pictures were multiplied in another order than rows, beams would see other ones."""
    model, processor = chat("vit", "qwen3")
    inputs = read(processor, TEXTS)
    options = {"max_new_tokens": 6, "num_beams": 3, "num_return_sequences": 3, "eos_token_id": -1}
    together = model.generate(**inputs, **options)[:, -6:].reshape(len(TEXTS), 3, 6)
    for row in range(len(TEXTS)):
        one = alone(inputs, row, model.config.image_token_id, model.config.visual_tokens)
        assert model.generate(**one, **options)[:, -6:].equal(together[row])
    sampled: list[Tensor] = []
    for _ in range(2):
        torch.manual_seed(7)
        sampled.append(
            model.generate(**inputs, max_new_tokens=6, do_sample=True, num_return_sequences=2, temperature=2.0)
        )
    assert sampled[0].equal(sampled[1])
    assert len(torch.unique(sampled[0], dim=0)) > len(TEXTS)


@torch.no_grad()
def test_a_conversation_goes_on_from_what_is_kept_of_it(chat: Chat) -> None:
    """The second turn reads neither the first turn's picture nor its words again, and replies as if it did."""
    model, processor = chat("vit", "qwen3")
    first = read(processor, ["<image> a cat"])
    kept = DynamicCache(config=model.config.text_config)
    features = model.visual_features(first.pop("pixel_values"))
    options = {"max_new_tokens": 4, "do_sample": False, "eos_token_id": -1}
    said = model.generate(**first, features=features, past_key_values=kept, **options)
    asked = torch.cat([said, torch.tensor([processor.tokenizer.encode(" and a dog", add_special_tokens=False)])], dim=1)
    wanted = model.generate(asked, features=features, attention_mask=torch.ones_like(asked), **options)
    lengths: list[int] = []
    handle = model.language_model.register_forward_pre_hook(
        lambda _module, _args, given: lengths.append(given["inputs_embeds"].shape[1]), with_kwargs=True
    )
    found = model.generate(
        asked, features=features, past_key_values=kept, attention_mask=torch.ones_like(asked), **options
    )
    handle.remove()
    assert found.equal(wanted)
    assert lengths[0] == asked.shape[1] - said.shape[1] + 1  # the last word that was written had not been read yet


@torch.no_grad()
def test_no_picture_is_written(chat: Chat) -> None:
    model, processor = chat("vit", "qwen3")
    inputs = read(processor, ["a cat"])
    head = model.language_model.get_output_embeddings().weight
    before = head[model.config.image_token_id].clone()
    try:
        head[model.config.image_token_id] = (
            100 * model.language_model.model(inputs["input_ids"]).last_hidden_state[0, -1]
        )
        assert int(model(**inputs).logits[0, -1].argmax()) == model.config.image_token_id
        assert model.config.image_token_id not in model.generate(**inputs, max_new_tokens=4)
    finally:
        head[model.config.image_token_id] = before


def test_more_or_fewer_pictures_than_there_is_room_for(chat: Chat) -> None:
    model, processor = chat("vit", "qwen3")
    inputs = read(processor, ["<image> a cat <image>"])
    with pytest.raises(UserError) as told:
        model(input_ids=inputs["input_ids"], pixel_values=inputs["pixel_values"][:1])
    assert str(told.value) == (
        "The text has room for 8 visual tokens, and 1 pictures of 4 each make 4; give every picture 4 image tokens in the "
        "text, as the processor does."
    )
    with pytest.raises(UserError, match="room for 8 visual tokens, and 0 pictures"):
        model.generate(inputs["input_ids"], max_new_tokens=2)
    with pytest.raises(UserError, match="room for 7 visual tokens, and 2 pictures"):
        model(input_ids=inputs["input_ids"][:, 1:], pixel_values=inputs["pixel_values"])
    text = read(processor, ["a cat"])
    assert model(**text, pixel_values=torch.empty(0, 3, 16, 16)).logits.isfinite().all()  # no picture is no error


def test_the_processor_gives_a_picture_its_tokens_and_its_line(chat: Chat) -> None:
    for connector in CONNECTORS:
        model, processor = chat("vit", "qwen3", connector)
        part: list[dict[str, Any]] = [{"type": "image", "image": pictures(1)[0]}, {"type": "text", "text": "a cat"}]
        whole = [{"role": "user", "content": part}, {"role": "assistant", "content": "un gato"}]
        text = processor.apply_chat_template(whole, add_generation_prompt=True)
        assert text == "<s>user: <image>\na cat</s><s>assistant: un gato</s><s>assistant:"
        inputs = processor.apply_chat_template(
            whole, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        assert int((inputs["input_ids"] == model.config.image_token_id).sum()) == model.config.visual_tokens
        assert model(**{name: inputs[name] for name in ("input_ids", "pixel_values")}).logits.isfinite().all()
