"""What belongs to an engine and not to its translation: tokens, placeholders, markup, marks of unknown words."""

import regex

LEFTOVER = regex.compile(
    r"<\s*/?\s*(?:unk|pad|s|bos|eos|mask|br|p|b|i|sep|cls|extra_id_\d+|\d?[a-z]{2,3}(?:_[A-Za-z]{4})?|\|[^|<>]*\|)\s*/?\s*>"
    r"|\[(?:UNK|PAD|MASK|SEP|CLS|INST|/INST)\]|⁇|\uFFFD|▁|[\uE000-\uF8FF]"
    r"|__\w+__|\{\{?\w*\}?\}|%(?:\d\$)?[sd]\b|&(?:\w{2,8}|#x?[0-9a-f]{1,6});|\$\{\w+\}|```|\*\*|\\[nt\"']|[\r\n]"
    # Apertium's words that it does not know (*), cannot decline (#), or finds in no dictionary (@).
    r"|(?<![\p{L}\p{N}])[*#@][\p{L}]"
)


def leftovers(source: str, text: str) -> bool:
    """Whether a translation has what no caption has, and its source has not either."""
    return any(match[0] not in source for match in LEFTOVER.finditer(text))
