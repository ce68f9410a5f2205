"""What is written to many prompts together is what is written to each alone, token after token."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.tiny_chat import save_writer
from transformers import AutoModelForCausalLM, AutoTokenizer

from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation, Turn
from isogloss.evaluate import continuations as module
from isogloss.evaluate.continuations import continuations

TEXTS = ("a cat", "the cat sat on the mat and a dog", "猫と犬", "un perro y un gato en la casa", "dog", "a cat")
MOST = 9


@pytest.fixture(scope="module", params=["qwen3", "llama"])
def writer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ChatTokens]:
    folder: Path = save_writer(tmp_path_factory.mktemp("writer"), request.param)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    return model, ChatTokens(AutoTokenizer.from_pretrained(folder), None, 0, 64)


def asked(*texts: str) -> list[Conversation]:
    return [
        Conversation(str(number), "en", (), (Turn("user", text), Turn("assistant", "left out")))
        for number, text in enumerate(texts)
    ]


@torch.no_grad()
def naive(model: Any, tokens: ChatTokens, conversation: Conversation, most: int) -> str:
    """One prompt, one token after the other, nothing cached and nothing padded."""
    ids = tokens.prompt(conversation).input_ids.astype(np.int64).tolist()
    end, written = tokens.tokenizer.eos_token_id, list[int]()
    while len(written) < most:
        written.append(int(model(input_ids=torch.tensor([ids + written])).logits[0, -1].argmax()))
        if written[-1] == end:
            break
    return tokens.tokenizer.decode(written, skip_special_tokens=True).strip()


@pytest.mark.parametrize("together", [160, 2])
def test_together_as_alone_and_in_their_order(
    together: int, writer: tuple[Any, ChatTokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, tokens = writer
    monkeypatch.setattr(module, "TOGETHER", together)
    conversations = asked(*TEXTS)
    found = continuations(model, conversations, tokens, MOST)
    assert found == [naive(model, tokens, one, MOST) for one in conversations]
    assert found[0] == found[-1]
    assert len(set(found)) > 2, "or their order would not show"


def test_a_reply_ends_where_the_model_ends_it(writer: tuple[Any, ChatTokens]) -> None:
    """Whatever it writes third is made the end: rows that go on longer leave no trace in those that have ended."""
    model, tokens = writer
    conversations = asked(*TEXTS)
    whole = continuations(model, conversations, tokens, MOST)
    before = model.generation_config.eos_token_id
    ids = tokens.prompt(conversations[1]).input_ids.astype(np.int64)
    third = int(model.generate(input_ids=torch.from_numpy(ids)[None], max_new_tokens=3, do_sample=False)[0, -1])
    try:
        model.generation_config.eos_token_id = third
        cut = continuations(model, conversations, tokens, MOST)
    finally:
        model.generation_config.eos_token_id = before
    assert cut != whole
    assert len(cut[1]) < len(whole[1])


def test_no_more_tokens_than_asked_for(writer: tuple[Any, ChatTokens]) -> None:
    model, tokens = writer
    conversations = asked(*TEXTS[:2])
    assert continuations(model, conversations, tokens, 1) == [naive(model, tokens, one, 1) for one in conversations]
    assert continuations(model, [], tokens, 1) == []
