"""The captions of scenes, language by language."""

import unicodedata
from collections import Counter

import pytest
import regex
from data.shapes.any_scene import KEYS, some_scenes
from data.shapes.expected_captions import CAPTIONS, LANGUAGES
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.shapes.grammar import GRAMMARS, caption, keywords, landmark, phrase
from isogloss.data.worlds.shapes.scene import (
    COLOURS,
    MOST_ALONE,
    MOST_BESIDE,
    RELATIONS,
    SHAPES,
    Group,
    Scene,
    every_group,
)
from isogloss.errors import UserError

FEMININE = {"es": {"star", "cross"}, "fr": {"star", "cross"}}


def test_the_languages() -> None:
    assert set(GRAMMARS) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_captions_as_natives_write_them(language: str) -> None:
    found = {key: caption(Scene.of(key), language) for key in CAPTIONS}
    assert found == {key: texts[LANGUAGES.index(language)] for key, texts in CAPTIONS.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_scenes_share_a_caption(language: str) -> None:
    """All phrases differ, all landmarks differ, and where a landmark ends is never in doubt; so captions differ."""
    phrases = [phrase(group, language) for group in every_group(MOST_ALONE)]
    landmarks = [landmark(group, relation, language) for group in every_group(MOST_BESIDE) for relation in RELATIONS]
    assert len(set(phrases)) == len(phrases) and len(set(landmarks)) == len(landmarks)
    outer = str.startswith if GRAMMARS[language].LANDMARK_FIRST else str.endswith
    for whole in (*phrases, *landmarks):
        assert [place for place in landmarks if outer(whole, place)] == [whole] * (whole in landmarks)


def test_no_two_of_very_many_captions_are_alike() -> None:
    texts = Counter(caption(scene, language) for scene in some_scenes() for language in LANGUAGES)
    assert len(texts) == len(some_scenes()) * len(LANGUAGES)


def test_no_two_languages_share_a_caption() -> None:
    scenes = [Scene((group,)) for group in every_group(MOST_ALONE)]
    texts = [caption(scene, language) for scene in scenes for language in LANGUAGES]
    assert len(set(texts)) == len(texts)


@given(KEYS, st.sampled_from(LANGUAGES))
def test_a_caption_is_a_tidy_line(key: str, language: str) -> None:
    scene = Scene.of(key)
    text = caption(scene, language)
    assert text == unicodedata.normalize("NFC", text) == " ".join(text.split())
    assert not regex.search(r"[.।。,;]", text)
    if language in ("ja", "zh"):
        assert " " not in text
    if language != "de":
        assert text == text.lower()


@given(KEYS, st.sampled_from(LANGUAGES))
def test_keywords_are_the_bare_words_of_each_group(key: str, language: str) -> None:
    scene = Scene.of(key)
    words = keywords(scene, language)
    told = [2 + (group.size != "medium") + (group.count > 1) for group in scene.groups]
    assert len(words) == sum(told) + (scene.relation is not None)
    assert all(words) and all(word == word.strip() for word in words)


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(UserError, match="no language of the shapes world 'xx'"):
        caption(Scene((Group("red", "circle"),)), "xx")


def test_only_an_orange_thing_has_an() -> None:
    for group in every_group(1):
        assert phrase(group, "en").startswith("an ") == (group.colour == "orange" and group.size == "medium")


@pytest.mark.parametrize("language", ["es", "fr"])
def test_number_and_gender_agree_in_each_word(language: str) -> None:
    """All words of one group have the form of its noun: the same table column, whatever else the group is."""
    article = {"es": ("un", "una"), "fr": ("un", "une")}[language]
    for group in every_group(MOST_BESIDE):
        feminine = group.shape in FEMININE[language]
        number, *others = phrase(group, language).split()
        if group.count == 1:
            assert number == article[feminine]
        # Every word but the number is found in a phrase of any noun with the same gender and number.
        alike = [shape for shape in SHAPES if (shape in FEMININE[language]) == feminine and shape != group.shape]
        for shape in alike:
            other = phrase(Group(group.colour, shape, group.size, group.count), language).split()[1:]
            assert sum(a != b for a, b in zip(others, other, strict=True)) == 1
        if group.count > 1:
            assert all(word.endswith(("s", "x", "orange")) for word in others)


def test_german_adjectives_end_as_case_and_gender_ask() -> None:
    for group in every_group(MOST_BESIDE):
        adjectives = [word for word in phrase(group, "de").split()[1:-1] if word != "rosa"]
        ending = "e" if group.count > 1 else "er" if group.shape in ("circle", "star") else "es"
        assert all(regex.fullmatch(rf"\w*[^e]{ending}", word) for word in adjectives)
        for relation in RELATIONS:
            *_, noun = words = landmark(group, relation, "de").split()
            assert words[1 if relation == "above" else 2] == ("zwei" if group.count > 1 else "einem")
            assert all(word.endswith("en") for word in words[-2 - (group.size != "medium") : -1] if word != "rosa")
            if group.count > 1:
                assert noun.endswith("en")


def test_french_elides_de_before_a_vowel_alone() -> None:
    for group in every_group(MOST_BESIDE):
        for relation in RELATIONS:
            text = landmark(group, relation, "fr")
            assert bool(regex.search(r" d'une? ", text)) == (group.count == 1)
            assert not regex.search(r"\bde [aeiouéœ]", text)


def test_turkish_landmarks_have_one_genitive_and_numbers_no_plural() -> None:
    back = set("aıou")
    for group in every_group(MOST_BESIDE):
        for relation in RELATIONS:
            *others, noun, _ = landmark(group, relation, "tr").split()
            assert regex.search(r"n?[ıiuü]n$", noun)
            # The vowel of the ending is as far back as the one before it, but for the loanword kalp.
            *_, before, last = (letter for letter in noun if letter in "aeıioöuü")
            assert (last in back) == (before in back and group.shape != "heart")
            assert not any("ler" in word or "lar" in word for word in (*others, noun))
            assert ("bir" in others) == (group.count == 1)


def test_hindi_landmarks_are_oblique() -> None:
    for group in every_group(MOST_BESIDE):
        for relation in RELATIONS:
            number, *words = landmark(group, relation, "hi").split(" के ")[0].split()
            assert number == ("दो" if group.count > 1 else "एक")
            assert not any(word.endswith("ा") for word in words)
            assert words[-1].endswith("ों") == (group.count > 1)


def test_bengali_and_turkish_and_indonesian_nouns_stay_as_they_are_after_numbers() -> None:
    for language in ("bn", "tr", "id"):
        for colour in COLOURS:
            for shape in SHAPES:
                several = phrase(Group(colour, shape, count=3), language).split()
                two = phrase(Group(colour, shape, count=2), language).split()
                assert several[1:] == two[1:]


def test_chinese_measure_words_follow_the_thing() -> None:
    for group in every_group(MOST_ALONE):
        assert phrase(group, "zh")[1] == ("颗" if group.shape in ("star", "heart") else "个")
        assert "二" not in phrase(group, "zh")
