"""What an instruction-tuned language model is asked, and what of its reply is the translation."""

import re

from isogloss.languages import Language

# Pairs of quotation marks that a reply may stand in.
QUOTES = ('""', "“”", "«»", "„“", "„”", "「」", "『』", "''", "‘’", "``")
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


def prompt(caption: str, source: Language, target: Language) -> str:
    """The request for one caption: it stands alone at the end, so that nothing in it passes for a part of the request."""
    return (
        f"Translate this image caption from {source.name} into {target.name}. Reply with the translation alone, in one "
        f"line, without quotation marks, notes or alternatives.\n\n{caption}"
    )


def answer(reply: str, caption: str) -> str:
    """The translation in a reply.

    Left out are the thoughts before it, a first line that announces it, and quotation marks around the whole, each
    only where the caption itself has nothing like it. All else stays, in one line: what is no translation is for
    `quality` to find, and half a reply would hide it.
    """
    lines = [line.strip() for line in _THOUGHT.sub("", reply).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith((":", "：")) and not caption.rstrip().endswith((":", "：")):
        del lines[0]
    text = " ".join(lines)
    if caption.lstrip().startswith(tuple(pair[0] for pair in QUOTES)):
        return text
    for opening, closing in QUOTES:
        inner = text[1:-1].strip()
        if inner and text[0] == opening and text[-1] == closing and opening not in inner and closing not in inner:
            return inner
    return text
