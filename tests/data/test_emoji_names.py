"""The names in the fourteen languages, as words."""

import re
import unicodedata

import emoji
import pytest

from isogloss.data.worlds.emoji_names import LANGUAGES, fully_qualified, names, restore_breves, words


def test_the_languages() -> None:
    assert set(LANGUAGES) == {
        "en",
        "es",
        "ja",
        "ko",
        "pt",
        "it",
        "fr",
        "de",
        "fa",
        "id",
        "zh",
        "ru",
        "tr",
        "ar",
    }


def test_every_fully_qualified_emoji_once_and_the_plainest_first() -> None:
    found = fully_qualified()
    expected = {text for text, entry in emoji.EMOJI_DATA.items() if entry["status"] == 2}
    assert len(found) == len(set(found)) > 3_600
    assert set(found) == expected
    lengths = [len(text) for text in found]
    assert lengths == sorted(lengths)
    # Fonts draw each pair alike.
    for plain, special in (
        ("🇫🇷", "🇨🇵"),
        ("🇳🇴", "🇧🇻"),
        ("🇦🇺", "🇭🇲"),
        ("🇪🇸", "🇪🇦"),
        ("🇺🇸", "🇺🇲"),
        ("🏂", "🏂🏽"),
    ):
        assert found.index(plain) < found.index(special)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_names_are_words(language: str) -> None:
    found = names(language)
    assert set(found) == set(fully_qualified())
    for name in found.values():
        assert name == " ".join(name.split()) != ""
        assert not re.search(r"[:_]", name)
        assert unicodedata.is_normalized("NFC", name)
    # A name that two pictures share would make retrieval undecidable.
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "🆎", "AB button (blood type)"),
        ("en", "🕐", "one o’clock"),
        ("en", "👩🏽\u200d🌾", "woman farmer medium skin tone"),
        ("es", "🐶", "cara de perro"),
        (
            "de",
            "🧑🏻\u200d❤\ufe0f\u200d💋\u200d🧑🏼",
            "sich küssendes paar erwachsener erwachsener helle hautfarbe, mittelhelle hautfarbe",
        ),
        ("fr", "🇨🇮", "drapeau côte d’ivoire"),
        ("ja", "👩🏽\u200d🌾", "農家の女性 中間の肌色"),
        ("ru", "🏳\ufe0f\u200d🌈", "радужный флаг"),
        ("ru", "🇯🇵", "флаг Япония"),
        ("ar", "🏳\ufe0f\u200d🌈", "علم ألوان طيف"),
    ],
)
def test_some_names(language: str, text: str, name: str) -> None:
    assert names(language)[text] == name


def test_words() -> None:
    assert words(":a__b_:") == "a b"
    assert words(":eins,zwei,_drei:") == "eins, zwei, drei"
    assert words(":1,5_liter:") == "1,5 liter"
    assert words(":cafe\u0301:") == "café"


def test_breves_are_restored_only_where_they_were_lost() -> None:
    found = {
        "1": "средний",
        "2": "среднии тон",
        "3": "Японии",
        "4": "человек-полицеискии",
        "5": "полицейский",
        "6": "другои",
    }
    assert restore_breves(found) == {
        "1": "средний",
        "2": "средний тон",
        "3": "Японии",
        "4": "человек-полицейский",
        "5": "полицейский",
        "6": "другой",
    }
