"""The names of emoji in the fourteen languages of the `emoji` package, as people write them.

The package has them as identifiers (":woman_farmer_medium_skin_tone:"), made from Unicode CLDR's names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cache

import emoji

LANGUAGES: tuple[str, ...] = tuple(emoji.LANGUAGES)

# The package lost the breve of й in a part of its Russian names. These endings have it in every Russian adjective.
_LOST_BREVE = re.compile(r"(?<=[ыо])и\b|(?<=[кщ]и)и\b")
_WORD = re.compile(r"\w+")


@cache
def fully_qualified() -> tuple[str, ...]:
    """Every fully-qualified emoji that the package knows, the plainest first.

    Those of fewer code points come first, then those that Unicode took in earlier, then those of shorter English names:
    so people come before their skin tones, and France before its islands with the same flag.
    """
    status = emoji.STATUS["fully_qualified"]
    found = {text: entry for text, entry in emoji.EMOJI_DATA.items() if entry["status"] == status}
    return tuple(sorted(found, key=lambda text: (len(text), found[text]["E"], len(found[text]["en"]), text)))


def names(language: str) -> dict[str, str]:
    """The name of every fully-qualified emoji in one language of the package."""
    emoji.config.load_language(language)
    found = {
        text: words(emoji.EMOJI_DATA[text][language])
        for text in fully_qualified()
        if language in emoji.EMOJI_DATA[text]
    }
    return restore_breves(found) if language == "ru" else found


def words(identifier: str) -> str:
    """An identifier of the package as words, in NFC.

    >>> words(":AB_button_(blood_type):")
    'AB button (blood type)'
    """
    text = identifier.strip(":").replace("_", " ")
    # German lists its skin tones with a comma that lost its space; decimal commas keep theirs.
    text = re.sub(r",(?=[^\W\d])", ", ", text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


def restore_breves(found: Mapping[str, str]) -> dict[str, str]:
    """Russian names with й where the package has и: in endings that demand it, and in words it elsewhere spells right.

    >>> restore_breves({"1": "поцелуи", "2": "поцелуй", "3": "радужныи флаг"})
    {'1': 'поцелуй', '2': 'поцелуй', '3': 'радужный флаг'}
    """
    counts = Counter(word for name in found.values() for word in _WORD.findall(name) if "й" in word)
    right = {word.replace("й", "и"): word for word, _ in reversed(counts.most_common())}

    def restore(match: re.Match[str]) -> str:
        return right.get(match[0]) or _LOST_BREVE.sub("й", match[0])

    return {text: _WORD.sub(restore, name) for text, name in found.items()}
