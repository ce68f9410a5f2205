"""How well a language model goes on with conversations that it has not seen."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isogloss.data.chat_batch import ChatBatch
from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation
from isogloss.data.mixture import Mixture
from isogloss.losses.language_model import language_model_loss
from isogloss.models.lm import Writer

# Of each language: so many tell a loss, and a rate to some hundredths over ten languages.
LOSS_CONVERSATIONS, REPLIES = 128, 32
# Tokens beyond the longest right reply; one that is longer is wrong anyway.
ROOM = 4
# Prompts that are read together.
PROMPTS = 160


def held_back(conversations: Sequence[Conversation], most: int) -> list[Conversation]:
    """So many conversations at most, evenly from all of them."""
    places = np.linspace(0, len(conversations) - 1, min(most, len(conversations))).round().astype(int)
    return [conversations[place] for place in places.tolist()]


def validation(
    parts: Mapping[str, Sequence[Conversation]], tokens: ChatTokens, row_tokens: int
) -> Callable[[Any], dict[str, float]]:
    """The validation of a run: the loss, and the share of last replies that are written exactly, by language and on average.

    Args:
        parts: conversations by language; a language without any is left out.
        tokens: to token numbers.
        row_tokens: the length of a packed row.
    """
    chosen = {language: held_back(part, LOSS_CONVERSATIONS) for language, part in parts.items() if len(part)}
    batches = {
        language: ChatBatches(
            parts={language: part},
            tokens=tokens,
            mixture=Mixture({language: len(part)}, None, len(part), seed=0),
            row_tokens=row_tokens,
        )[0]
        for language, part in chosen.items()
    }
    asked = {
        language: held_back([one for one in part if one.turns[-1].role == "assistant"], REPLIES)
        for language, part in chosen.items()
    }

    def validate(model: Writer) -> dict[str, float]:
        device = model.model.device
        losses = {language: _loss(model, batch.to(device)) for language, batch in batches.items()}
        questions = [one for some in asked.values() for one in some]
        right = dict(zip((id(one) for one in questions), exact_replies(model.model, questions, tokens), strict=True))
        rates = {language: float(np.mean([right[id(one)] for one in some])) for language, some in asked.items() if some}
        figures = {"loss": float(np.mean(list(losses.values())))}
        if rates:
            figures["exact"] = float(np.mean(list(rates.values())))
        figures |= {f"{language}/loss": value for language, value in losses.items()}
        return figures | {f"{language}/exact": value for language, value in rates.items()}

    return validate


def _loss(model: Writer, batch: ChatBatch) -> float:
    output = model(batch.input_ids, batch.position_ids, batch.labels)
    return float(language_model_loss(output["logits"], output["targets"]).total)


def exact_replies(model: Any, conversations: Sequence[Conversation], tokens: ChatTokens) -> list[bool]:
    """Whether the likeliest continuation of all but the last turn is exactly the last turn, white space at its ends aside.

    Args:
        model: a causal language model of Transformers.
        conversations: that end with a turn of the assistant.
        tokens: to token numbers.
    """
    prompts = [tokens.prompt(one).input_ids for one in conversations]
    wanted = [unicodedata.normalize("NFC", one.turns[-1].text).strip() for one in conversations]
    longest = max((len(tokens.tokenizer(text)["input_ids"]) for text in wanted), default=0)
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    right = [False] * len(prompts)
    for start in range(0, len(order), PROMPTS):
        numbers = order[start : start + PROMPTS]
        ids, mask = _padded_left([prompts[number] for number in numbers], tokens.padding)
        written = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=longest + ROOM,
            do_sample=False,
            pad_token_id=tokens.padding,
        )
        for number, reply in zip(numbers, written[:, ids.shape[1] :].tolist(), strict=True):
            right[number] = tokens.tokenizer.decode(reply, skip_special_tokens=True).strip() == wanted[number]
    return right


def _padded_left(prompts: Sequence[np.ndarray], padding: int) -> tuple[Tensor, Tensor]:
    """Prompts of different lengths that all end at the last column, and 1 where they are, [prompt, token]."""
    longest = max(map(len, prompts))
    ids = np.full((len(prompts), longest), padding, np.int64)
    mask = np.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = prompt
        mask[row, longest - len(prompt) :] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
