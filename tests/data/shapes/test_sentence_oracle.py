"""Captions read back, leniently and exactly, and the language of a text."""

import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from data.shapes.any_scene import KEYS, every_group, some_scenes
from data.shapes.expected_captions import LANGUAGES
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.shapes.grammar import GRAMMARS, answer_text, caption, keywords
from isogloss.data.worlds.shapes.lexicon import folded, found, meanings_of
from isogloss.data.worlds.shapes.questions import questions
from isogloss.data.worlds.shapes.scene import MOST_ALONE, Scene
from isogloss.data.worlds.shapes.sentence_oracle import attributes_right, language_of, read_sentence
from isogloss.errors import UserError

SCENE = Scene.of("1-small-red-circle.left_of.2-medium-blue-square")
EVERY = {"relation"} | {f"{place}.{of}" for place in ("first", "second") for of in ("colour", "shape", "size", "count")}


def capitals(text: str, language: str) -> str:
    return (text.replace("i", "İ") if language == "tr" else text.replace("ß", "ẞ")).upper()


@given(KEYS, st.sampled_from(LANGUAGES))
def test_a_caption_is_read_back_and_in_its_language_only(key: str, language: str) -> None:
    scene = Scene.of(key)
    text = caption(scene, language)
    assert [other for other in LANGUAGES if read_sentence(text, other)] == [language]
    assert read_sentence(text, language) == scene
    assert language_of(text) == language
    assert set(attributes_right(scene, text, language).values()) == {True}


@given(KEYS, st.sampled_from(LANGUAGES), st.sampled_from(["NFC", "NFD"]), st.sampled_from(["", ".", "。", "।"]))
def test_case_form_space_and_full_stop_make_no_difference(key: str, language: str, form: str, stop: str) -> None:
    scene = Scene.of(key)
    text = caption(scene, language)
    for written in (text, text[0].upper() + text[1:] if language != "tr" else text, capitals(text, language)):
        changed = unicodedata.normalize(form, f" \n{written}{stop}\t ")  # type: ignore[arg-type]
        assert read_sentence(changed, language) == scene


def test_every_group_alone_is_read_back() -> None:
    for language in LANGUAGES:
        for group in every_group(MOST_ALONE):
            assert read_sentence(caption(Scene((group,)), language), language) == Scene((group,))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "a orange circle"),
        ("en", "a red circles"),
        ("en", "a red circle above"),
        ("en", "a red circle above a red circle"),
        ("en", "three red circles above a blue square"),
        ("en", "a red circle above a blue square above a green star"),
        ("en", "a red  circle"),
        ("en", ""),
        ("en", "."),
        ("es", "una círculo rojo"),
        ("es", "un círculo roja"),
        ("de", "ein rotes Kreis"),
        ("de", "ein roter Kreis über ein blaues Quadrat"),
        ("fr", "une étoile rouge à gauche de un carré bleu"),
        ("hi", "एक नीला वर्ग के ऊपर एक लाल वृत्त"),
        ("tr", "mavi bir kare üstünde kırmızı bir daire"),
        ("tr", "iki kırmızı daireler"),
        ("zh", "一个绿色的星星"),
        ("ja", "三つ緑の星"),
        ("bn", "একটি নীল বর্গক্ষেত্র উপরে একটি লাল বৃত্ত"),
        ("id", "dua buah lingkaran-lingkaran merah"),
    ],
)
def test_what_is_no_caption_is_not_read(language: str, text: str) -> None:
    assert read_sentence(text, language) is None


@given(st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_any_text_can_be_read(text: str, language: str) -> None:
    scene = read_sentence(text, language)
    assert scene is None or folded(caption(scene, language), language) in folded(text, language)
    assert attributes_right(SCENE, text, language).keys() == attributes_right(SCENE, "", language).keys()
    assert language_of(text) in (None, *LANGUAGES)


def wrong(text: str, language: str = "en", scene: Scene = SCENE) -> set[str]:
    return {name for name, right in attributes_right(scene, text, language).items() if not right}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A small red circle is to the left of two blue squares!", set[str]()),
        ("two blue squares to the right of one tiny red circle", set[str]()),
        ("a small green circle to the left of two blue squares", {"first.colour"}),
        ("a red circle to the left of three large blue squares", {"first.size", "second.size", "second.count"}),
        ("a small red star above two blue squares", {"first.shape", "relation"}),
        ("two blue squares to the left of a small red circle", EVERY - {"relation"}),
        ("a small red circle", {"second.colour", "second.shape", "second.size", "second.count", "relation"}),
    ],
)
def test_attributes_by_the_words_of_a_text(text: str, expected: set[str]) -> None:
    assert wrong(text) == expected


def test_nothing_is_right_in_a_text_without_words_or_in_another_language() -> None:
    for text in ("", "?", "ein kleiner roter Kreis links von zwei blauen Quadraten"):
        assert not any(attributes_right(SCENE, text, "en").values())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "Hay dos cuadrados azules a la derecha de un círculo pequeño y rojo."),
        ("de", "Ein klein rot Kreis ist links von zwei blaue Quadrate"),
        ("fr", "deux carrés bleu à droite d’une petit cercle rouge"),
        ("ja", "赤い小さな丸の右側に青い四角が2つ"),
        ("zh", "两个蓝色方块的左边是小的红色圆圈"),
        ("hi", "दो नीले वर्ग के बाएँ एक छोटी लाल गोला"),
        ("bn", "দুটো নীল বর্গের বাম পাশে ছোট লাল বৃত্তটি"),
        ("tr", "İki mavi kare solunda bir küçük kırmızı daire"),
        ("id", "satu lingkaran kecil merah di kiri dua persegi biru"),
    ],
)
def test_attributes_are_found_in_ungrammatical_sentences(language: str, text: str) -> None:
    assert not wrong(text, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_changed_attribute_is_the_one_that_is_wrong(language: str) -> None:
    for scene in some_scenes()[:300]:
        first, second = scene.groups
        changed = replace(first, colour="red" if "red" not in (first.colour, second.colour) else "black")
        if changed.colour not in (first.colour, second.colour):
            assert wrong(caption(replace(scene, groups=(changed, second)), language), language, scene) == {
                "first.colour"
            }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_form_has_two_meanings(language: str) -> None:
    words = GRAMMARS[language].WORDS
    tables = (words.colours, words.shapes, words.sizes, words.counts, words.relations)
    forms = {folded(form, language) for table in tables for some in table.values() for form in some}
    meanings = [
        (folded(form, language), (number, value))
        for number, table in enumerate(tables)
        for value, some in table.items()
        for form in some
    ]
    assert len(set(meanings)) == len(forms) == len(meanings_of(language))


@given(KEYS, st.sampled_from(LANGUAGES))
def test_keywords_are_words_of_the_lexicon(key: str, language: str) -> None:
    for word in keywords(Scene.of(key), language):
        (one,) = found(word, language)
        assert (one.start, one.end) == (0, len(word))


def test_the_language_of_answers_and_of_ungrammatical_sentences() -> None:
    for place, scene in enumerate(some_scenes()[:15]):
        for _, answer in questions(scene, np.random.default_rng(place)):
            for language in LANGUAGES:
                assert language_of(answer_text(answer, language)) == language
    assert language_of("ein roter Kreis von zwei Quadrate") == "de"
    assert language_of("the red circle and the square") == "en"
    assert language_of("赤い円と青い正方形") == "ja"
    assert language_of("") is language_of("…") is language_of("Здравствуйте") is language_of("un") is None


def test_an_unknown_language_is_told() -> None:
    for reading in (lambda: read_sentence("a", "xx"), lambda: attributes_right(SCENE, "a", "xx")):
        with pytest.raises(UserError, match="no language of the shapes world 'xx'"):
            reading()
