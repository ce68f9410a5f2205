"""Whether a translation is in its language, by lingua's n-gram models, which lie in its wheel."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache

import numpy as np
import regex
from lingua import IsoCode639_1, IsoCode639_3, LanguageDetectorBuilder
from lingua import Language as Known
from numpy.typing import NDArray

from isogloss.languages import LANGUAGES, MADE_OF, Language, language
from isogloss.translate.progress import Shown, unseen

# What engines give in place of a language they know badly: the source, a large relative, or one of these. Each
# further language costs about 40 MB and makes short texts less sure.
LARGE = ("en", "es", "fr", "de", "ru", "ar", "hi", "zh")

# A Japanese text without kana is a word or two; lingua takes any such text for Chinese.
_HAN_ALONE = regex.compile(r"[\W\d\p{Latin}]*(?:\p{Hani}[\W\d\p{Latin}]*){1,7}")

# Letters. Of human names in thirteen languages lingua doubts one in fifty that are shorter, and hardly one that is longer.
SHORT = 20

# Texts given to lingua at a time, which uses all cores.
PART = 10_000


def language_confidence(
    texts: Sequence[str], source: Language, target: Language, shown: Shown = unseen
) -> NDArray[np.float64]:
    """How sure each text is in the target language, among those it could be taken for: [text], in 0…1.

    If lingua has not got the target, it is how sure the text is not in the source language, where the target's
    relatives stand for it. 1 where there is nothing to ask: the script alone tells (as of Georgian), or lingua knows
    neither.

    shown: shows how far it is, where there is something to ask.
    """
    confidence = np.ones(len(texts))
    asked, others = _candidates(source, target)
    if asked is None or not others:
        return confidence
    own = known(target)
    detector = LanguageDetectorBuilder.from_languages(asked, *others).build()
    with shown(f"{source.tag} → {target.tag}, language", len(texts)) as advance:
        for first in range(0, len(texts), PART):
            found = detector.compute_language_confidence_in_parallel(list(texts[first : first + PART]), asked)
            confidence[first : first + PART] = found if asked == own else 1 - np.array(found)
            if own == Known.JAPANESE:
                short = [row for row in range(first, first + len(found)) if _HAN_ALONE.fullmatch(texts[row])]
                confidence[short] = 1.0
            advance(len(found))
    return confidence


def is_short(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts have fewer than `SHORT` letters: [text]."""
    return np.fromiter((sum(map(str.isalpha, text)) < SHORT for text in texts), dtype=bool, count=len(texts))


def _candidates(source: Language, target: Language) -> tuple[Known | None, list[Known]]:
    """The language whose confidence is asked, and those it is compared with."""
    own, foreign = known(target), known(source)
    alike = [language(tag) for tag in LARGE] + [source]
    relatives = [one for one in LANGUAGES.values() if one.branch == target.branch]
    if own is None:
        near = [one for one in map(known, relatives) if one is not None and one != foreign]
        return foreign, near if foreign is not None and _share(source, target) else []
    names = {one for each in alike if _share(each, target) and (one := known(each)) is not None}
    return own, sorted(names - {own}, key=str)


def _share(one: Language, other: Language) -> bool:
    """Whether two languages have a script in common."""
    return bool(MADE_OF.get(one.script, {one.script}) & MADE_OF.get(other.script, {other.script}))


@cache
def known(one: Language) -> Known | None:
    """lingua's name of a language as it is usually written, if it has one."""
    plain = one.tag.split("-")[0]
    if not _share(one, language(plain)):
        return None
    with suppress(ValueError):
        return Known.from_iso_code_639_1(IsoCode639_1.from_str(plain))
    with suppress(ValueError):
        return Known.from_iso_code_639_3(IsoCode639_3.from_str(plain))
    return None
