"""What of a language model's reply is the translation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.languages import language
from isogloss.translate.prompt import QUOTES, answer, prompt


def test_a_request_names_both_languages_and_ends_in_the_caption() -> None:
    asked = prompt("A dog: it runs.", language("en"), language("zh-Hant"))
    assert asked.endswith("\n\nA dog: it runs.")
    assert "English" in asked and "Traditional" in asked


@pytest.mark.parametrize(
    ("reply", "caption", "translation"),
    [
        ("Un perro corre.", "A dog runs.", "Un perro corre."),
        (' "Un perro corre." \n', "A dog runs.", "Un perro corre."),
        ("«Un chien court.»", "A dog runs.", "Un chien court."),
        ("「犬が走る。」", "A dog runs.", "犬が走る。"),
        ("Here is the translation:\n\nUn perro corre.", "A dog runs.", "Un perro corre."),
        ('Sure! Here it is:\n"Un perro corre."', "A dog runs.", "Un perro corre."),
        ("<think>\nA dog.\n</think>\n\nUn perro corre.", "A dog runs.", "Un perro corre."),
        # What the caption has itself stays.
        ('"Alto", dice el cartel "rojo"', '"Stop" says the "red" sign', '"Alto", dice el cartel "rojo"'),
        ('"Alto"', '"Stop"', '"Alto"'),
        ('"Alto" y "siga"', "Stop and go", '"Alto" y "siga"'),
        ("Menú:\nsopa", "Menu: soup:", "Menú: sopa"),
        # What is no translation stays whole, for others to find.
        ("Un perro.\n\nNote: informal.", "A dog.", "Un perro. Note: informal."),
        ("Un perro:", "A dog", "Un perro:"),
        ("", "A dog.", ""),
        ('"', "A dog.", '"'),
    ],
)
def test_what_is_left_out(reply: str, caption: str, translation: str) -> None:
    assert answer(reply, caption) == translation


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"))), st.sampled_from(QUOTES)
)
def test_a_plain_line_is_its_own_answer(text: str, quotes: str) -> None:
    marks = {mark for pair in QUOTES for mark in pair}
    plain = "".join(letter for letter in text if letter not in marks).removeprefix("<think>")
    assert answer(plain, "A dog") == plain.strip()
    if plain.strip():
        assert answer(f"{quotes[0]}{plain}{quotes[1]}", "A dog") == plain.strip()
