"""Words of captions in many scripts, whichever way they are typed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.tokenisation import all_words, tokenisation, words


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Two RED circles, don't they?", "two red circles don't they"),
        ("fr", "L’été, à 3,5 m…", "l’été à 3,5 m"),
        ("de", "Zwei GROSSE Straßen", "zwei grosse strassen"),
        ("es", "¿Qué círculo? ¡Ése!", "qué círculo ése"),
        ("tr", "KIRMIZI bir daire, İki kare", "kırmızı bir daire iki kare"),
        ("hi", "एक लाल वृत्त है।", "एक लाल वृत्त है"),
        ("bn", "একটি লাল বৃত্ত।", "একটি লাল বৃত্ত"),
        ("ar", "دائرة حمراء، مربع؟", "دائرة حمراء مربع"),
        ("ja", "赤い円が２つあります。", "赤い 円 が 2 つ あり ます"),
        ("zh", "蓝色正方形上面有一个红色的圆形。", "蓝色 正方形 上面 有 一个 红色 的 圆形"),
        ("th", "วงกลมสีแดงสองวง", "วงกลม สี แดง สอง วง"),
        ("ko", "파란 사각형 위의 빨간 원", "파란 사각형 위의 빨간 원"),
    ],
)
def test_words(language: str, text: str, expected: str) -> None:
    assert words(text, language) == expected.split()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("lo", "ວົງມົນສີແດງຢູ່ເທິງ"),
        ("km", "រង្វង់ពណ៌ក្រហមមួយ"),
        ("my", "အနီရောင်စက်ဝိုင်းတစ်ခု"),
        ("th", "น้ำเงิน"),
        ("zh-Hant", "藍色正方形上面有一個紅色的圓形"),
    ],
)
def test_scripts_without_spaces_are_neither_one_word_nor_letters(language: str, text: str) -> None:
    found = words(text, language)
    whole = unicodedata.normalize("NFKC", text)
    assert "".join(found) == whole and len(found) < len(whole)
    assert len(found) > 1 or language == "th"


def test_people_of_several_code_points_stay_whole() -> None:
    assert words("👨‍👩‍👧 red", "en") == ["👨👩👧", "red"]


def test_what_says_nothing_is_no_word() -> None:
    assert words(" …「」, -!?। \t\n\u200b", "ja") == []
    assert words("", "en") == []


@given(st.text(max_size=30), st.sampled_from(["en", "ja", "th", "hi", "tr"]))
def test_any_text_has_the_same_words_composed_or_not(text: str, language: str) -> None:
    found = words(text, language)
    assert found == words(unicodedata.normalize("NFD", text), language)
    assert all(found)


@given(st.text("abcdefghij ,.!", max_size=30))
def test_capitals_and_full_width_letters_are_the_same_words(text: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in text.upper())
    assert words(wide, "en") == words(text, "en")


def test_many_texts_at_once() -> None:
    texts = ["a b", "c", "a b"]
    assert all_words(texts, "en") == [["a", "b"], ["c"], ["a", "b"]]


def test_a_result_names_the_version_of_the_dictionaries() -> None:
    assert tokenisation().startswith("words of ICU 7")
