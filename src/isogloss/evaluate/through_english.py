"""The baseline of translation: a picture is described in English, and the description is put into the other languages."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from transformers import AutoModelForCausalLM, AutoTokenizer

from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.templates.instructions import instructions
from isogloss.evaluate.continuations import continuations
from isogloss.evaluate.replies import REPLIES

# From English texts and a language to what they are in it.
Translate = Callable[[Sequence[str], str], Sequence[str]]

# Tokens of a translation: several times as many as a caption of the shapes world has.
_MOST = 96


def through_english(replies: pa.Table, translate: Translate) -> pa.Table:
    """Replies in every language that are translations of those in English about the same pictures.

    Args:
        replies: as in `replies.REPLIES`, English ones among them; whatever is there in another language tells only what
            would be right in it.
        translate: from English into a language.

    Returns:
        A table of the same questions in the other languages.

    Raises:
        ValueError: a picture has no reply in English.
    """
    rows = replies.to_pylist()
    english = {row["key"]: row["reply"] for row in rows if row["asked"] == "en"}
    lacking = next((row["key"] for row in rows if row["key"] not in english), None)
    if lacking is not None:
        raise ValueError(f"the picture '{lacking}' has no reply in English")
    found: list[dict[str, Any]] = []
    for language in dict.fromkeys(row["asked"] for row in rows if row["asked"] != "en"):
        asked = [row for row in rows if row["asked"] == language]
        told = translate([english[row["key"]] for row in asked], language)
        found += [{**row, "reply": reply} for row, reply in zip(asked, told, strict=True)]
    return pa.Table.from_pylist(found, REPLIES)


def by_language_model(folder: Path) -> Translate:
    """Translation by a language model of ours that has read text alone: it is told a text, and asked to describe what was
    told in the other language.
    """
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokens = ChatTokens(AutoTokenizer.from_pretrained(folder), None, 0, _MOST)

    def translate(texts: Sequence[str], language: str) -> Sequence[str]:
        asked = instructions(language)[0]
        prompts = [
            Conversation(str(number), language, (), (Turn("user", f"{text}\n{asked}"),))
            for number, text in enumerate(texts)
        ]
        return continuations(model, prompts, tokens, _MOST)

    return translate
