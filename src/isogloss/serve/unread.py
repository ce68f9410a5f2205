"""What a paint model does not read of a prompt, for who wrote it to know."""

import re
import unicodedata
from typing import Any

from isogloss.models.paint_text import TextSide

# A letter that a tokenizer has no token for is one of these, or the unknown token.
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
# Of a text, how much is shown of it.
_SHOWN = 60


def notes(text: TextSide, prompt: str) -> list[str]:
    """What a text side does not read of a prompt: sentences for who wrote it."""
    found: list[str] = []
    rest = text.unread(prompt)
    if rest:
        read = prompt[: len(prompt) - len(rest)]
        found.append(
            f"The prompt is longer than the {text.reading.tokens:,} tokens that the model reads: it is read up to "
            f"'{_end(read)}', and '{_start(rest)}' is left out."
        )
    strange = unknown_words(text.tokenizer, prompt)
    if strange:
        scripts = ", ".join(dict.fromkeys(script(word) for word in strange))
        words = _start(", ".join(f"'{word}'" for word in dict.fromkeys(strange)))
        found.append(
            f"The text model has no tokens for {words} ({scripts}), so the picture may have nothing of it; try another "
            "language or other words."
        )
    return found


def unknown_words(tokenizer: Any, prompt: str) -> list[str]:
    """The words of which a tokenizer knows no letter.

    A tokenizer of bytes alone, such as Qwen's, knows all letters, whether or not its model has ever read them.
    """
    return [word for word in prompt.split() if _unknown(tokenizer, word)]


def _unknown(tokenizer: Any, word: str) -> bool:
    if not any(unicodedata.category(letter)[0] in "LN" for letter in word):
        return False  # a sign, which says little
    made = tokenizer(word, add_special_tokens=False, verbose=False)["input_ids"]
    tokens = tokenizer.convert_ids_to_tokens(made)
    said = [token for token in tokens if token.strip("▁ ")]
    unknown = getattr(tokenizer, "unk_token", None)
    return bool(said) and all(token == unknown or _BYTE.fullmatch(token) is not None for token in said)


def script(word: str) -> str:
    """The name of the script of a word's first letter, as Unicode names its letters.

    >>> script("кот"), script("猫"), script("16")
    ('Cyrillic', 'CJK', 'digits')
    """
    letter = next((letter for letter in word if letter.isalnum()), word[:1])
    if letter.isdigit():
        return "digits"
    name = unicodedata.name(letter, "unknown").split(" ")[0].split("-")[0]
    return name if name == "CJK" else name.title()


def _start(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"


def _end(text: str) -> str:
    return text if len(text) <= _SHOWN else "…" + text[-_SHOWN:].lstrip()
