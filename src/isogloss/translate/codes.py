"""How each family of translation models names languages, read from the vocabulary of the model itself.

| family | a language's token | where it stands |
| --- | --- | --- |
| NLLB-200 (arXiv 2207.04672) | `spa_Latn` | before the source its own, before the translation the target's |
| M2M-100 (arXiv 2010.11125) | `__es__` | likewise |
| mBART-50 (arXiv 2008.00401) | `es_XX` | likewise |
| MADLAD-400 (arXiv 2309.04662) | `<2es>` | before the source the target's |
| OPUS-MT (arXiv 2212.01936) | `>>spa<<`, where it has several target languages | before the source the target's |
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import langcodes

from isogloss.errors import UserError
from isogloss.languages import Language, language

# The shape of a language's token, and no more of a family than its vocabulary shows. The order matters nowhere: no
# token has two of these shapes.
SHAPES: Mapping[str, re.Pattern[str]] = {
    "NLLB-200": re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"),
    "M2M-100": re.compile(r"__([a-z]{2,3})__"),
    "mBART-50": re.compile(r"([a-z]{2}_[A-Z]{2})"),
    "MADLAD-400": re.compile(r"<2([A-Za-z]{2,3}(?:[_-][A-Za-z]+)?)>"),
    "OPUS-MT": re.compile(r">>([A-Za-z]{2,3}(?:[_-][A-Za-z]+)?)<<"),
}
# What the models call a language against BCP-47: M2M-100's own list has `ns` for Northern Sotho.
MISNAMED: Mapping[str, str] = {"ns": "nso"}
# Families whose decoder is not told the language.
TARGET_BEFORE_SOURCE = frozenset({"MADLAD-400", "OPUS-MT"})


@dataclass(frozen=True)
class Codes:
    """The languages of one model, and what it calls them.

    model: its name, for messages. family: one of SHAPES.
    sources, targets: a language's tag -> its token, which is empty where the model wants none; None for sources that
    the model does not list, as those of OPUS-MT that read a whole family of languages.
    """

    model: str
    family: str
    sources: Mapping[str, str] | None
    targets: Mapping[str, str]

    def check(self, source: Language, target: Language) -> None:
        """Tell whether the model translates from one language into the other.

        Raises:
            UserError: it lacks one of them; the nearest that it has is named.
        """
        if self.sources is not None and source.tag not in self.sources:
            raise self._lacks("from", source, self.sources)
        if target.tag not in self.targets:
            raise self._lacks("into", target, self.targets)

    def before_text(self, target: Language) -> str:
        """What is written before the text, as a part of it: MADLAD-400's tokenizer cuts both together."""
        return f"{self.targets[target.tag]} " if self.family == "MADLAD-400" else ""

    def before_source(self, source: Language, target: Language) -> list[str]:
        """The tokens that the encoder reads before the pieces of the text."""
        if self.family == "MADLAD-400":
            return []
        token = self.targets[target.tag] if self.family == "OPUS-MT" else (self.sources or {})[source.tag]
        return [token] if token else []

    def before_target(self, target: Language) -> list[str]:
        """The tokens that the decoder is given to begin with."""
        return [] if self.family in TARGET_BEFORE_SOURCE else [self.targets[target.tag]]

    def _lacks(self, way: str, one: Language, known: Mapping[str, str]) -> UserError:
        near = nearest(one, known)
        return UserError(
            f"{self.model} ({self.family}) does not translate {way} {one.name} ({one.tag}); the nearest that it has is "
            f"{near.name} ({near.tag}): choose that, or another model."
        )


def nearest(one: Language, tags: Iterable[str]) -> Language:
    """Of these languages, the relative (by branch, then family) that CLDR's language matching puts nearest."""

    def distance(other: Language) -> tuple[bool, bool, int, bool, str]:
        far = langcodes.tag_distance(one.tag, other.tag)
        return (one.branch != other.branch, one.family != other.family, far, one.script != other.script, other.tag)

    return min((language(tag) for tag in tags), key=distance)


def read_codes(
    vocabulary: Iterable[str], *, model: str, source_lang: str | None = None, target_lang: str | None = None
) -> Codes:
    """What a model calls its languages.

    Args:
        vocabulary: all its tokens.
        model: its name or path, which for OPUS-MT ends in the pair where nothing else tells.
        source_lang, target_lang: as the tokenizer's configuration of an OPUS-MT model has them, such as "en" or
            "fr+fr_BE+wa".

    Raises:
        UserError: it names no languages in any of the known ways.
    """
    found: dict[str, dict[str, str]] = {family: {} for family in SHAPES}
    for token in vocabulary:
        for family, shape in SHAPES.items():
            match = shape.fullmatch(token)
            if match:
                found[family][token] = match[1]
    # Words of a vocabulary may look like a code by chance; codes come in numbers.
    family = max((name for name in SHAPES if name != "OPUS-MT"), key=lambda name: len(found[name]))
    if len(found[family]) > max(1, len(found["OPUS-MT"])):
        tokens = _by_language(found[family])
        return Codes(model, family, tokens, tokens)
    return _opus(model, found["OPUS-MT"], source_lang, target_lang)


def _by_language(codes: Mapping[str, str]) -> dict[str, str]:
    """Tag -> token. Of several for one language, the token that names its script, then the shortest."""
    choices: list[tuple[tuple[bool, int], str, str]] = []
    for token, code in codes.items():
        one = _known(code)
        if one is not None:
            named = code.replace("-", "_").endswith(f"_{one.script}")
            choices.append(((not named, len(token)), one.tag, token))
    tokens: dict[str, str] = {}
    for _, tag, token in sorted(choices):
        tokens.setdefault(tag, token)
    return tokens


def _known(code: str) -> Language | None:
    try:
        return language(MISNAMED.get(code, code))
    except UserError:
        return None


def _opus(model: str, tokens: Mapping[str, str], source_lang: str | None, target_lang: str | None) -> Codes:
    """OPUS-MT is trained for pairs, or for groups of languages of which each target has a token."""
    named = re.search(r"opus-mt-(?:tc-(?:bible-)?(?:big|base|tiny)-)?(\w+)-(\w+)$", model.rstrip("/"))
    source_lang, target_lang = source_lang or (named and named[1]), target_lang or (named and named[2])
    if not source_lang or not target_lang:
        raise UserError(
            f"{model} does not tell which languages it translates, neither in its vocabulary nor by source_lang and "
            "target_lang in its tokenizer_config.json; write them there, or choose another model."
        )
    targets = _by_language(tokens) or _listed(target_lang)
    if not targets:
        raise UserError(
            f"{model} translates into '{target_lang}', which is no language known here; choose another model."
        )
    # A group, such as `mul` or `zle`, tells of no single language; the model reads whatever belongs to it.
    return Codes(model, "OPUS-MT", _listed(source_lang) or None, targets)


def _listed(languages: str) -> dict[str, str]:
    """The languages of "en", "fr+fr_BE+wa" or "deu_eng_nld", without tokens."""
    known = [_known(code) for code in languages.split("+")]
    if len(known) == 1 and known[0] is None:
        known = [_known(code) for code in languages.split("_")]
    return {one.tag: "" for one in known if one is not None}
