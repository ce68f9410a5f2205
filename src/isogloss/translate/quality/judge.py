"""Which translations are kept, which are thrown away and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import UserError, unknown
from isogloss.languages import Language
from isogloss.translate.engine import Translation
from isogloss.translate.progress import Shown, unseen
from isogloss.translate.quality.copies import copies
from isogloss.translate.quality.identification import is_short, language_confidence
from isogloss.translate.quality.leak import leaks
from isogloss.translate.quality.leftovers import leftovers
from isogloss.translate.quality.length import length_deviations
from isogloss.translate.quality.lexicon import learn
from isogloss.translate.quality.meaning import similarities
from isogloss.translate.quality.pairs import Fails, Pairs
from isogloss.translate.quality.refusals import refusals
from isogloss.translate.quality.repetition import repetitions
from isogloss.translate.quality.scripts import without_letters, wrong_script
from isogloss.translate.quality.truncation import breaks_off

# In the order in which they are asked: a caption bears the first that holds.
REASONS = (
    "empty",
    "leftovers",
    "refusal",
    "repetition",
    "copy of the source",
    "wrong script",
    "wrong language",
    "truncated",
    "length",
    "leak",
    "meaning",
)


@dataclass(frozen=True)
class Checks:
    """What is asked of a translation.

    The thresholds were chosen on human captions of fourteen languages, each so that hardly one of them is thrown away
    (`docs/results/translation_quality.md`).

    Args:
        skip: reasons that are not asked, of `REASONS`; "empty" always is.
        copied_share: of a translation's words that may stand in its source. Names and borrowed words are a minority
            of a caption.
        copied_words: fewer copied words prove nothing ("hot dog").
        foreign_letters: the share of letters that may be of another script, those of words of the source aside.
        language_confidence: below it the text is in another language.
        short_confidence: the same for texts of fewer than `identification.SHORT` letters, of which lingua is unsure.
        length_deviation: of the logarithmic ratio of lengths from its pair's median, in quartile distances.
        closed_share: a pair keeps the full stops of its sources if this share of its translations does.
        ending_share: a word that ends fewer of its captions cannot end one.
        origin_share: a word comes from a source word that stands beside it in this share of its captions,
        origin_lift: and this many times as often as elsewhere.
        encoder: a sentence encoder's name or folder for the check of meaning, which is not asked without one.
        similarity: the least cosine of meaning.
    """

    skip: tuple[str, ...] = ()
    copied_share: float = 0.75
    copied_words: int = 3
    foreign_letters: float = 0.5
    language_confidence: float = 0.2
    short_confidence: float = 0.03
    length_deviation: float = 4.2
    closed_share: float = 0.9
    ending_share: float = 0.01
    origin_share: float = 0.9
    origin_lift: float = 3.0
    encoder: str = ""
    similarity: float = 0.4

    def __post_init__(self) -> None:
        for reason in self.skip:
            if reason not in REASONS[1:]:
                raise unknown("check", reason, REASONS[1:])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a translation.

    reason: one of `REASONS` if it is thrown away, None if it is kept.
    score: how good it seems, in 0…1; 0 if it is thrown away. The least of what is known: the engine's own confidence;
        how far lingua's confidence is from the one that throws away, on a logarithmic scale (1: sure of the language);
        how far the length is from the deviation that throws away (1: the usual length); and the cosine of meaning.
        Made to sort by: it is no probability, and scores of different engines do not compare.
    """

    reason: str | None
    score: float


def judge(
    sources: Sequence[str],
    translations: Sequence[Translation],
    source: Language,
    target: Language,
    checks: Checks = Checks(),
    shown: Shown = unseen,
) -> list[Verdict]:
    """A verdict a translation, in order.

    Lengths, endings and origins of words are learnt from all captions of the call, so it is made once for a whole job,
    with captions in the order in which the engine got them; of fewer than a hundred captions lengths and endings are
    not judged.

    Args:
        sources: the captions that were translated.
        translations: what the engine gave for each.
        source, target: the languages.
        checks: which checks, and how strict.
        shown: shows how far those checks are that take long.

    Raises:
        UserError: the encoder of the check of meaning cannot be loaded.
    """
    if len(sources) != len(translations):
        raise UserError(
            f"There are {len(sources)} captions but {len(translations)} translations; there must be one for each."
        )
    texts = [translation.text.strip() for translation in translations]
    fails, score = evidence(Pairs(sources, texts, source, target), translations, checks, shown)
    reason = np.full(len(texts), len(REASONS))
    for number, name in reversed(list(enumerate(REASONS))):
        reason[fails[name]] = number
    score[reason < len(REASONS)] = 0.0
    names = (*REASONS, None)
    return [Verdict(names[at], value) for at, value in zip(reason.tolist(), score.tolist(), strict=True)]


def evidence(
    pairs: Pairs,
    translations: Sequence[Translation],
    checks: Checks,
    shown: Shown = unseen,
) -> tuple[Mapping[str, Fails], NDArray[np.float64]]:
    """Each check by itself: which translations fail it, by reason; and the score of all, as `Verdict` has it."""
    size = len(pairs)
    nothing = np.zeros(size, dtype=bool)
    score = np.array([1.0 if one.score is None else one.score for one in translations], dtype=np.float64)

    def lower(share: NDArray[np.float64]) -> None:
        np.minimum(score, np.clip(share, 0.0, 1.0), out=score)

    def wrong_language() -> Fails:
        confidence = language_confidence(pairs.texts, pairs.source, pairs.target, shown)
        confidence[without_letters(pairs.texts, pairs.target)] = 1.0  # where the check of scripts has the say
        least = np.where(is_short(pairs.texts), checks.short_confidence, checks.language_confidence)
        lower(1 - np.log(np.maximum(confidence, 1e-300)) / np.log(least))
        return confidence < least

    def length() -> Fails:
        deviation = np.abs(length_deviations(pairs.sources, pairs.texts)) / checks.length_deviation
        lower(1 - deviation)
        return deviation > 1

    def meaning() -> Fails:
        if not checks.encoder:
            return nothing
        with shown(f"{pairs.source.tag} → {pairs.target.tag}, meaning", size) as advance:
            similarity = similarities(pairs.sources, pairs.texts, checks.encoder, advance)
        lower(similarity)
        return similarity < checks.similarity

    def leak() -> Fails:
        size = len(pairs.vocabulary)
        return leaks(pairs, learn(pairs.source_words, pairs.text_words, size, checks.origin_share, checks.origin_lift))

    def truncated() -> Fails:
        cut = _array((not one.complete for one in translations), size)
        return cut | breaks_off(pairs, checks.closed_share, checks.ending_share)

    tests: dict[str, Callable[[], Fails]] = {
        "empty": lambda: _array((not any(map(str.isalnum, text)) for text in pairs.texts), size),
        "leftovers": lambda: leftovers(pairs),
        "refusal": lambda: refusals(pairs),
        "repetition": lambda: repetitions(pairs),
        "copy of the source": lambda: copies(pairs, checks.copied_share, checks.copied_words),
        "wrong script": lambda: wrong_script(pairs, checks.foreign_letters),
        "wrong language": wrong_language,
        "truncated": truncated,
        "length": length,
        "leak": leak,
        "meaning": meaning,
    }
    return {name: nothing if name in checks.skip else test() for name, test in tests.items()}, score


def _array(answers: Iterable[bool], size: int) -> Fails:
    return np.fromiter(answers, dtype=bool, count=size)
