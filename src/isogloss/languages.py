"""A language and the table of them: those of FLORES-200, and the others that Unicode CLDR names emoji in.

Names, endonyms and likely scripts are those of `langcodes` and `language_data` (that is, of CLDR).
`languages.csv` beside this file keeps what no library has, and overrides a name or an endonym that is
missing or wrong there. Its columns: tag, flores, family, branch, name, endonym, also (a further tag that
means this row; `sat-Beng` because NLLB's tokenizers so name Santali, whose text is in Ol Chiki).

Sources: the codes are those of the FLORES-200 list (https://github.com/facebookresearch/flores, flores200).
Families and branches are nodes of Glottolog 4.0 (https://glottolog.org), so Mande, Nilotic and Saharan stand
by themselves instead of under Niger-Congo and Nilo-Saharan, and a creole stands with the language that gave
it its words (Haitian with Romance, Tok Pisin with Germanic). Three things differ from Glottolog: Esperanto
and Interlingua, which have no family, stand with Romance, where most of their words come from, so that
neither ever passes for an unseen family; a few branches bear their commoner names (Tibetic, Munda, Greek);
and only the larger families are divided into branches.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from typing import Literal

import langcodes
from langcodes.tag_parser import LanguageTagError

from isogloss.errors import unknown

Direction = Literal["ltr", "rtl"]
Group = Literal["trained", "family seen", "script seen", "family unseen"]
# Of what figures are averaged over, in the order in which they are told.
AVERAGES = ("trained", "unseen", "family seen", "script seen", "family unseen")

# Scripts in use today whose `rtl` is YES in CLDR's scriptMetadata.
RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})

# ISO 15924 codes that stand for several scripts, or for one way of writing a script.
MADE_OF: Mapping[str, frozenset[str]] = {
    "Hans": frozenset({"Hani"}),
    "Hant": frozenset({"Hani"}),
    "Jpan": frozenset({"Hani", "Hira", "Kana"}),
    "Kore": frozenset({"Hang", "Hani"}),
}


@dataclass(frozen=True, slots=True)
class Language:
    """A written language: one language in one script.

    tag: BCP-47, as short as it can be; it names the script only where the language has several here.
    name: in English. endonym: in the language itself and in its script.
    script: ISO 15924. direction: that of the script.
    family: top-level, as "Indo-European"; branch: the level below, as "Romance", or the family again.
    flores: the FLORES-200 code, as "spa_Latn"; empty if FLORES-200 has not got the language.
    """

    tag: str
    name: str
    endonym: str
    script: str
    direction: Direction
    family: str
    branch: str
    flores: str


def language(tag: str | Language) -> Language:
    """The language that a BCP-47 tag or a FLORES-200 code means, in any case and with `-` or `_`.

    A region falls back to the language as it is written there; a script is never given up.

    >>> [language(tag).tag for tag in ("PT_br", "zho_Hant", "zh-TW", "sr-ME", "no", "deu")]
    ['pt', 'zh-Hant', 'zh-Hant', 'sr-Latn', 'nb', 'de']

    Raises: UserError for an unknown tag, naming the nearest known one by language, tag or name
        (for "german": de).
    """
    if isinstance(tag, Language):
        return tag
    found = _find(tag)
    if found is None:
        raise unknown("language", tag, [_nearest(tag).tag])
    return found


def is_language(tag: str) -> bool:
    """Whether a tag is one of a language, as `language` reads it."""
    return _find(tag) is not None


def same_family(a: str | Language, b: str | Language) -> bool:
    """Whether two languages belong to one top-level family, as Persian and Spanish do (Indo-European).

    A claim about unseen families is about languages for which this is false with every trained one;
    `group` looks at branches.

    Raises: UserError for an unknown tag.
    """
    return language(a).family == language(b).family


def group(tag: str | Language, trained: Iterable[str | Language]) -> Group:
    """What training has shown of a language: itself, a relative, its script, or none of these.

    - "trained": it is among the trained languages;
    - "family seen": a trained language is of the same branch (Romance, Slavic, Indo-Aryan, …). Top-level
      families would be too wide here: with English and Spanish trained, Indo-European would take in Russian,
      Persian and Bengali, which share hardly an everyday word with either;
    - "script seen": no relative, but a trained language shares a script other than Latin. Japanese shows
      Chinese its script, for it is written in Chinese characters too, and Arabic shows Persian its. Latin
      does not count: nearly every experiment trains on English, so it would set no language apart;
    - "family unseen": neither. Whether even the top-level family is unseen, `same_family` tells.

    >>> [group(tag, ["en", "es", "ja", "ar"]) for tag in ("es-MX", "pt", "fa", "tr")]
    ['trained', 'family seen', 'script seen', 'family unseen']

    Raises: UserError for an unknown tag.
    """
    one = language(tag)
    seen = [language(each) for each in trained]
    if one in seen:
        return "trained"
    if any(each.branch == one.branch for each in seen):
        return "family seen"
    scripts = frozenset[str]().union(*(_made_of(each.script) for each in seen)) - {"Latn"}
    return "script seen" if scripts & _made_of(one.script) else "family unseen"


def averaged(tags: Iterable[str], trained: Sequence[str]) -> dict[str, list[str]]:
    """Languages by the name of the average that they are in: "trained", "unseen", and the groups of these, where any is in it.

    Raises: UserError for an unknown tag.
    """
    found: dict[str, list[str]] = {}
    for tag in tags:
        own = group(tag, trained)
        for name in ("trained",) if own == "trained" else ("unseen", own):
            found.setdefault(name, []).append(tag)
    return {name: found[name] for name in AVERAGES if name in found}


def _made_of(script: str) -> frozenset[str]:
    return MADE_OF.get(script, frozenset({script}))


class _Table(Mapping[str, Language]):
    """The table by tag, read when it is first looked at: importing reads no file."""

    def __getitem__(self, tag: str) -> Language:
        return _rows()[tag]

    def __iter__(self) -> Iterator[str]:
        return iter(_rows())

    def __len__(self) -> int:
        return len(_rows())


LANGUAGES: Mapping[str, Language] = _Table()


@cache
def _csv() -> tuple[dict[str, str], ...]:
    text = files("isogloss").joinpath("languages.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def _rows() -> dict[str, Language]:
    return {row["tag"]: _read(row) for row in _csv()}


def _read(row: dict[str, str]) -> Language:
    # Not normalised: `langcodes` would make Twi into Akan and Dari into the Persian of Afghanistan.
    library = langcodes.Language.get(row["tag"], normalize=False)
    script = row["flores"][-4:] or library.maximize().script
    assert script is not None, row["tag"]
    return Language(
        tag=row["tag"],
        name=row["name"] or library.display_name(),
        endonym=row["endonym"] or library.autonym(),
        script=script,
        direction="rtl" if script in RIGHT_TO_LEFT else "ltr",
        family=row["family"],
        branch=row["branch"],
        flores=row["flores"],
    )


@cache
def _index() -> dict[str, Language]:
    """Every way to write a row exactly, in lower case with hyphens."""
    index = {tag.lower(): one for tag, one in _rows().items()}
    for row in _csv():
        one = _rows()[row["tag"]]
        # A three-letter code alone means the first row that has it: `zho` is `zh`, `zho-hant` is `zh-Hant`.
        for key in (row["flores"].replace("_", "-"), row["flores"][:3], row["also"]):
            if key:
                index.setdefault(key.lower(), one)
    return index


def _find(tag: str) -> Language | None:
    index = _index()
    exact = index.get(tag.replace("_", "-").lower())
    if exact is not None:
        return exact
    try:
        written = langcodes.Language.get(tag, normalize=False)
        normal = langcodes.Language.get(tag)
    except LanguageTagError:
        return None
    if not normal.is_valid():  # `zh-Hannt` is well-formed: a variant, if there were one of this name.
        return None
    script = normal.script or _script_of_region(normal)
    # As written first, because normalising joins languages that are kept apart here; an extended language
    # (`zh-yue`) is known only to the normal form.
    first = None if written.extlangs else written.language
    for name in (first, normal.language, normal.prefer_macrolanguage().language):
        one = index.get(name or "")
        if one is None:
            continue
        if script is None or script == one.script:
            return one
        variant = index.get(f"{one.tag}-{script}".lower())
        if variant is not None:
            return variant
    return None


def _script_of_region(tag: langcodes.Language) -> str | None:
    """The script that a region brings along where the language is mostly written otherwise: zh-TW, pa-PK."""
    script = tag.maximize().script
    usual = langcodes.Language.make(language=tag.language).maximize().script
    return None if script == usual else script


def _nearest(tag: str) -> Language:
    text = tag.replace("_", "-").lower()
    # A known language with something unknown after it: `ja-Latn` means something near `ja`.
    known = _index().get(re.split(r"\W", text)[0])
    if known is not None:
        return known
    named = _named(text)
    if named is not None:
        return named

    def likeness(one: Language) -> float:
        return max(SequenceMatcher(None, text, other.lower()).ratio() for other in (one.tag, one.name))

    return max(LANGUAGES.values(), key=likeness)


def _named(name: str) -> Language | None:
    """The language that is so called, in whatever language: "german", "allemand"."""
    if not name.isprintable():  # The library's table fails on control characters.
        return None
    try:
        return _find(str(langcodes.find(name)))
    except LookupError:
        return None
