"""Captions and turns of conversations as they are found, brought to clean Unicode text, captions to one line of it."""

import re
import unicodedata

from isogloss.data.tables import LONGEST_CAPTION

TURN_NOT_UNICODE = "turn that is not Unicode"
EMPTY, OVERLONG, NOT_UNICODE = "empty caption", "overlong caption", "caption that is not Unicode"

# Everything that Unicode and Python call white space: tabs, line ends, no-break and ideographic spaces.
_SPACE = re.compile(r"\s+")
# Control characters, and the byte-order mark wherever a file was glued to another. Joiners and direction marks stay: they
# are spelling in Persian and Hindi, and part of emoji.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff]")
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean_caption(text: str) -> tuple[str, str]:
    """A caption in Unicode's form NFC on one line, and why it is none; one of the two is empty.

    >>> clean_caption("\\ufeffun\\tperro \\r\\n")
    ('un perro', '')
    >>> clean_caption(" ")
    ('', 'empty caption')
    """
    # Most captions are plain already, and this is asked of every one of millions.
    if not text.isascii():
        if _SURROGATE.search(text):
            return "", NOT_UNICODE
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable() or "  " in text:
        text = _SPACE.sub(" ", _CONTROL.sub("", text))
    text = text.strip()
    if not text:
        return "", EMPTY
    if len(text) > LONGEST_CAPTION:
        return "", OVERLONG
    return text, ""


def clean_turn(text: str) -> tuple[str, str]:
    """A turn in Unicode's form NFC with its lines kept, and why it cannot be one; one of the two is empty, or both are.

    >>> clean_turn("<image>\\r\\nWhat is it? \\n")
    ('<image>\\nWhat is it?', '')
    """
    if not text.isascii():
        if _SURROGATE.search(text):
            return "", TURN_NOT_UNICODE
        text = unicodedata.normalize("NFC", text)
    return _CONTROL.sub("", _LINE_END.sub("\n", text)).strip(), ""
