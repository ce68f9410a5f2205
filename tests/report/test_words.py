"""The result in words says what was measured, and no more."""

from dataclasses import replace
from pathlib import Path

import pytest

from isogloss.report.content import Arm, Content, ReportedLanguage
from isogloss.report.measures import Average, Claim, Interval, Measure, Scores
from isogloss.report.words import extent, listed, number, standfirst, verdict

ARMS = (Arm("one", "English only"), Arm("two", "Parallel"))


def measure(value: float, width: float = 0.01) -> Measure:
    return Measure(
        {
            1: Interval(value, value - width, value + width),
            10: Interval(value * 2, value * 2 - width, value * 2 + width),
        }
    )


def content(pairs: dict[str, tuple[float, float]], width: float = 0.01, holds: tuple[bool, ...] = ()) -> Content:
    """Languages with (first arm's, second arm's) accuracy@1, all of them unseen."""
    means = [sum(pair[place] for pair in pairs.values()) / len(pairs) for place in (0, 1)]
    return Content(
        folder=Path("demo"),
        title="demo",
        arms=ARMS,
        languages={tag: ReportedLanguage(tag, tag.upper(), tag, "ltr") for tag in pairs},
        scores={
            tag: {"one": Scores(measure(one, width)), "two": Scores(measure(two, width))}
            for tag, (one, two) in pairs.items()
        },
        runs=(),
        averages=(Average("unseen", tuple(pairs), {"one": measure(means[0], width), "two": measure(means[1], width)}),),
        claims=tuple(Claim("claim", held, "measured") for held in holds),
        pictures=720,
    )


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        ((), ""),
        ((True,), "The claim holds."),
        ((False,), "The claim does not hold."),
        ((True, True), "Both claims hold."),
        ((True,) * 4, "All four claims hold."),
        ((False,) * 3, "None of the three claims holds."),
        ((True, False, False), "One of the three claims holds; two do not."),
        ((True, True, False), "Two of the three claims hold; one does not."),
    ],
)
def test_the_verdict_counts_the_claims(holds: tuple[bool, ...], sentence: str) -> None:
    assert verdict(content({"tr": (0.1, 0.2)}, holds=holds)) == sentence


def test_a_clear_result_is_called_clear() -> None:
    first, second = standfirst(content({"tr": (0.1, 0.2), "ko": (0.1, 0.2)}))
    plain = first.replace("\N{WORD JOINER}", "").replace("\N{NO-BREAK SPACE}", " ")
    assert plain == (
        "In the two languages never seen beside a picture, the right picture is among the first ten of 720 "
        "for 40.0 % (39.0–41.0) of captions with Parallel, for 20.0 % (19.0–21.0) with English only: 2.00 "
        "times as often, and the intervals lie apart."
    )
    assert (
        second == "At accuracy@1 Parallel is ahead in two of two languages, in each of them with intervals that do "
        "not overlap."
    )


def test_overlapping_intervals_are_said() -> None:
    first, second = standfirst(content({"tr": (0.1, 0.12)}, width=0.05))
    assert "but the intervals overlap" in first
    assert second == "At accuracy@1 Parallel is ahead in one of one language, with intervals that overlap."


def test_a_language_where_it_is_behind_is_named_and_a_tie_is_not_ahead() -> None:
    _, second = standfirst(content({"tr": (0.2, 0.1), "ko": (0.1, 0.2), "ru": (0.3, 0.3)}))
    assert second == (
        "At accuracy@1 Parallel is ahead in one of three languages, with intervals that do not overlap. "
        "It is not ahead in TR and RU."
    )


def test_being_behind_everywhere_is_said() -> None:
    first, second = standfirst(content({"tr": (0.2, 0.1), "ko": (0.2, 0.1)}))
    assert "0.50 times as often" in first
    assert second == "At accuracy@1 Parallel is ahead in none of the two languages."


def test_an_arm_that_finds_nothing_has_no_ratio() -> None:
    first, _ = standfirst(content({"tr": (0.0, 0.1)}))
    assert "times as often" not in first


def test_a_single_arm_has_its_best_and_worst_language() -> None:
    both = content({"tr": (0.2, 0.1), "ko": (0.1, 0.2)})
    (sentence,) = standfirst(replace(both, arms=ARMS[:1]))
    assert sentence.replace("\N{WORD JOINER}", "") == (
        "Over two languages, accuracy@10 of caption → image goes from 0.200 (0.190–0.210) in KO to 0.400 "
        "(0.390–0.410) in TR."
    )


def test_the_headline_takes_no_k_that_is_more_than_half_of_the_pictures() -> None:
    both = content({"tr": (0.1, 0.2), "ko": (0.2, 0.1)})
    for pictures, told in ((20, "is among the first ten of 20"), (19, "comes first of 19"), (2, "comes first of 2")):
        assert told in standfirst(replace(both, pictures=pictures))[0]
        (alone,) = standfirst(replace(both, pictures=pictures, arms=ARMS[:1]))
        assert ("accuracy@10" if pictures == 20 else "accuracy@1 ") in alone
    for arms in (ARMS, ARMS[:1]):
        assert standfirst(replace(both, pictures=1, arms=arms)) == []
    assert "among the first ten for" in standfirst(replace(both, pictures=None))[0], "how many is not known"


def test_nothing_evaluated_is_nothing_said() -> None:
    nothing = replace(content({"tr": (0.1, 0.2)}), scores={}, languages={}, averages=(), pictures=None)
    assert standfirst(nothing) == []
    assert extent(replace(nothing, steps=600)) == "600 steps"


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (1.75, "1.75"), (0.0, "0"), (1234.0, "1,234"), (123.45, "123.5")]
)
def test_numbers_as_a_reader_wants_them(value: float, text: str) -> None:
    assert number(value) == text


def test_lists_as_a_sentence_has_them() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
