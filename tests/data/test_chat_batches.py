"""Batches of conversations: packed rows in which each is what it is alone, at any step, over any number of processes."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from data.chat_tokenizers import CHATML, IMAGE_TOKEN, byte_level
from data.coloured import IMAGES_OF, dataset_of_colours, split_of
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    Gemma3TextConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralConfig,
    Qwen3Config,
    SiglipVisionConfig,
)
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from isogloss.data import chat_batches
from isogloss.data.chat_batch import IGNORED, ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens, Encoded
from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.images import Pictures, PictureSize
from isogloss.data.mixture import Mixture
from isogloss.errors import UserError

VISUAL, ROW, SIDE = 4, 256, 4
LANGUAGES = ("en", "es", "ja")
SIZES = {"en": 23, "es": 11, "ja": 7}
PROPORTIONS = {"en": 0.5, "es": 0.3, "ja": 0.2}


def conversation(language: str, number: int) -> Conversation:
    """Of one to four rounds about no, one or two pictures; no two say the same."""
    generator = np.random.default_rng((number, LANGUAGES.index(language)))
    rounds, shown = int(generator.integers(1, 5)), int(generator.integers(0, 3))
    turns = [Turn("user", f"{IMAGE * shown}{language} {number}?"), Turn("assistant", " star" * rounds)]
    for further in range(1, rounds):
        turns += [Turn("user", f"{further}?"), Turn("assistant", f"{language} {number} {further}")]
    images = tuple(str(image) for image in generator.integers(IMAGES_OF, size=shown))
    return Conversation(f"{language}-{number}", language, images, tuple(turns))


@cache
def tokens_of(most: int = ROW) -> ChatTokens:
    tokenizer = byte_level(CHATML)
    return ChatTokens(tokenizer, tokenizer.convert_tokens_to_ids(IMAGE_TOKEN), VISUAL, most)


@cache
def parts() -> Mapping[str, Sequence[Conversation]]:
    return {name: [conversation(name, number) for number in range(size)] for name, size in SIZES.items()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    dataset = dataset_of_colours(tmp_path_factory.mktemp("colours") / "dataset")
    return Pictures(dataset, split_of({"en": [1] * IMAGES_OF}), PictureSize(SIDE, SIDE))


def batches_of(pictures: Pictures | None, per_step: int = 9, seed: int = 0, **changed: Any) -> ChatBatches:
    given = {"parts": parts(), "tokens": tokens_of(), "row_tokens": ROW, "mixture": None, **changed}
    mixture = given.pop("mixture") or Mixture(SIZES, PROPORTIONS, per_step, seed)
    return ChatBatches(mixture=mixture, pictures=pictures, **given)


Said = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def said_in(batch: ChatBatch, padding: int) -> list[Said]:
    """Every conversation of a batch: its tokens, its labels, its pictures; what is left of a row is padding."""
    found: list[Said] = []
    images = iter(batch.images.tolist())
    image_token = tokens_of().image_token_id
    for input_ids, positions, labels in zip(batch.input_ids, batch.position_ids, batch.labels, strict=True):
        starts = [*torch.nonzero(positions == 0)[:, 0].tolist(), len(positions)]
        for first, last in pairwise(starts):
            assert positions[first:last].tolist() == list(range(last - first))
            ids = tuple(input_ids[first:last].tolist())
            if set(ids) == {padding}:
                assert set(labels[first:last].tolist()) == {IGNORED}
                assert last == len(positions)
                continue
            shown = tuple(next(images) for _ in range(ids.count(image_token or -1) // VISUAL))
            found.append((ids, tuple(labels[first:last].tolist()), shown))
    assert next(images, None) is None
    return found


@cache
def alone(of: Conversation, most: int = ROW) -> Said | None:
    encoded = tokens_of(most).encode(of)
    if encoded is None:
        return None
    ids = encoded.input_ids.tolist()
    labels = tuple(token if learnt else IGNORED for token, learnt in zip(ids, encoded.learnt.tolist(), strict=True))
    return tuple(ids), labels, tuple(int(key) for key in encoded.images)


@settings(max_examples=30)
@given(step=st.integers(0, 60), per_step=st.integers(1, 20), seed=st.integers(0, 5), mixed=st.booleans())
def test_a_batch_is_its_conversations_and_padding(
    pictures: Pictures, step: int, per_step: int, seed: int, mixed: bool
) -> None:
    mixture = Mixture(SIZES, PROPORTIONS if mixed else None, per_step, seed)
    batches = batches_of(pictures, mixture=mixture)
    batch = batches[step]
    wanted = [alone(parts()[part][row]) for part, row in mixture.taken(step)]
    assert None not in wanted
    assert Counter(said_in(batch, batches.tokens.padding)) == Counter(wanted)
    assert batch.input_ids.shape[1] <= ROW
    assert batch.pixel_values is None
    assert {value.dtype for value in (batch.input_ids, batch.position_ids, batch.labels, batch.images)} == {torch.int64}
    assert (batches.images_per_step, batches.steps_per_epoch) == (per_step, sum(SIZES.values()) // per_step)
    # What is learnt of a conversation is never its first token, which the one before it in the row would have to foretell.
    assert (batch.labels[batch.position_ids == 0] == IGNORED).all()


@settings(max_examples=20)
@given(step=st.integers(0, 60), seed=st.integers(0, 5), processes=st.sampled_from([2, 3]))
def test_processes_share_the_conversations_of_one(pictures: Pictures, step: int, seed: int, processes: int) -> None:
    whole = batches_of(pictures, seed=seed)
    shared = [
        said_in(batches_of(pictures, seed=seed, process=n, processes=processes)[step], tokens_of().padding)
        for n in range(processes)
    ]
    assert Counter(one for some in shared for one in some) == Counter(said_in(whole[step], tokens_of().padding))
    assert max(map(len, shared)) - min(map(len, shared)) <= 1


@given(step=st.integers(0, 100))
@settings(max_examples=15)
def test_a_step_is_a_function_of_its_number(pictures: Pictures, step: int) -> None:
    one, other = (batches_of(pictures, with_pixels=True) for _ in range(2))
    other[step + 1], other[step]
    for name, value in vars(one[step]).items():
        assert value.equal(vars(other[step])[name]), name


def test_pixels_come_where_they_are_asked_for(pictures: Pictures) -> None:
    batches = batches_of(pictures, with_pixels=lambda step: step % 2 == 1, mean=(0.0,) * 3, deviation=(1.0,) * 3)
    assert batches[0].pixel_values is None
    batch = batches[1]
    assert batch.pixel_values is not None
    # A picture's number is its red.
    assert (batch.pixel_values[:, 0, 0, 0] * 255).round().int().tolist() == batch.images.tolist()
    assert batch.pixel_values.shape == (len(batch.images), 3, SIDE, SIDE)
    assert len(set(batch.images.tolist())) < len(batch.images)  # one that two conversations are about is there twice
    halved = replace(batches, mean=(0.5,) * 3, deviation=(0.5,) * 3)[1].pixel_values
    torch.testing.assert_close(halved, batch.pixel_values * 2 - 1)


def test_text_alone_needs_no_pictures() -> None:
    texts = [Conversation(str(n), "en", (), (Turn("text", "star " * (n + 1)),)) for n in range(6)]
    tokens = ChatTokens(byte_level(CHATML), None, 0, ROW)
    batches = ChatBatches({"en": texts}, tokens, Mixture({"en": 6}, None, 6, 0), ROW, with_pixels=True)
    batch = batches[0]
    assert batch.images.shape == (0,)
    assert batch.pixel_values is not None and len(batch.pixel_values) == 0
    ends = (batch.labels == byte_level(CHATML).eos_token_id).sum()
    assert ends == 6


def test_a_conversation_is_encoded_once_as_long_as_there_is_room(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    def encode(tokens: ChatTokens, of: Conversation) -> Encoded | None:
        asked[of.key] += 1
        return encoded_by(tokens, of)

    encoded_by = ChatTokens.encode
    monkeypatch.setattr(ChatTokens, "encode", encode)
    batches = batches_of(pictures)
    first = [batches[step] for step in range(20)]
    assert set(asked.values()) == {1}
    bytes_kept = batches.taken.size
    assert bytes_kept == sum(
        5 * len(ready) + 8 * len(ready.images) for ready in batches.taken.kept.values() if ready is not None
    )
    monkeypatch.setattr(chat_batches, "LARGEST_KEPT", bytes_kept // 3)
    asked.clear()
    short = batches_of(pictures)
    for step, batch in enumerate(first):
        assert short[step].input_ids.equal(batch.input_ids)
    assert bytes_kept // 4 < short.taken.size <= bytes_kept // 3
    assert 1 in asked.values() and max(asked.values()) > 1


def test_conversations_without_room_are_counted_and_told_once(pictures: Pictures) -> None:
    most = 30
    batches = batches_of(pictures, tokens=tokens_of(most))
    whole = {(name, n): alone(one) for name, some in parts().items() for n, one in enumerate(some)}
    short = {(name, n): alone(one, most) for name, some in parts().items() for n, one in enumerate(some)}
    left_out = {place for place, one in short.items() if one is None}
    cut = {place for place, one in short.items() if one is not None and one != whole[place]}
    assert left_out and cut
    with pytest.warns(UserWarning, match="so far") as warned:
        steps = [batches[step] for step in range(60)]
    for step, batch in enumerate(steps):
        wanted = [short[place] for place in batches.mixture.taken(step)]
        assert Counter(said_in(batch, tokens_of().padding)) == Counter(one for one in wanted if one is not None)
    by_kind = batches.taken.unfit.places
    without_room, too_long = (next(kind for kind in by_kind if text in kind) for text in ("no reply", "has more than"))
    assert by_kind == {without_room: left_out, too_long: cut}
    told = [str(warning.message) for warning in warned]
    assert len(told) == sum(len(str(len(places))) for places in (left_out, cut)) == len(set(told))
    for sentence in (
        r"1 conversation was left out so far\. The conversation '\S+' in '..' has no reply that ends within 30 tokens; allow",
        r"1 conversation was cut after a reply so far\. The conversation '\S+' in '..' has more than 30 tokens; allow",
        r"10 conversations were (left out|cut after a reply) so far\.",
    ):
        assert any(re.match(sentence, one) for one in told), sentence


def test_what_cannot_be_trained_on_is_left_out_with_its_reason() -> None:
    """Where the template changes words, none may spell what is special; and a picture may be missing."""
    shouting = byte_level(CHATML.replace("message.content", "message.content | upper"))
    tokens = ChatTokens(shouting, shouting.convert_tokens_to_ids(IMAGE_TOKEN), VISUAL, ROW)
    fine = [Conversation(str(n), "en", (), (Turn("user", f"{n}?"), Turn("assistant", "up"))) for n in range(30)]
    spelled = [replace(one, turns=(Turn("user", "</s>"), one.turns[1]), key=f"it's {one.key}") for one in fine[:12]]
    shown = replace(fine[0], key="far", images=("nowhere",), turns=(Turn("user", f"{IMAGE}?"), fine[0].turns[1]))
    parts = {"en": [*fine, *spelled, shown]}
    batches = ChatBatches(parts, tokens, Mixture({"en": 43}, None, 43, 0), ROW)
    with pytest.warns(UserWarning, match="left out so far") as warned:
        batch, again = batches[0], batches[1]
    assert (batch.labels == shouting.convert_tokens_to_ids("<|im_end|>")).sum() == len(fine)
    assert batch.labels.sum() == again.labels.sum()
    assert sorted(map(len, batches.taken.unfit.places.values())) == [1, 12]
    told = sorted(str(warning.message).split(". ")[0] for warning in warned)
    assert told == ["1 conversation was left out so far"] * 2 + ["10 conversations were left out so far"]
    assert any("in 'en': a turn spells </s>, which the chat template may take" in str(one.message) for one in warned)
    # What no conversation of a first step goes without is told as what it is.
    with pytest.raises(UserError, match="'en': a turn spells </s>"), pytest.warns(UserWarning, match="left out"):
        ChatBatches({"en": spelled}, tokens, Mixture({"en": 12}, None, 6, 0), ROW)[0]


def test_a_step_of_which_nothing_is_left_is_padding() -> None:
    batches = ChatBatches({"en": [conversation("en", 0)]}, tokens_of(3), Mixture({"en": 1}, None, 1, 0), 8)
    with pytest.warns(UserWarning, match="'en-0' in 'en' has no reply"):
        batch = batches[0]
    assert batch.input_ids.tolist() == [[batches.tokens.padding] * 8]
    assert batch.position_ids.tolist() == [list(range(8))]
    assert batch.labels.tolist() == [[IGNORED] * 8]
    assert batch.images.tolist() == []


def test_what_cannot_be_trained_on_is_refused(pictures: Pictures) -> None:
    with pytest.raises(UserError, match="may have 256 tokens, and a row has 255; make rows as long at least"):
        batches_of(pictures, row_tokens=ROW - 1)
    with pytest.raises(
        UserError, match="9 conversations cannot be shared by 10 processes; set conversations_per_step to 10"
    ):
        batches_of(pictures, processes=10)
    strange = Conversation("far", "en", ("nowhere",), (Turn("user", f"{IMAGE}?"), Turn("assistant", "No.")))
    mixture = Mixture({"en": 1}, None, 1, 0)
    for known in (pictures, None):
        with (
            pytest.raises(UserError, match="'far' in 'en' shows the picture 'nowhere', which is not among those"),
            pytest.warns(UserWarning, match="'far' in 'en' shows"),
        ):
            batches_of(known, parts={"en": [strange]}, mixture=mixture)[0]


COMMON: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
}
CONFIGS = {
    "qwen3": lambda: Qwen3Config(**COMMON),
    "llama": lambda: LlamaConfig(**COMMON),
    "mistral": lambda: MistralConfig(**COMMON, sliding_window=12),
    "gemma3": lambda: Gemma3TextConfig(
        **COMMON, sliding_window=12, layer_types=["sliding_attention", "full_attention"]
    ),
}


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("family", CONFIGS)
def test_in_a_packed_row_a_conversation_is_read_as_if_it_were_alone(
    pictures: Pictures, family: str, attention: str
) -> None:
    torch.manual_seed(0)
    model: Any = AutoModelForCausalLM.from_config(CONFIGS[family](), attn_implementation=attention).eval()
    batch = batches_of(pictures, 12)[1]
    assert (batch.position_ids == 0).sum(dim=1).max() > 3
    with torch.no_grad():
        packed = model(batch.input_ids, position_ids=batch.position_ids, use_cache=False).logits
        compared = 0
        for row, positions in enumerate(batch.position_ids):
            starts = [*torch.nonzero(positions == 0)[:, 0].tolist(), len(positions)]
            for first, last in pairwise(starts):
                single = model(batch.input_ids[row : row + 1, first:last], use_cache=False).logits[0]
                torch.testing.assert_close(packed[row, first:last], single, atol=1e-5, rtol=0)
                compared += last - first
        assert compared == batch.input_ids.numel()
        # The difference that is looked for would be seen: without positions, rows are read as one conversation each.
        assert not torch.allclose(model(batch.input_ids, use_cache=False).logits, packed, atol=1e-3)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_in_a_packed_row_pictures_are_seen_by_their_own_conversation(pictures: Pictures, attention: str) -> None:
    torch.manual_seed(0)
    tokens = tokens_of()
    vision = SiglipVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=SIDE // 2,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=Qwen3Config(**COMMON),
        image_token_id=tokens.image_token_id,
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )
    config._attn_implementation = attention
    model: Any = LlavaForConditionalGeneration(config).eval()
    batch = batches_of(pictures, 12, with_pixels=True)[1]
    assert batch.pixel_values is not None
    shown = 0
    with torch.no_grad():
        packed = model(
            batch.input_ids, pixel_values=batch.pixel_values, position_ids=batch.position_ids, use_cache=False
        ).logits
        for row, positions in enumerate(batch.position_ids):
            starts = [*torch.nonzero(positions == 0)[:, 0].tolist(), len(positions)]
            for first, last in pairwise(starts):
                ids = batch.input_ids[row : row + 1, first:last]
                own = int((ids == tokens.image_token_id).sum()) // VISUAL
                pixels = batch.pixel_values[shown : shown + own] if own else None
                single = model(ids, pixel_values=pixels, use_cache=False).logits[0]
                torch.testing.assert_close(packed[row, first:last], single, atol=1e-5, rtol=0)
                shown += own
    assert shown == len(batch.images) > 4
