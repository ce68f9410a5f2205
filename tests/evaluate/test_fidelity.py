"""The language of a reply: human names of emoji, captions of shapes, and replies that are in no language at all."""

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.emoji_names import LANGUAGES as EMOJI_LANGUAGES
from isogloss.data.worlds.emoji_names import names
from isogloss.data.worlds.shapes.grammar import GRAMMARS, caption
from isogloss.data.worlds.shapes.splits import scenes
from isogloss.errors import UserError
from isogloss.evaluate.fidelity import UNSURE, Verdict, reply_language, reply_languages, vocabulary

SHAPES = tuple(GRAMMARS)


@cache
def captions(language: str, split: str) -> list[str]:
    return [caption(scene, language) for scene in scenes(split, 80, 0)]


@cache
def known_words() -> dict[str, frozenset[str]]:
    return vocabulary({language: captions(language, "train") for language in SHAPES})


def shares(verdicts: Sequence[Verdict], language: str) -> tuple[float, float]:
    """Of false verdicts, and of texts that nothing sure is said of."""
    unsure = sum(verdict == UNSURE for verdict in verdicts)
    right = sum(verdict.language == language for verdict in verdicts)
    return (len(verdicts) - unsure - right) / len(verdicts), unsure / len(verdicts)


@pytest.mark.parametrize("language", EMOJI_LANGUAGES)
def test_human_names_of_emoji_are_hardly_ever_taken_for_another_language(language: str) -> None:
    texts = random.Random(0).sample(sorted(set(names(language).values())), 400)
    false, unsure = shares(reply_languages(texts, EMOJI_LANGUAGES), language)
    assert false <= 0.0125
    assert unsure <= 0.5, "names of a word or two, most of them"


@pytest.mark.parametrize("language", SHAPES)
def test_no_caption_of_shapes_is_taken_for_another_language(language: str) -> None:
    false, unsure = shares(reply_languages(captions(language, "test"), SHAPES), language)
    assert false == 0 and unsure <= 0.25


@pytest.mark.parametrize("language", SHAPES)
def test_where_all_words_are_known_the_shortest_caption_is_told(language: str) -> None:
    alone = [caption(scene, language) for scene in scenes("test", 20, 1, kinds={"one": 1})]
    false, unsure = shares(reply_languages(alone + captions(language, "test"), SHAPES, known_words()), language)
    assert false == 0 and unsure <= 0.005


@pytest.mark.parametrize("language", [tag for tag in SHAPES if tag not in ("en", "zh")])
def test_a_reply_that_turns_into_english_is_not_in_its_language(language: str) -> None:
    turned: list[str] = []
    for own, english in zip(captions(language, "test"), captions("en", "test"), strict=True):
        pieces, others = own.split() if " " in own else list(own), english.split()
        first = ("" if len(pieces) == len(own) else " ").join(pieces[: len(pieces) // 2 + 1])
        turned.append(f"{first} {' '.join(others[len(others) // 2 :])}")
    verdicts = Counter(verdict.language for verdict in reply_languages(turned, SHAPES, known_words()))
    assert verdicts[language] <= 0.01 * len(turned)


@pytest.mark.parametrize(
    ("text", "candidates", "expected"),
    [
        ("青い四角の上に赤い円", ["ja", "zh"], Verdict("ja", "script")),
        ("赤い円", ["en", "zh"], UNSURE),  # neither Chinese nor of another script than Chinese
        ("红色的圆形", ["ja", "zh"], Verdict("zh", "script")),
        ("赤円", ["ja", "zh"], Verdict("ja", "script")),
        ("中国", ["ja", "zh"], UNSURE),
        ("中国", ["ja", "en"], Verdict("ja", "script")),
        ("中国", ["ko", "zh"], Verdict("zh", "script")),
        ("藍色正方形上有一個紅色圓形", ["ja", "zh-Hant"], Verdict("zh-Hant", "script")),
        ("蓝色正方形上有一个红色圆形", ["zh", "zh-Hant"], Verdict("zh", "script")),
        ("파란 사각형", ["ja", "ko", "zh"], Verdict("ko", "script")),
        ("Tシャツの下", ["en", "ja"], Verdict("ja", "script")),
        ("赤い circle の上に square", ["en", "ja"], UNSURE),
        ("красный круг", ["en", "ja"], Verdict(None, "script")),
        ("красный круг", ["en", "ru"], Verdict("ru", "script")),
        ("красный круг над квадратом, синий", ["ru", "bg", "en"], Verdict("ru", "lingua")),
        ("a red circle above a large blue square", ["en", "es", "de"], Verdict("en", "lingua")),
        ("un círculo rojo encima de un cuadrado", ["en", "ES", "de"], Verdict("es", "lingua")),
        ("", ["en", "es"], UNSURE),
        ("42!", ["en", "es"], UNSURE),
        ("👍", ["en", "ja"], UNSURE),
        ("yes", ["en"], Verdict("en", "script")),
        ("pizza", ["en", "it", "de"], UNSURE),
    ],
)
def test_verdicts(text: str, candidates: list[str], expected: Verdict) -> None:
    assert reply_language(text, candidates) == expected


def test_relatives_of_a_language_that_lingua_lacks_are_unsure() -> None:
    french, german = "un grand cercle vert au-dessus d'un carré bleu", "ein großer roter Kreis über einem Quadrat"
    with_haitian = ["fr", "de", "en", "ht"]
    assert reply_languages([french, german], ["fr", "de", "en"]) == [Verdict("fr", "lingua"), Verdict("de", "lingua")]
    assert reply_languages([french, german], with_haitian) == [UNSURE, Verdict("de", "lingua")]
    assert reply_language(french, ["fr", "ht"]) == UNSURE


def test_words_of_two_languages_tell_nothing() -> None:
    known = vocabulary({"en": ["a pizza", "an orange heart"], "de": ["eine Pizza"], "fr": ["un cœur orange"]})
    told = reply_languages(["pizza", "orange", "HEART", "cœur"], ["en", "de", "fr"], known)
    assert told == [UNSURE, UNSURE, Verdict("en", "words"), Verdict("fr", "words")]


def test_words_count_only_where_those_of_all_candidates_are_known() -> None:
    assert reply_language("heart", ["en", "de", "fr"], vocabulary({"en": ["heart"]})) == UNSURE


@given(
    st.lists(st.text(max_size=20), max_size=4), st.sampled_from([("en", "es", "ja", "zh"), ("ru", "ar"), ("de", "fr")])
)
def test_any_text_gets_a_verdict_of_its_own(texts: list[str], candidates: tuple[str, ...]) -> None:
    verdicts = reply_languages(texts, candidates)
    assert verdicts == [reply_language(text, candidates) for text in texts]
    for verdict in verdicts:
        assert verdict.language is None if verdict.by == "unsure" else verdict.language in (None, *candidates)


def test_a_candidate_is_a_language() -> None:
    with pytest.raises(UserError, match="There is no language 'german'"):
        reply_language("Kreis", ["german"])
