"""What is named with its language or split, and paths that only look so."""

import pytest

from isogloss.data.sources.tagged import in_language, tag_and_name
from isogloss.errors import UserError


@pytest.mark.parametrize(
    ("word", "tag", "name"),
    [
        ("es=leyenda", "es", "leyenda"),
        ("zh-Hant=a=b.json", "zh-Hant", "a=b.json"),
        ("caption", "", "caption"),
        ("s3://bucket/lang=en/captions.json", "", "s3://bucket/lang=en/captions.json"),
        ("../lang=en/captions.json", "", "../lang=en/captions.json"),
        ("=captions.json", "", "=captions.json"),
    ],
)
def test_what_stands_before_the_sign(word: str, tag: str, name: str) -> None:
    assert tag_and_name(word) == (tag, name)


def test_languages_are_those_of_the_table() -> None:
    assert in_language("spa=leyenda", "en") == ("leyenda", "es")
    assert in_language("/data/split=train/captions.json", "hi") == ("/data/split=train/captions.json", "hi")
    with pytest.raises(UserError, match="no language 'klingon'"):
        in_language("klingon=leyenda", "en")
