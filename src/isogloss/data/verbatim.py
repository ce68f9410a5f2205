"""Words as they are: text that spells a special token of the tokenizer stays text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import UserError


@dataclass(frozen=True)
class Tokens:
    """Token numbers, whether each is special, and its characters: from `starts` to before `ends`; [token] all."""

    ids: NDArray[np.int64]
    special: NDArray[np.bool_]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def special_tokens(tokenizer: Any) -> dict[str, int]:
    """The tokens that say something about a text and are none of it, with their numbers.

    The one for what is unknown is not among them, unless it has another office too: any text may have it.
    """
    added = {token.content: number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    named = dict(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    offices = {number for name, number in _offices(tokenizer).items() if name != "unk_token"}
    unknown = tokenizer.unk_token_id if tokenizer.unk_token_id not in offices else None
    return {token: number for token, number in {**added, **named}.items() if token and number != unknown}


def _offices(tokenizer: Any) -> dict[str, int]:
    names = [name for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)]
    return {name: tokenizer.convert_tokens_to_ids(tokenizer.special_tokens_map[name]) for name in names}


def encode_verbatim(
    tokenizer: Any,
    text: str,
    words: Sequence[tuple[int, int]],
    special: Collection[int],
    placed: Collection[int] = (),
) -> Tokens:
    """The tokens of a text in which special tokens are meant, but not in the words that somebody says.

    A special token in words is cut in two after its first character, and what is before and after is encoded by itself. So
    all is as the tokenizer has it where there is none.

    Args:
        tokenizer: a fast one of Transformers.
        text: of which special tokens become what they are.
        words: spans of characters, from, to before, where they do not.
        special: numbers of the special tokens; a set.
        placed: characters within words where a special token that is meant begins.

    Raises:
        UserError: a special token is a single letter, or the tokenizer makes it of other text.
    """
    cuts: set[int] = set()
    while True:
        tokens = _encode(tokenizer, text, sorted(cuts), special)
        wrong = {
            start + 1
            for token in np.flatnonzero(tokens.special).tolist()
            for start, end in [_trimmed(text, int(tokens.starts[token]), int(tokens.ends[token]))]
            if start not in placed and any(first <= start and end <= last for first, last in words)
        }
        if not wrong:
            return tokens
        if wrong <= cuts or any(place >= len(text) for place in wrong):
            spelled = text[min(wrong) - 1 : min(wrong) + 20]
            raise UserError(
                f"The tokenizer makes a special token of plain text, at '{spelled}'; change the text or take another tokenizer."
            )
        cuts |= wrong


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the white space that some special tokens take in."""
    stretch = text[start:end]
    return start + len(stretch) - len(stretch.lstrip()), end - len(stretch) + len(stretch.rstrip())


def _encode(tokenizer: Any, text: str, cuts: Sequence[int], special: Collection[int]) -> Tokens:
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    for first, last in pairwise((0, *cuts, len(text))):
        encoded = tokenizer(
            text[first:last],
            add_special_tokens=False,
            return_attention_mask=False,
            return_offsets_mapping=True,
            verbose=False,
        )
        ids += encoded["input_ids"]
        offsets += ((first + start, first + end) for start, end in encoded["offset_mapping"])
    places = np.array(offsets, np.int64).reshape(-1, 2)
    known = np.array([number in special for number in ids], bool)
    return Tokens(np.array(ids, np.int64), known, places[:, 0], places[:, 1])
