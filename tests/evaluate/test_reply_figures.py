"""The figures of replies, against counts by hand."""

import json

import numpy as np
import pyarrow as pa
import pytest

from isogloss.evaluate.replies import reply_table
from isogloss.evaluate.reply_figures import summarise

ENGLISH = ["a red circle above a large blue square", "three small green hearts", "a black star left of a pink cross"]
JAPANESE = ["大きな青い正方形の上にある赤い円", "三つの小さな緑のハート", "ピンクの十字の左にある黒い星"]


def replies(english: list[str], japanese: list[str]) -> pa.Table:
    keys, count = ["one", "two", "three"], len(ENGLISH)
    return reply_table(
        key=keys * 2,
        language=["en"] * count + ["ja"] * count,
        instruction=["Describe it."] * count + ["説明して。"] * count,
        reply=english + japanese,
        references=[[text] for text in ENGLISH + JAPANESE],
    )


GOOD = replies([text + "." for text in ENGLISH], JAPANESE)
WORSE = replies(ENGLISH, [JAPANESE[0], ENGLISH[1], "42"])


def test_figures_are_those_counted_by_hand() -> None:
    found = summarise([GOOD, WORSE])
    english, japanese = found["languages"]["en"], found["languages"]["ja"]
    assert found["seeds"] == 2 and english["captions"] == japanese["captions"] == 3
    assert english["exact"] == [1, 1, 1] and english["fidelity"][0] == 1
    assert japanese["exact"][0] == japanese["fidelity"][0] == pytest.approx(4 / 6)
    assert japanese["exact"][1] < 4 / 6 < japanese["exact"][2] == 1
    assert japanese["unsure"][0] == pytest.approx(1 / 6)
    assert japanese["replied"] == {"ja": 4, "en": 1, "unsure": 1}
    assert japanese["relative_exact"] == pytest.approx(japanese["exact"]) and english["relative_exact"] == [1, 1, 1]
    assert english["cider"][0] == pytest.approx(10) and english["corpus_chrf"] > 95
    assert japanese["cider"][0] < 7 and japanese["chrf"][0] < 70
    json.dumps(found, allow_nan=False)


def test_the_order_of_replies_is_all_the_same() -> None:
    order = np.array([4, 0, 5, 2, 1, 3])
    assert summarise([GOOD.take(order), WORSE.take(order[::-1])]) == summarise([GOOD, WORSE])


def test_attributes_are_read_where_they_can_be() -> None:
    def share(keys: object, language: str, texts: object) -> np.ndarray:
        assert keys == ["one", "three", "two"], "in the order of the pictures' keys"
        return np.array([1.0, 0.5, 0.0]) if language == "en" else np.ones(3)

    found = summarise([GOOD], attributes=share)["languages"]
    assert found["en"]["attributes"][0] == pytest.approx(0.5) and found["ja"]["attributes"] == [1, 1, 1]
    assert "attributes" not in summarise([GOOD])["languages"]["en"]


def test_nothing_is_relative_to_a_language_that_is_never_right() -> None:
    found = summarise([replies(["no"] * 3, JAPANESE)])["languages"]
    assert found["ja"]["relative_exact"] is None and found["ja"]["exact"] == [1, 1, 1]


def test_seeds_that_were_asked_different_things_are_refused() -> None:
    with pytest.raises(ValueError, match="not asked the same"):
        summarise([GOOD, WORSE.slice(1)])
    with pytest.raises(ValueError, match="no reply"):
        summarise([])


def test_the_mean_over_languages_has_an_interval_of_its_own() -> None:
    found = summarise([GOOD, WORSE], groups={"both": ["ja", "en"], "one": ["ja"], "strange": ["ja", "de"]})
    japanese = found["languages"]["ja"]
    assert set(found["averages"]) == {"both", "one"}, "a mean is of all of its languages or of none"
    assert found["averages"]["both"]["languages"] == ["ja", "en"]
    assert found["averages"]["one"]["cider"] == japanese["cider"]
    for name in ("exact", "fidelity"):
        assert found["averages"]["one"][name] == pytest.approx(japanese[name])
        # English is right in every draw, so that all that the mean moves by is half of what Japanese does.
        assert found["averages"]["both"][name] == pytest.approx([(1 + value) / 2 for value in japanese[name]])
    assert "averages" not in summarise([GOOD, WORSE])
