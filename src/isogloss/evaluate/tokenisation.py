"""Words of captions, in every language alike, as CIDEr counts them."""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import regex

from isogloss.errors import UserError

if TYPE_CHECKING:
    from icu4py.breakers import WordBreaker

# A piece that says nothing: white space, punctuation, control characters.
_SILENT = regex.compile(r"[\p{P}\p{Z}\p{C}]*")
# Joiners, variation selectors and the like, which are written or left out at will.
_INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
# Languages whose I without a dot is another letter than the one with it.
_DOTLESS = {"tr", "az", "az-Latn", "crh", "crh-Latn"}


def words(text: str, language: str) -> list[str]:
    """The words of a text, folded to one case and one width, without punctuation.

    Boundaries are those of Unicode's UAX #29 as ICU implements it: by spaces and punctuation, and by ICU's own
    dictionaries in the scripts that are written without spaces (Han, kana, Thai, Lao, Khmer, Burmese).

    >>> words("Two RED circles, don't they?", "en")
    ['two', 'red', 'circles', "don't", 'they']
    >>> words("赤い円が２つあります。", "ja")
    ['赤い', '円', 'が', '2', 'つ', 'あり', 'ます']

    Args:
        text: in any Unicode normal form.
        language: its tag.

    Raises:
        UserError: icu4py is not installed.
    """
    # Segmented in NFC, because ICU's dictionaries spell Thai as it is typed, which NFKC takes apart.
    pieces = _breaker()(unicodedata.normalize("NFC", text), language)
    return [_fold(piece, language) for piece in pieces if not _SILENT.fullmatch(piece)]


def all_words(texts: Sequence[str], language: str) -> list[list[str]]:
    """The words of each text; texts that are equal are read once."""
    known = {text: words(text, language) for text in set(texts)}
    return [known[text] for text in texts]


def tokenisation() -> str:
    """What `words` does, in a phrase for a result.

    Raises:
        UserError: icu4py is not installed.
    """
    _breaker()
    from icu4py import icu_version

    return f"words of ICU {icu_version}, NFKC, folded case, without punctuation"


def _fold(word: str, language: str) -> str:
    if language in _DOTLESS:
        word = word.replace("İ", "i").replace("I", "ı")
    folded = unicodedata.normalize("NFKC", word).casefold()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", folded))


@cache
def _breaker() -> "type[WordBreaker]":
    try:
        from icu4py.breakers import WordBreaker
    except ImportError:
        raise UserError(
            'Words of captions are counted with icu4py; install it with `pip install "isogloss[chat]"`.'
        ) from None
    return WordBreaker
