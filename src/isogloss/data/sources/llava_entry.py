"""One entry of a file of conversations: as LLaVA writes them (arXiv 2304.08485), or with messages as OpenAI's protocol has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isogloss.data.conversations import IMAGE, Role, Turn
from isogloss.data.sources.clean import clean_turn
from isogloss.data.sources.source import Skipped

NO_CONVERSATION, NO_TEXT, UNKNOWN_ROLE, NO_NAME = (
    "row without a conversation",
    "turn that is not text",
    "unknown role",
    "picture without a name",
)
# Who speaks, by what files call them.
ROLES: Mapping[str, Role] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "system": "system",
    "text": "text",  # plain text, as isogloss itself exports it
}
# Where a part of a message, or an element of a list of pictures, has its name.
_NAMES = ("image", "path", "url", "file_name", "image_url")


@dataclass(frozen=True)
class Entry:
    """A conversation as a file has it.

    identity: its id, or nothing; pictures: their names, in the order of the markers.
    """

    identity: str
    pictures: tuple[str, ...]
    turns: tuple[Turn, ...]


def read_entry(row: Any) -> Entry | Skipped:
    """An entry, or why it is none: nothing but the kinds of what it holds is looked at."""
    if not isinstance(row, dict):
        return Skipped(NO_CONVERSATION, detail=f"{row!r:.100}")
    identity = row.get("id")
    identity = "" if identity is None else str(identity).strip()
    said = next((row[name] for name in ("conversations", "messages") if isinstance(row.get(name), list)), None)
    if said is None:
        return Skipped(NO_CONVERSATION, identity, detail=f"its fields are {', '.join(map(str, row))}"[:1000])
    named = _named(row)
    if named is None:
        return Skipped(NO_NAME, identity, detail=f"{row.get('image', row.get('images'))!r:.1000}")
    turns: list[Turn] = []
    shown: list[str] = []
    for number, one in enumerate(said, start=1):
        turn = _turn(one, number)
        if isinstance(turn, Skipped):
            return Skipped(turn.reason, identity, detail=turn.detail)
        role, text, pictures = turn
        shown += pictures
        if text or role != "system":  # many files have a system turn that says nothing
            turns.append(Turn(role, text))
    return Entry(identity, _in_order(shown, named), exchanges(turns))


def exchanges(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns from a question to a reply, where one of the assistant precedes them or one of the user follows.

    LLaVA leaves out the former, and learns nothing from the latter. Nothing is left out that has a picture in it, nor
    where no exchange would remain.

    >>> [turn.text for turn in exchanges([Turn("assistant", "Hi!"), Turn("user", "Who?"), Turn("assistant", "I.")])]
    ['Who?', 'I.']
    """
    system = [turn for turn in turns[:1] if turn.role == "system"]
    said = list(turns[len(system) :])
    if said and said[0].role == "assistant":
        said = said[1:]
    if said and said[-1].role == "user" and IMAGE not in said[-1].text:
        said = said[:-1]
    roles = [turn.role for turn in said]
    if not roles or roles[0] != "user" or roles[-1] != "assistant":
        return tuple(turns)
    return (*system, *said)


def _named(row: Mapping[str, Any]) -> list[str] | None:
    """The names of an entry's pictures; None where one has none."""
    found = next((row[name] for name in ("image", "images") if row.get(name)), [])
    names = [_name(one) for one in (found if isinstance(found, list | tuple) else [found])]
    return names if all(names) else None


def _name(one: Any) -> str:
    if isinstance(one, dict):
        return next((name for name in (_name(one.get(field)) for field in _NAMES) if name), "")
    return one.strip() if isinstance(one, str) else ""


def _in_order(shown: Sequence[str], named: Sequence[str]) -> tuple[str, ...]:
    """The pictures that messages show, those without a name there being the entry's own, one after the other."""
    if all(shown) and shown:
        return tuple(shown)
    waiting = iter(named)
    known = [name or next(waiting, "") for name in shown]
    return (*filter(None, known), *waiting)


def _turn(one: Any, number: int) -> tuple[Role, str, list[str]] | Skipped:
    """Who speaks, what, and the pictures shown in it, those without a name as nothing."""
    if not isinstance(one, dict):
        return Skipped(NO_TEXT, detail=f"turn {number}: {one!r:.100}")
    speaker = one.get("from", one.get("role"))
    role = ROLES.get(speaker.strip().lower()) if isinstance(speaker, str) else None
    if role is None:
        return Skipped(UNKNOWN_ROLE, detail=f"turn {number} is of {speaker!r:.100}")
    content = one.get("value", one.get("content"))
    pictures: list[str] = []
    texts: list[str] = []
    for part in content if isinstance(content, list | tuple) else [content]:
        if isinstance(part, dict) and str(part.get("type")).startswith("image"):
            pictures.append(_name(part))
            texts.append(IMAGE)
            continue
        text = part.get("text") if isinstance(part, dict) and part.get("type") in ("text", None) else part
        if not isinstance(text, str):
            return Skipped(NO_TEXT, detail=f"turn {number}: {text!r:.100}")
        texts.append(text)
    text, fault = clean_turn("\n".join(texts))
    if fault:
        return Skipped(fault, detail=f"turn {number}")
    return role, text, pictures
