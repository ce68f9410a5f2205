"""How well a language model goes on with conversations that it has not seen."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation
from isogloss.data.mixture import Mixture
from isogloss.errors import UserError
from isogloss.evaluate.continuations import continuations
from isogloss.losses.language_model import lm_loss
from isogloss.models.lm import Writer
from isogloss.train.accumulation import loss_in_parts

# Of each language: so many tell a loss, and a rate to some hundredths over ten languages.
LOSS_CONVERSATIONS, REPLIES = 128, 32
# Tokens beyond the longest right reply; one that is longer is wrong anyway.
ROOM = 4


def held_back(conversations: Sequence[Conversation], most: int) -> list[Conversation]:
    """So many conversations at most, evenly from all of them."""
    places = np.linspace(0, len(conversations) - 1, min(most, len(conversations))).round().astype(int)
    return [conversations[place] for place in places.tolist()]


def validation(
    parts: Mapping[str, Sequence[Conversation]], tokens: ChatTokens, row_tokens: int, together: int
) -> Callable[[Any], dict[str, float]]:
    """The validation of a run: the loss, and the share of last replies that are written exactly, by language and on average.

    Args:
        parts: conversations by language; a language without any is left out.
        tokens: to token numbers.
        row_tokens: the length of a packed row.
        together: conversations whose loss is computed at once, as in a part of a training step.
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
        language: held_back([one for one in part if one.turns[-1].role == "assistant" and _fits(one, tokens)], REPLIES)
        for language, part in chosen.items()
    }

    def validate(model: Writer) -> dict[str, float]:
        losses = {
            language: float(loss_in_parts(model, batch, lm_loss, len(chosen[language]), together).total)
            for language, batch in batches.items()
        }
        questions = [one for some in asked.values() for one in some]
        right = dict(zip((id(one) for one in questions), exact_replies(model.model, questions, tokens), strict=True))
        rates = {language: float(np.mean([right[id(one)] for one in some])) for language, some in asked.items() if some}
        figures = {"loss": float(np.mean(list(losses.values())))}
        if rates:
            figures["exact"] = float(np.mean(list(rates.values())))
        figures |= {f"{language}/loss": value for language, value in losses.items()}
        return figures | {f"{language}/exact": value for language, value in rates.items()}

    return validate


def _fits(conversation: Conversation, tokens: ChatTokens) -> bool:
    """Whether the chat template takes it; the others' reason is told with the loss, which leaves them out too."""
    try:
        tokens.prompt(conversation)
    except UserError:
        return False
    return True


def exact_replies(model: Any, conversations: Sequence[Conversation], tokens: ChatTokens) -> list[bool]:
    """Whether the likeliest continuation of all but the last turn is exactly the last turn, white space at its ends aside.

    Args:
        model: a causal language model of Transformers.
        conversations: that end with a turn of the assistant.
        tokens: to token numbers.
    """
    wanted = [unicodedata.normalize("NFC", one.turns[-1].text).strip() for one in conversations]
    longest = max((len(tokens.tokenizer(text)["input_ids"]) for text in wanted), default=0)
    replies = continuations(model, conversations, tokens, longest + ROOM)
    return [reply == text for reply, text in zip(replies, wanted, strict=True)]
