"""A conversation as token numbers: the model's own template, what of it is learnt, and the pictures in it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isogloss.data.chat_template import ChatTemplate, Rendered, Slot
from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.verbatim import encode_verbatim, special_tokens
from isogloss.errors import UserError

_MARKER = re.compile(re.escape(IMAGE))


@dataclass(frozen=True)
class Encoded:
    """A conversation as token numbers.

    Attributes:
        input_ids: int32 [token], the image token wherever a visual token goes.
        learnt: bool [token], what a language model is trained to write; never the first, which follows nothing.
        images: keys of the pictures, in the order of their tokens.
        turns: how many of the conversation's turns are in it; the others were cut off.
    """

    input_ids: NDArray[np.int32]
    learnt: NDArray[np.bool_]
    images: tuple[str, ...]
    turns: int

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass(frozen=True, eq=False)
class ChatTokens:
    """How conversations become token numbers for a language model that sees pictures.

    Args:
        tokenizer: a fast one of Transformers.
        image_token_id: the token that stands for a visual token; None for a model without pictures.
        visual_tokens: how many a picture has.
        most: the most tokens of a conversation.

    Raises:
        UserError: the tokenizer is a slow one, or has no image token of this number, or uses it for something else.
    """

    tokenizer: Any
    image_token_id: int | None
    visual_tokens: int
    most: int

    def __post_init__(self) -> None:
        if not self.tokenizer.is_fast:
            raise UserError(
                f"{self.tokenizer.name_or_path or 'The tokenizer'} is a slow one, which does not tell where its tokens come "
                "from; take a model with a tokenizer.json."
            )
        if self.image_token_id is not None:
            self._check_image_token(self.image_token_id)

    def encode(self, conversation: Conversation) -> Encoded | None:
        """A conversation to learn from; as many of its turns as have room, cut after a reply.

        Returns:
            None where not even the first reply has room, or there is none.

        Raises:
            UserError: pictures and their markers do not fit, or the chat template refuses the turns or is missing.
        """
        turns = conversation.turns
        with _named(conversation):
            if any(turn.role == "text" for turn in turns):
                encoded = self._plain(conversation)
                return encoded if len(encoded) <= self.most else None
            ends = [
                number
                for number, turn in enumerate(turns, start=1)
                if turn.role == "assistant" and (number == len(turns) or turns[number].role != "assistant")
            ]
            if not ends:
                return None
            encoded = self._chat(conversation, ends[-1])
            if len(encoded) <= self.most:
                return encoded
            fitting = bisect_right(ends[:-1], self.most, key=lambda end: len(self._chat(conversation, end)))
            return self._chat(conversation, ends[fitting - 1]) if fitting else None

    def prompt(self, conversation: Conversation) -> Encoded:
        """What a model replies to: all turns up to the last one that is not the assistant's, of any length.

        Raises:
            UserError: as of `encode`.
        """
        end = max((n for n, turn in enumerate(conversation.turns, 1) if turn.role != "assistant"), default=0)
        turns = conversation.turns[:end]
        with _named(conversation):
            return self._encoded(conversation, turns, self._template.prompt(turns))

    @property
    def padding(self) -> int:
        """The token that rows are filled up with."""
        known = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return next(token for token in known if token is not None)

    @cached_property
    def _template(self) -> ChatTemplate:
        return ChatTemplate(self.tokenizer)

    @cached_property
    def _special(self) -> frozenset[int]:
        image = () if self.image_token_id is None else (self.image_token_id,)
        return frozenset([*special_tokens(self.tokenizer).values(), *image])

    @cached_property
    def _first(self) -> tuple[int, ...]:
        """The token that this tokenizer begins every text with, if it does."""
        begins = self.tokenizer("")["input_ids"][:1] == [self.tokenizer.bos_token_id]
        return (self.tokenizer.bos_token_id,) if begins else ()

    def _chat(self, conversation: Conversation, end: int) -> Encoded:
        turns = conversation.turns[:end]
        return self._encoded(conversation, turns, self._template.render(turns))

    def _plain(self, conversation: Conversation) -> Encoded:
        """Plain text, all of it learnt, and the token that ends it."""
        last = self.tokenizer.eos_token_id
        if any(turn.role != "text" for turn in conversation.turns):
            raise UserError("there is plain text among its turns; make two conversations of it.")
        if last is None:
            raise UserError("its text would never end, since the tokenizer has no eos_token; give it one.")
        text = "\n".join(turn.text for turn in conversation.turns)
        rendered = Rendered(text, (Slot(0, 0, len(text)),), ((0, len(text)),))
        encoded = self._encoded(conversation, [Turn("text", text)], rendered, self._first, (last,))
        return Encoded(encoded.input_ids, encoded.learnt, encoded.images, len(conversation.turns))

    def _encoded(
        self,
        conversation: Conversation,
        turns: Sequence[Turn],
        rendered: Rendered,
        first: tuple[int, ...] = (),
        last: tuple[int, ...] = (),
    ) -> Encoded:
        """The tokens of a text between those that it begins and ends with."""
        marks = self._marks(conversation, turns, rendered)
        places = [place for place, _ in marks]
        image = -1 if self.image_token_id is None else self.image_token_id
        spelling = self.tokenizer.convert_ids_to_tokens(image) if marks else ""
        between = zip((0, *(place + len(IMAGE) for place in places)), (*places, len(rendered.text)), strict=True)
        text = spelling.join(rendered.text[start:end] for start, end in between)

        def moved(place: int) -> int:
            return place + (len(spelling) - len(IMAGE)) * bisect_left(places, place)

        words = [(moved(slot.start), moved(slot.end)) for slot in rendered.slots or ()]
        tokens = encode_verbatim(self.tokenizer, text, words, self._special, [moved(place) for place in places])
        if np.count_nonzero(tokens.ids == image) != len(marks):
            raise UserError(f"the chat template writes {spelling or IMAGE} itself; name another as chat_template.")
        learnt = np.zeros(len(tokens.ids), bool)
        # A word may take in the space before it, of which the prompt is the end; a special token there is the prompt's.
        for start, end in rendered.learnt:
            start, end = moved(start), moved(end)
            learnt |= (tokens.starts < end) & ((tokens.starts >= start) | (~tokens.special & (tokens.ends > start)))
        ids = np.concatenate([first, tokens.ids, last]).astype(np.int32)
        learnt = np.concatenate([np.zeros(len(first), bool), learnt, np.ones(len(last), bool)]) & (ids != image)
        learnt[:1] = False
        times = np.where(ids == image, self.visual_tokens, 1)
        return Encoded(np.repeat(ids, times), np.repeat(learnt, times), tuple(key for _, key in marks), len(turns))

    def _marks(self, conversation: Conversation, turns: Sequence[Turn], rendered: Rendered) -> list[tuple[int, str]]:
        """Where in a text its pictures are, and their keys."""
        counts = [turn.text.count(IMAGE) for turn in conversation.turns]
        if sum(counts) != len(conversation.images):
            raise UserError(
                f"it has {sum(counts)} {IMAGE} for {len(conversation.images)} pictures; name as many pictures as there are "
                "markers."
            )
        if self.image_token_id is None and conversation.images:
            raise UserError("it shows a picture, and this model sees none; leave it out, or train a model with eyes.")
        wanted = sum(turn.text.count(IMAGE) for turn in turns)
        if rendered.slots is None:
            spelled = [token for token in special_tokens(self.tokenizer) if any(token in turn.text for turn in turns)]
            if any(token != IMAGE for token in spelled):
                raise UserError(
                    f"a turn spells {spelled[0]}, which the chat template may take for its own; change the text."
                )
            found = [match.start() for match in _MARKER.finditer(rendered.text)]
            marks = list(zip(found, conversation.images, strict=False))
            wanted = wanted if len(found) == wanted else -1
        else:
            shown = np.cumsum([0, *counts])
            marks = [
                (match.start(), conversation.images[int(shown[slot.turn]) + number])
                for slot in rendered.slots
                for number, match in enumerate(_MARKER.finditer(rendered.text, slot.start, slot.end))
            ]
        if len(marks) != wanted:
            raise UserError(f"the chat template leaves out or repeats {IMAGE}; name another as chat_template.")
        return marks

    def _check_image_token(self, token: int) -> None:
        tokenizer = self.tokenizer
        spelling = tokenizer.convert_ids_to_tokens(token) if 0 <= token < len(tokenizer) else None
        if spelling is None:
            raise UserError(
                f"The tokenizer has no token {token} for pictures; add a special token to it, and give that one's number."
            )
        for office, other in tokenizer.special_tokens_map.items():
            if office in ("bos_token", "eos_token", "pad_token", "unk_token") and other == spelling:
                raise UserError(
                    f"The token {token} for pictures is {spelling}, the tokenizer's {office}; add a special token of its own."
                )
        if tokenizer(f"a{spelling}a", add_special_tokens=False)["input_ids"].count(token) != 1:
            raise UserError(
                f"The token {token} for pictures, {spelling}, is an ordinary one of the tokenizer, which any text may have; "
                "add a special token of its own."
            )
        if self.visual_tokens < 1:
            raise UserError(f"A picture cannot be {self.visual_tokens} tokens; set visual_tokens to 1 at least.")


@contextmanager
def _named(conversation: Conversation) -> Generator[None]:
    """Errors that say which conversation they are of."""
    try:
        yield
    except UserError as error:
        raise UserError(f"The conversation '{conversation.key}' in '{conversation.language}': {error}") from error
