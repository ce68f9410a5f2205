"""Scores as judges write them, and what is no verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.evaluate.judge.client import NoReplyError
from isogloss.evaluate.judge.verdict import read_reply


@pytest.mark.parametrize(
    "line",
    [
        *(
            "8 6.5",
            "8, 6.5",
            "8; 6.5",
            "8 | 6.5",
            "**8 6.5**",
            "8/10 6.5/10",
            "Scores: 8 6.5",
            "A: 8, B: 6.5",
            "`8 6.5`",
        ),
        *("**A:** 8 **B:** 6.5", "Score of A: 8, score of B: 6.5", "८ 6.5", "<think>maybe 3 4\n5 5</think>\n\n8 6.5"),
    ],
)
def test_lines_that_bear_two_scores(line: str) -> None:
    assert read_reply(f"\n{line}\nA names 2 dogs.\nB 1.") == (8, 6.5, "A names 2 dogs.\nB 1.")


@given(st.sampled_from(range(10, 101)), st.sampled_from(range(10, 101)), st.text())
def test_every_pair_of_scores_is_read_again(first: int, second: int, explanation: str) -> None:
    found = read_reply(f"{first / 10} {second / 10}\n{explanation}")
    assert found == (first / 10, second / 10, explanation.strip())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nonsense"),
        ("8", "nonsense"),
        ("8 7 6", "nonsense"),
        ("0 5", "nonsense"),
        ("11 5", "nonsense"),
        ("-8 5", "nonsense"),
        ("8 -5", "nonsense"),
        ("8-5", "nonsense"),
        ("nan 5", "nonsense"),
        ("10000000000000000000000000 5", "nonsense"),
        ("A is better than B.", "nonsense"),
        ("A is 8 and has more of the 5 dogs", "nonsense"),
        ("<think>8 7", "nonsense"),
        ("I'm sorry, but I can't judge this.", "refused"),
        ("I’m sorry, but I can’t judge this.", "refused"),
        ("申し訳ありませんが、できません。", "refused"),
        ("A is better.\n" + "It is long. " * 30 + "I cannot help with B.", "nonsense"),
    ],
)
def test_what_is_no_verdict(text: str, reason: str) -> None:
    with pytest.raises(NoReplyError) as caught:
        read_reply(text)
    assert caught.value.reason == reason
    assert caught.value.said == (text or "nothing")


@given(st.text())
def test_no_words_make_it_fail_otherwise(text: str) -> None:
    try:
        first, second, _ = read_reply(text)
    except NoReplyError:
        return
    assert 1 <= first <= 10 and 1 <= second <= 10
