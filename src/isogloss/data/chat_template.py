"""A model's own chat template: a conversation as one text, and where in it the assistant speaks.

Where the template marks the assistant's words with `{% generation %}`, its marks are taken. Any other is rendered once
with a stand-in for each turn, which shows what it writes around them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isogloss.data.conversations import Role, Turn
from isogloss.data.verbatim import special_tokens
from isogloss.errors import UserError

# Private characters, which no template looks for and no trimming takes away.
_STAND_IN = re.compile("\ue000([0-9]+)\ue001")
_MARKED = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True)
class Slot:
    """Where in a text a turn's own words are: the characters from `start` to before `end`."""

    turn: int
    start: int
    end: int


@dataclass(frozen=True)
class Rendered:
    """A conversation as one text.

    Attributes:
        text: what the model reads and writes.
        slots: of the turns, in the order of the text; None where the template changes their words.
        learnt: characters that the assistant writes, its end of turn included: from, to before.
    """

    text: str
    slots: tuple[Slot, ...] | None
    learnt: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Layout:
    """What a template writes around turns of some roles.

    pieces: before, between and after the slots; order: the turn of each slot; before, after: of each turn of the assistant,
    how many characters beside its slot it writes too; closing: the text that ends its turn.
    """

    pieces: tuple[str, ...]
    order: tuple[int, ...]
    before: Mapping[int, int]
    after: Mapping[int, int]
    closing: str


@dataclass(frozen=True, eq=False)
class ChatTemplate:
    """The chat template of a tokenizer.

    Args:
        tokenizer: of Transformers, with a template.

    Raises:
        UserError: the tokenizer has no template.
    """

    tokenizer: Any
    _layouts: dict[tuple[Role, ...], _Layout] = field(default_factory=dict[tuple[Role, ...], _Layout], repr=False)

    def __post_init__(self) -> None:
        if not self.tokenizer.chat_template:
            raise UserError(
                f"The tokenizer {self.tokenizer.name_or_path or 'of this model'} has no chat template; name a Jinja file "
                "with one as chat_template, or take a model that is made for conversations."
            )

    def prompt(self, turns: Sequence[Turn]) -> Rendered:
        """What the model is given to reply to: turns, and the beginning of the assistant's.

        Raises:
            UserError: the template refuses them.
        """
        texts = [turn.text for turn in turns]
        text, _ = self._render(_messages(turns), prompt=True)
        pieces = _STAND_IN.split(self._render(_stand_ins([turn.role for turn in turns]), prompt=True)[0])
        return Rendered(text, _find(text, tuple(pieces[::2]), tuple(map(int, pieces[1::2])), texts), ())

    def render(self, turns: Sequence[Turn]) -> Rendered:
        """A whole conversation, of which each turn of the assistant is learnt, from the end of its prompt to its end of turn.

        Raises:
            UserError: the template refuses it, ends no turn with a special token, or hides where the assistant speaks.
        """
        texts = [turn.text for turn in turns]
        speaking = [number for number, turn in enumerate(turns) if turn.role == "assistant"]
        text, marked = self._render(_messages(turns), prompt=False)
        layout = self._layout(tuple(turn.role for turn in turns))
        slots = _find(text, layout.pieces, layout.order, texts)
        if marked and _covers(marked, slots, speaking):
            return Rendered(text, slots, marked)
        if slots is None:
            return Rendered(text, None, self._after_prompts(text, turns, speaking, layout.closing))
        said = [slot for slot in slots if slot.turn in layout.before]
        learnt = tuple((slot.start - layout.before[slot.turn], slot.end + layout.after[slot.turn]) for slot in said)
        return Rendered(text, slots, learnt)

    def _render(self, messages: Sequence[Mapping[str, str]], prompt: bool) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The text, and the characters that the template marks as the assistant's."""
        from jinja2 import TemplateError
        from transformers.utils.chat_template_utils import render_jinja_template

        template = self.tokenizer.get_chat_template()
        try:
            rendered: Any = render_jinja_template(
                conversations=[[dict(message) for message in messages]],
                chat_template=template,
                return_assistant_tokens_mask=_MARKED.search(template) is not None,
                add_generation_prompt=prompt,
                **self.tokenizer.special_tokens_map,
            )
        except (TemplateError, TypeError, ValueError) as error:
            roles = ", ".join(message["role"] for message in messages)
            raise UserError(
                f"The chat template refuses turns of {roles} ({error}); change the conversation, or name another template "
                "as chat_template."
            ) from error
        (text,), marked = rendered
        return text, tuple((first, last) for first, last in (marked[0] if marked else ()))

    def _layout(self, roles: tuple[Role, ...]) -> _Layout:
        if roles not in self._layouts:
            self._layouts[roles] = self._examine(roles)
        return self._layouts[roles]

    def _examine(self, roles: tuple[Role, ...]) -> _Layout:
        stand_ins = _stand_ins(roles)
        split = _STAND_IN.split(self._render(stand_ins, prompt=False)[0])
        pieces, order = split[::2], list(map(int, split[1::2]))
        before: dict[int, int] = {}
        after: dict[int, int] = {}
        closing = ""
        for turn in [number for number, role in enumerate(roles) if role == "assistant"]:
            if order.count(turn) != 1:
                raise UserError(
                    f"The chat template writes a turn of the assistant {order.count(turn)} times; name another template as "
                    "chat_template."
                )
            place = order.index(turn)
            closing = self._closing(stand_ins[: turn + 1])
            after[turn] = len(closing) if pieces[place + 1].startswith(closing) else 0
            # What the template writes after the prompt, such as an empty thought, the model will have to write itself.
            prompt = _STAND_IN.split(self._render(stand_ins[:turn], prompt=True)[0])[-1] if turn else pieces[place]
            before[turn] = len(pieces[place]) - len(prompt) if pieces[place].startswith(prompt) else 0
        return _Layout(tuple(pieces), tuple(order), before, after, closing)

    def _closing(self, stand_ins: Sequence[Mapping[str, str]]) -> str:
        """What ends the last of some turns, up to its first special token: a model stops there."""
        last = _STAND_IN.split(self._render(stand_ins, prompt=False)[0])[-1]
        # The longest first, so that none is taken for one that it begins with.
        known = sorted(special_tokens(self.tokenizer), key=len, reverse=True)
        special = re.search("|".join(map(re.escape, known)) or "(?!)", last)
        if special is None:
            raise UserError(
                "The chat template ends a turn of the assistant with no special token, so that a model would never learn to "
                "stop; name another template as chat_template."
            )
        return last[: special.end()]

    def _after_prompts(
        self, text: str, turns: Sequence[Turn], speaking: Sequence[int], closing: str
    ) -> tuple[tuple[int, int], ...]:
        """What follows each prompt up to the next closing, where a template changes the words of turns."""
        learnt: list[tuple[int, int]] = []
        for turn in speaking:
            prompt, _ = self._render(_messages(turns[:turn]), prompt=True)
            end = text.find(closing, len(prompt))
            if not text.startswith(prompt) or end < 0:
                raise UserError(
                    f"The chat template changes what turn {turn + 1} says, so that it cannot be told what the assistant "
                    "writes; mark it in the template with {% generation %}, and name that one as chat_template."
                )
            learnt.append((len(prompt), end + len(closing)))
        return tuple(learnt)


def read_chat_template(path: str | Path) -> str:
    """The chat template of a Jinja file.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The chat template {path} cannot be read ({error}); name a text file with a Jinja template."
        ) from error


def use_chat_template(tokenizer: Any, path: str | Path) -> None:
    """Give a tokenizer the chat template of a Jinja file; it is saved with it.

    Raises:
        UserError: the file cannot be read, or renders no conversation.
    """
    before, tokenizer.chat_template = tokenizer.chat_template, read_chat_template(path)
    try:
        ChatTemplate(tokenizer).render([Turn("user", "Hello"), Turn("assistant", "Hello")])
    except UserError as error:
        tokenizer.chat_template = before
        raise UserError(f"{path}: {error}") from error


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.text} for turn in turns]


def _stand_ins(roles: Sequence[Role]) -> list[dict[str, str]]:
    return [{"role": role, "content": f"\ue000{turn}\ue001"} for turn, role in enumerate(roles)]


def _find(text: str, pieces: Sequence[str], order: Sequence[int], texts: Sequence[str]) -> tuple[Slot, ...] | None:
    """Where the words of turns are between the pieces, whether the template trims them or not; None if they are changed."""
    slots: list[Slot] = []
    place = len(pieces[0])
    if not text.startswith(pieces[0]):
        return None
    for number, turn in enumerate(order):
        said, after = texts[turn], pieces[number + 1]
        for words in (said, said.strip(), said.rstrip(), said.lstrip()):
            if text.startswith(words + after, place):
                break
        else:
            return None
        slots.append(Slot(turn, place, place + len(words)))
        place += len(words) + len(after)
    return tuple(slots) if place == len(text) else None


def _covers(marked: Sequence[tuple[int, int]], slots: Sequence[Slot] | None, speaking: Sequence[int]) -> bool:
    """Whether all that the assistant says is marked; where its place is not known, by the number of marks."""
    if slots is None:
        return len(marked) >= len(speaking)
    said = [slot for slot in slots if slot.turn in speaking]
    return all(any(first <= slot.start and slot.end <= last for first, last in marked) for slot in said)
