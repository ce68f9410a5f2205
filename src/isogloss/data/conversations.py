"""Conversations: turns of a user and an assistant, in one language, about no, one or several pictures."""

from dataclasses import dataclass
from typing import Literal

# Where a picture stands in the text of a turn, as in LLaVA's files (arXiv 2304.08485).
IMAGE = "<image>"

Role = Literal["system", "user", "assistant", "text"]


@dataclass(frozen=True)
class Turn:
    """What one says. A "text" is no turn of anybody: plain text that a language model learns to write."""

    role: Role
    text: str


@dataclass(frozen=True)
class Conversation:
    """Turns in one language.

    Attributes:
        key: of this conversation; its translations bear the same one.
        language: its tag, that of the replies where turns differ.
        images: keys of the dataset's pictures, in the order of the `IMAGE` markers in the turns.
        turns: in order.
    """

    key: str
    language: str
    images: tuple[str, ...]
    turns: tuple[Turn, ...]
