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


# Characters. Turns that hold a whole article have some tens of thousands.
LONGEST_TURN = 100_000


def fault(conversation: Conversation) -> tuple[str, str]:
    """Why a conversation cannot be used: a reason of few, and what exactly; both empty where it can.

    In a conversation user and assistant speak by turns, the user first and the assistant last, after a system turn or none;
    or all of it is plain text. Pictures stand where `IMAGE` does, and never in what an assistant says.

    >>> fault(Conversation("a", "en", (), (Turn("user", "Hello"), Turn("user", "Hello?"), Turn("assistant", "Yes?"))))
    ('turns of one side in a row', 'turn 2 is of the user again')
    """
    turns = conversation.turns
    if not turns:
        return "conversation without turns", "nobody says anything"
    return _roles_fault(turns) or _texts_fault(turns) or _pictures_fault(conversation) or ("", "")


def _roles_fault(turns: tuple[Turn, ...]) -> tuple[str, str] | None:
    if all(turn.role == "text" for turn in turns):
        return None
    said = turns[1:] if turns[0].role == "system" else turns
    expected: Role = "user"
    for number, turn in enumerate(said, start=1 + len(turns) - len(said)):
        if turn.role in ("system", "text"):
            return f"{turn.role} turn among others", f"turn {number} is of '{turn.role}'"
        if turn.role != expected:
            if number == 1 + len(turns) - len(said):
                return "assistant speaks first", f"turn {number} should be of the user"
            return "turns of one side in a row", f"turn {number} is of the {turn.role} again"
        expected = "assistant" if expected == "user" else "user"
    if expected == "assistant" or not said:
        return "no reply at the end", "the last turn should be of the assistant"
    return None


def _texts_fault(turns: tuple[Turn, ...]) -> tuple[str, str] | None:
    for number, turn in enumerate(turns, start=1):
        if turn.role == "assistant" and IMAGE in turn.text:
            return "picture in a reply", f"turn {number} has {IMAGE} in it"
        if not turn.text.replace(IMAGE, "").strip() and (turn.role != "user" or IMAGE not in turn.text):
            return "empty turn", f"turn {number}, of '{turn.role}'"
        if len(turn.text) > LONGEST_TURN:
            return (
                "overlong turn",
                f"turn {number} has {len(turn.text):,} characters, and at most {LONGEST_TURN:,} can be",
            )
    return None


def _pictures_fault(conversation: Conversation) -> tuple[str, str] | None:
    markers = sum(turn.text.count(IMAGE) for turn in conversation.turns)
    pictures = len(conversation.images)
    if markers == pictures:
        return None
    reason = "marker without a picture" if markers > pictures else "picture without a marker"
    return reason, f"{markers} {IMAGE} for {pictures} pictures"
