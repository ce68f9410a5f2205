"""Prompts as people type them, and what is refused of them at once."""

import re
import unicodedata
from pathlib import Path

from isogloss.errors import UserError

# Categories of what nobody sees: spaces, and marks of direction and of joining.
_UNSEEN = ("Zs", "Zl", "Zp", "Cf")


def clean_prompt(prompt: str) -> str:
    """A prompt with single spaces, in one line.

    Raises:
        UserError: it is empty, or has a control character.
    """
    said = re.sub(r"[ \t\r\n]+", " ", prompt).strip(" ")
    for place, letter in enumerate(said, start=1):
        if unicodedata.category(letter) in ("Cc", "Cs"):
            what = "a broken letter" if 0xD800 <= ord(letter) < 0xE000 else "the control character"
            raise UserError(f"The prompt has {what} (U+{ord(letter):04X}) at place {place:,}; leave it out.")
    if all(unicodedata.category(letter) in _UNSEEN for letter in said):
        raise UserError("The prompt is empty; say what to paint, in any language.")
    return said


def read_prompts_file(path: Path) -> list[str]:
    """The prompts of a file, one a line; lines without any are left out.

    Raises:
        UserError: it is missing, is no UTF-8 text, holds no prompt, or one with a control character.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise UserError(f"There is no file {path}; name one with a prompt on each line.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text; save it as such.") from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror or error}); name a file with a prompt on each line."
        ) from error
    found: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(clean_prompt(line))
        except UserError as error:
            raise UserError(f"Line {number:,} of {path} cannot be painted: {error}") from error
    if not found:
        raise UserError(f"{path} holds no prompt; write one on each line.")
    return found
