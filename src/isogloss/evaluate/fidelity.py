"""Which language a reply is in: by its script, by words that only one language has, or by lingua."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import regex

from isogloss.errors import UserError
from isogloss.languages import MADE_OF, Language, language
from isogloss.translate.quality.words import words

By = Literal["script", "words", "lingua", "unsure"]
Vocabulary = Mapping[str, Collection[str]]

# The share of a reply's letters that its script has to have. Names and brands are kept in Latin letters; a reply whose
# words change between languages has more of them.
OWN_SCRIPT = 0.75
# The largest share of words of other languages in a reply, where words are known.
OTHER_WORDS = 0.1
# How many times likelier than the next language lingua has to find its best one; the more, the fewer letters there are.
# So set, fewer than one verdict of two hundred is false on human names of emoji, in each of fourteen languages.
LONG_LETTERS, LONG_ODDS, SHORT_ODDS = 20, 2.0, 10.0
# A text of Han characters alone that is longer is Chinese: Japanese sentences have kana.
LONGEST_WITHOUT_KANA = 7

# Letters and vowel signs of any script; what several scripts share, such as the long vowel of kana, tells nothing.
_LETTER = regex.compile(r"[[\p{L}\p{M}]--[\p{Zyyy}\p{Zinh}]]", regex.V1)
_KANA = regex.compile(r"[\p{Hira}\p{Kana}]")
_HANGUL = regex.compile(r"\p{Hang}")
_HAN = regex.compile(r"\p{Hani}")
# The characters that each way of writing has in everyday use, by the standard that lists them: GB 2312, Big5, JIS X 0208.
_CHARACTERS = {"Hans": "gb2312", "Hant": "big5", "Jpan": "shift_jis"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What language a text is in.

    Attributes:
        language: the candidate's tag; None where it is unsure, and where the text is in a script that no candidate has.
        by: what tells it.
    """

    language: str | None
    by: By


UNSURE = Verdict(None, "unsure")


def reply_language(text: str, candidates: Iterable[str], vocabulary: Vocabulary | None = None) -> Verdict:
    """The language of one text; `reply_languages` is faster for many.

    >>> reply_language("青い四角の上に赤い円があります。", ["en", "ja", "zh"])
    Verdict(language='ja', by='script')
    """
    return reply_languages([text], candidates, vocabulary)[0]


def reply_languages(
    texts: Sequence[str], candidates: Iterable[str], vocabulary: Vocabulary | None = None
) -> list[Verdict]:
    """The language of each text, among candidates; a text that could be in several is unsure.

    The script tells it where one candidate alone is written so. Else, where words are known, a text is in the language
    that has all its words, if one alone has. Else lingua is asked, and has to be the surer the shorter the text is; it
    is overruled where more than a tenth of the words are another candidate's and not its own, as in replies that
    change from one language into another, for which lingua has no eye.

    Args:
        texts: replies.
        candidates: tags of all languages that a reply could be in. A language that is none of them is taken for one that
            is, where it is written in the same script.
        vocabulary: all words of each candidate, as `vocabulary` collects them, where few are ever used, as in the world
            of shapes. None for open text: names and loanwords that were met in one language only would pass for it.

    Raises:
        UserError: a candidate is no language, or lingua is needed and not installed.
    """
    languages = tuple(sorted({language(tag) for tag in candidates}, key=lambda one: one.tag))
    verdicts = [UNSURE] * len(texts)
    asked: dict[tuple[Language, ...], list[int]] = {}
    for row, text in enumerate(texts):
        told = _by_script(text, languages)
        if not isinstance(told, Verdict):
            told = _by_words(text, told, vocabulary) or told
        if isinstance(told, Verdict):
            verdicts[row] = told
        else:
            asked.setdefault(told, []).append(row)
    for among, rows in asked.items():
        for row, verdict in zip(rows, _by_lingua([texts[row] for row in rows], among), strict=True):
            verdicts[row] = UNSURE if _mixed(texts[row], verdict, among, vocabulary) else verdict
    return verdicts


def vocabulary(texts: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The words of each language's texts, by its tag."""
    return {
        language(tag).tag: frozenset(word for text in set(each) for word in words(text)) for tag, each in texts.items()
    }


def _by_script(text: str, languages: tuple[Language, ...]) -> Verdict | tuple[Language, ...]:
    """What the script tells, or the languages that it leaves."""
    letters = len(_LETTER.findall(text))
    if letters == 0:
        return UNSURE
    share = {one: len(_script(one.script).findall(text)) / letters for one in languages}
    left = tuple(one for one in languages if share[one] >= OWN_SCRIPT and _looks(text, one))
    if not left:
        return UNSURE if any(each > 1 - OWN_SCRIPT for each in share.values()) else Verdict(None, "script")
    if len(left) > 1:
        left = _by_characters(text, left)
    return Verdict(left[0].tag, "script") if len(left) == 1 else left


def _looks(text: str, one: Language) -> bool:
    """Whether a text of Han characters has, or has not, what else the language is written in."""
    if one.script == "Kore":
        return _HANGUL.search(text) is not None
    return one.script not in ("Hans", "Hant", "Hani") or _KANA.search(text) is None


def _by_characters(text: str, languages: tuple[Language, ...]) -> tuple[Language, ...]:
    """Those of the languages whose everyday characters a text of Han characters has, or all where none has them."""
    characters = "".join(_HAN.findall(text))
    if len(characters) > LONGEST_WITHOUT_KANA:  # what has kana is no question here
        languages = tuple(one for one in languages if one.script != "Jpan")
    left = tuple(one for one in languages if _encodes(characters, _CHARACTERS.get(one.script, "utf-8")))
    return left or languages


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _by_words(text: str, languages: tuple[Language, ...], known: Vocabulary | None) -> Verdict | None:
    """What the words tell; None where they leave it to lingua."""
    if known is None or not all(one.tag in known for one in languages):
        return None
    own = set(words(text))
    having = [one for one in languages if all(word in known[one.tag] for word in own)]
    if not having:
        return None
    return Verdict(having[0].tag, "words") if len(having) == 1 else UNSURE


def _mixed(text: str, verdict: Verdict, languages: tuple[Language, ...], known: Vocabulary | None) -> bool:
    """Whether too many words are another language's and not that of the verdict."""
    if known is None or verdict.language is None or verdict.language not in known:
        return False
    others = [known[one.tag] for one in languages if one.tag in known and one.tag != verdict.language]
    own = words(text)
    foreign = [word for word in own if word not in known[verdict.language] and any(word in other for other in others)]
    return len(foreign) > OTHER_WORDS * len(own)


def _by_lingua(texts: Sequence[str], languages: tuple[Language, ...]) -> list[Verdict]:
    """What lingua tells of texts that could be in any of some languages.

    A language that it has not got is likely taken for a relative, so that verdicts for those of its branch are unsure.
    Of Han characters alone it knows no more than the script does.
    """
    if any(one.script in _CHARACTERS for one in languages):
        return [UNSURE] * len(texts)
    try:
        from isogloss.translate.quality.identification import known
    except ImportError:
        raise UserError(
            'Which language a reply is in is told by lingua; install it with `pip install "isogloss[chat]"`.'
        ) from None
    names = {one: known(one) for one in languages}
    strange = {one.branch for one, name in names.items() if name is None}
    tags = {name: one.tag for one, name in names.items() if name is not None and one.branch not in strange}
    asked = frozenset(name for name in names.values() if name is not None)
    if len(asked) < 2 or len(asked) < sum(name is not None for name in names.values()):
        return [UNSURE] * len(texts)
    found = _detector(asked).compute_language_confidence_values_in_parallel(list(texts))
    verdicts: list[Verdict] = []
    for text, (best, second, *_) in zip(texts, found, strict=True):
        odds = LONG_ODDS if sum(map(str.isalpha, text)) >= LONG_LETTERS else SHORT_ODDS
        sure = best.value > 0 and best.value >= odds * second.value and best.language in tags
        verdicts.append(Verdict(tags[best.language], "lingua") if sure else UNSURE)
    return verdicts


@cache
def _detector(names: frozenset[Any]) -> Any:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_languages(*names).build()


@cache
def _script(script: str) -> "regex.Pattern[str]":
    """Letters and vowel signs of a script, and of those that it is made of."""
    own = "".join(rf"\p{{Script={name}}}" for name in sorted(MADE_OF.get(script, {script})))
    return regex.compile(rf"[[\p{{L}}\p{{M}}]&&[{own}]]", regex.V1)
