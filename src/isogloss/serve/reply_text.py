"""How much of a text may be shown while it is still being written."""

import regex

_LETTERS = regex.compile(r"\X")
# Marks after which a sentence has ended in most scripts, with what closes it; a full stop may stand in a number too.
_ENDS = regex.compile(r"[.!?…؟۔]+[\"'»”’)\]]*(?=\s)|[。！？｡।॥።]+[」』”’）]*|\n")
# What stands for the bytes of a letter that is not whole.
_UNFINISHED = "\ufffd"


def shown_end(text: str) -> int:
    """Up to where nothing that follows changes the letters: before the last one, which may get a mark or be half a letter.

    >>> shown_end("नमस्")
    2
    """
    text = text.rstrip(_UNFINISHED)
    last = 0
    for letter in _LETTERS.finditer(text, max(0, len(text) - 64)):
        last = letter.start()
    return last


def sentences_end(text: str) -> int:
    """Up to where sentences are whole.

    >>> sentences_end("It has 2.5 legs. And")
    16
    """
    return max((mark.end() for mark in _ENDS.finditer(text)), default=0)
