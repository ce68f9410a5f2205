"""The baseline of translation: a picture is described in English, and the description is put into the other languages."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from transformers import AutoModelForCausalLM, AutoTokenizer

from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.templates.instructions import instructions
from isogloss.data.thoughts import without_thoughts
from isogloss.evaluate.continuations import continuations
from isogloss.evaluate.replies import REPLIES
from isogloss.languages import language
from isogloss.translate.engines import EngineChoice, open_engine
from isogloss.translate.patience import Patience
from isogloss.translate.turns import cut

# From texts, the language that they are in, and another one, to what they are in the latter.
Translate = Callable[[Sequence[str], str, str], Sequence[str]]

# Tokens of a translation: several times as many as a caption of the shapes world has.
_MOST = 96


def through_english(replies: pa.Table, translate: Translate) -> pa.Table:
    """Replies in every language that are translations of those in English about the same pictures.

    Args:
        replies: as in `replies.REPLIES`, English ones among them; whatever is there in another language tells only what
            would be right in it.
        translate: from English into each of the others.

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
    for tag in dict.fromkeys(row["asked"] for row in rows if row["asked"] != "en"):
        asked = [row for row in rows if row["asked"] == tag]
        told = translate([english[row["key"]] for row in asked], "en", tag)
        found += [{**row, "reply": reply} for row, reply in zip(asked, told, strict=True)]
    return pa.Table.from_pylist(found, REPLIES)


def by_language_model(folder: Path) -> Translate:
    """Translation of descriptions by a language model of ours that has read text alone.

    It is told a text in any language, and asked to describe what was told in the other one.
    """
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    without_thoughts(tokenizer)
    tokens = ChatTokens(tokenizer, None, 0, _MOST)

    def translate(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
        asked = instructions(target)[0]
        prompts = [
            Conversation(str(number), target, (), (Turn("user", f"{text}\n{asked}"),))
            for number, text in enumerate(texts)
        ]
        return continuations(model, prompts, tokens, _MOST)

    return translate


def by_engine(choice: EngineChoice) -> Translate:
    """Translation by an engine of `isogloss translate`, line by line; pictures stay where they are, and each line is put once.

    Raises:
        UserError: the engine's library, program or model is absent; and, when it translates, it lacks a language or cannot
            go on.
    """
    engine = open_engine(choice)

    def translate(texts: Sequence[str], source: str, target: str) -> Sequence[str]:
        one, other = language(source), language(target)
        Patience().ask(partial(engine.check, one, other))
        parts = [
            [(" ".join(piece.split()) if spoken else piece, spoken) for piece, spoken in cut(text)] for text in texts
        ]
        todo = list(dict.fromkeys(piece for each in parts for piece, spoken in each if spoken))
        known: dict[str, str] = {}
        for start in range(0, len(todo), engine.texts_per_call):
            chunk = todo[start : start + engine.texts_per_call]
            told = Patience().ask(partial(engine.translate, chunk, one, other))
            known |= {text: translation.text for text, translation in zip(chunk, told, strict=True)}
        return ["".join(known[piece] if spoken else piece for piece, spoken in each) for each in parts]

    return translate
