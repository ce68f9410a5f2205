"""Short replies, numbers and names are judged as what they are."""

import pytest
from translate.human_captions import LANGUAGES as CAPTIONED
from translate.human_captions import captions
from translate.short_replies import LANGUAGES, REPLIES

from isogloss.languages import language
from isogloss.translate.engine import Translation
from isogloss.translate.quality import judge


def reasons(pairs: list[tuple[str, str]], tag: str) -> list[tuple[str, str]]:
    """What is rejected of pairs into a language, and why."""
    sources, texts = zip(*pairs, strict=True)
    verdicts = judge(sources, [Translation(text) for text in texts], language("en"), language(tag))
    return [(text, verdict.reason) for text, verdict in zip(texts, verdicts, strict=True) if verdict.reason]


@pytest.mark.parametrize("tag", LANGUAGES[1:])
def test_right_replies_are_kept_among_captions_and_alone(tag: str) -> None:
    replies = [(one["en"], one[tag]) for one in REPLIES]
    # A word that begins with a capital may be a copied one, which another script alone shows.
    allowed = [("Windows", "wrong script")] if tag in ("ja", "hi", "zh") else []
    assert reasons(replies, tag) == allowed
    if tag in CAPTIONED:
        told = list(zip(*captions(tag), strict=True))[:300]
        texts = {text for _, text in replies}
        assert [one for one in reasons([*replies, *told], tag) if one[0] in texts] == allowed


@pytest.mark.parametrize("tag", ["ja", "hi", "zh"])
def test_replies_that_stayed_in_another_script_are_found(tag: str) -> None:
    copied = [(one["en"], one["en"]) for one in REPLIES if one["en"] != one[tag]]
    kept = {text for text, _ in copied} - {text for text, _ in reasons(copied, tag)}
    assert kept <= {"McDonald's", "5 km", "10:15 am"}


@pytest.mark.parametrize("text", ["Two dogs", "iphone", "2 dogs", "5 kilo", "STOP now"])
def test_words_of_another_script_that_are_no_names_are_found(text: str) -> None:
    assert reasons([(text, text)], "ja") == [(text, "wrong script")]


def test_a_cut_caption_is_found_where_a_reply_of_one_word_is_kept() -> None:
    told = list(zip(*captions("fr"), strict=True))
    assert reasons([("One", "Un"), ("A dog on the beach", "Un"), *told], "fr")[0] == ("Un", "truncated")
    assert len([one for one in reasons([("One", "Un"), *told], "fr") if one[0] == "Un"]) == 0
