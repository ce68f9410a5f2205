"""What belongs to an engine and not to its translation: tokens, placeholders, markup, marks of unknown words."""

import numpy as np
import regex

from isogloss.translate.quality.pairs import Fails, Pairs

_LEFTOVER = regex.compile(
    r"<\s*/?\s*(?:unk|pad|s|bos|eos|mask|br|p|b|i|sep|cls|extra_id_\d+|\d?[a-z]{2,3}(?:_[A-Za-z]{4})?|\|[^|<>]*\|)\s*/?\s*>"
    r"|\[(?:UNK|PAD|MASK|SEP|CLS|INST|/INST)\]|⁇|\uFFFD|▁|[\uE000-\uF8FF]"
    r"|__\w+__|\{\{?\w*\}?\}|%(?:\d\$)?[sd]\b|&(?:\w{2,8}|#x?[0-9a-f]{1,6});|\$\{\w+\}|```|\*\*|\\[nt\"']|[\r\n]"
    # Apertium's words that it does not know (*), cannot decline (#), or finds in no dictionary (@).
    r"|(?<![\p{L}\p{N}])[*#@][\p{L}]"
)


# One of these is in all of them.
_SIGN = regex.compile(r"[<\[⁇\uFFFD▁\uE000-\uF8FF_{%&$`*\\\r\n#@]")


def leftovers(pairs: Pairs) -> Fails:
    """Where a translation has what no caption has, and its source has not either."""
    fails = np.zeros(len(pairs), dtype=bool)
    for row, text in enumerate(pairs.texts):
        if _SIGN.search(text):
            fails[row] = any(match[0] not in pairs.sources[row] for match in _LEFTOVER.finditer(text))
    return fails
