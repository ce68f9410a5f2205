"""Claims hold by whole intervals alone, and say in which languages they do not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.report.chat_claims import claims
from isogloss.report.chat_content import ChatArm, ChatContent, Figures, Point, ShareCurve
from isogloss.report.chat_words import compared, comparisons, enough, found
from isogloss.report.content import ReportedLanguage
from isogloss.report.judged import JudgedClaim, State, state_of, verdict
from isogloss.report.measures import Interval

NAMES = {"en": "English", "es": "Spanish", "ja": "Japanese"}
LANGUAGES = {tag: ReportedLanguage(tag, name, name, "ltr") for tag, name in NAMES.items()}


def one(value: float, low: float | None = None, high: float | None = None, **measures: Interval) -> Figures:
    """Figures of a language that is exactly right so often."""
    interval = Interval(value, value if low is None else low, value if high is None else high)
    return Figures(
        {"exact": interval, "relative_exact": interval, "fidelity": Interval(100, 100, 100), **measures}, 100
    )


def content(
    spanish: Figures,
    japanese: Figures,
    *,
    share: float | None = 0.01,
    curves: tuple[ShareCurve, ...] = (),
    native: Figures | None = None,
) -> ChatContent:
    """An experiment in three languages; native: of another arm, in Spanish and Japanese alike."""
    main, other = ChatArm("pivot", "Pivot", "pivot", share), ChatArm("native", "Native", "native")
    scores = {"pivot": {"en": one(100), "es": spanish, "ja": japanese}}
    if native:
        scores["native"] = {"es": native, "ja": native}
    return ChatContent(
        folder=Path(),
        title="",
        experiment=True,
        main=main,
        arms=(main, other),
        trained=("en",),
        languages=LANGUAGES,
        scores=scores,
        answers={},
        translated_share=share,
        curves=curves,
        seeds=2,
    )


def point(share: float, *, es: float, ja: float) -> Point:
    """Replies in the language that was asked for, surely so often."""
    figures = {tag: Figures({"fidelity": Interval(value, value, value)}) for tag, value in {"es": es, "ja": ja}.items()}
    return Point(share, round(1000 * share), figures)


@pytest.mark.parametrize(
    ("spanish", "japanese", "state", "words"),
    [
        (one(97, 95, 98), one(99, 96, 100), "holds", "clearly reached in 2 of 2 languages; the least is Spanish"),
        (one(97, 94.9, 98), one(99, 96, 100), "undecided", "in 1 of 2 languages; not decided in Spanish; the least"),
        (one(94, 93, 94.9), one(96, 94, 98), "does not hold", "not decided in Japanese; clearly missed in Spanish"),
        (one(94, 93, 95), one(94, 93, 95), "undecided", "in 0 of 2 languages; not decided in Spanish and Japanese"),
    ],
)
def test_a_claim_on_all_languages_is_decided_by_whole_intervals(
    spanish: Figures, japanese: Figures, state: State, words: str
) -> None:
    first = claims(content(spanish, japanese))[1]
    assert first.state == state
    assert words in first.measured
    assert first.measured.endswith("intervals over pictures and 2 seeds")


@given(value=st.floats(0, 100), below=st.floats(0, 50), above=st.floats(0, 50), least=st.floats(0, 100))
def test_a_bound_is_reached_missed_or_undecided(value: float, below: float, above: float, least: float) -> None:
    low, high = value - below, value + above
    state = state_of(Interval(value, low, high), least)
    if state == "holds":
        assert low >= least - 1e-8
    elif state == "does not hold":
        assert high < least + 1e-8
    else:
        assert low - 1e-8 < least <= high + 1e-8


def test_what_has_no_interval_decides_nothing() -> None:
    assert state_of(None, 5) == state_of(Interval(100), 5) == "undecided"
    without = Figures({"exact": Interval(99, 99, 99), "fidelity": Interval(100, 100, 100)})
    assert claims(content(one(99), without))[1].state == "undecided"


def test_fidelity_is_judged_by_the_smallest_share_that_reaches_it_or_else_the_greatest_that_is_small() -> None:
    curve = ShareCurve((point(0, es=10, ja=10), point(0.003, es=99.5, ja=98), point(0.03, es=100, ja=100)))
    only = ShareCurve((point(0.001, es=100, ja=0),), taught="es")
    little = claims(content(one(99), one(99), share=0.01, curves=(curve, only)))[-1]
    assert (little.state, little.measured.startswith("with 1 %: clearly reached")) == ("holds", True)
    smaller = ShareCurve((point(0.001, es=99.5, ja=99), point(0.003, es=100, ja=50)))
    least = claims(content(one(99), one(99), share=0.01, curves=(smaller,)))[-1]
    assert (least.state, least.measured.startswith("with 0.1 %: clearly reached")) == ("holds", True)
    much = claims(content(one(99), one(99), share=0.1, curves=(only, curve)))[-1]
    assert much.state == "does not hold"
    assert much.measured.startswith("with 0.3 %: clearly reached in 1 of 2 languages; clearly missed in Japanese")
    nothing = claims(content(one(99), one(99), share=0.1, curves=(only,)))[-1]
    assert (nothing.state, nothing.measured) == ("undecided", "nothing was measured with at most 1 %")


def test_exactness_is_judged_without_translation_and_with_a_little_of_it() -> None:
    figures = {"en": one(100), "es": one(97), "ja": one(96)}
    curve = ShareCurve((Point(0, 0, {"en": one(100), "es": one(50), "ja": one(50)}), Point(0.01, 10, figures)))
    first, second, _ = claims(content(one(50), one(60), share=0, curves=(curve,)))
    assert first.claim.endswith("of the two languages that had no captions, with English pairs alone.")
    assert first.state == "does not hold"
    assert second.claim.endswith(
        "of the two languages that had no captions, with at most 1 % of the instructions in these."
    )
    assert second.state == "holds"
    assert second.measured.startswith("with 1 %: clearly reached in 2 of 2 languages; the least is Japanese with 96.0")


def pivots(**scores: tuple[Figures, Figures]) -> ChatContent:
    """The demo's pivots in their order, with native pairs and translation, each in Spanish and Japanese."""
    every = content(*scores["stated"])
    arms = (
        ChatArm("stated", "Stated", "pivot", 0.01, ("es", "ja")),
        ChatArm("english", "English", "pivot", 0.0),
        ChatArm("aligned", "Aligned", "pivot", 0.0, instructed=False),
        ChatArm("native", "Native", "native", None, ("es",)),
        ChatArm("translated", "Translated", "translated"),
    )
    found = {name: {"en": one(100), "es": spanish, "ja": japanese} for name, (spanish, japanese) in scores.items()}
    return replace(every, main=arms[0], arms=tuple(arm for arm in arms if arm.name in found), scores=found)


def test_english_pairs_alone_are_always_judged_and_then_what_is_stated() -> None:
    every = pivots(stated=(one(97), one(97)), english=(one(60), one(97)), aligned=(one(97), one(97)))
    first, second, _ = claims(every)
    assert first.claim.endswith("that had no captions, with English pairs alone.")
    assert (first.state, "clearly missed in Spanish" in first.measured) == ("does not hold", True)
    assert second.claim.endswith("that had no captions, with 1 % of the instructions in these.")
    assert second.state == "holds"
    # A model without instructions is another one, whatever it reaches.
    first, second, _ = claims(pivots(stated=(one(97), one(97)), aligned=(one(97), one(97))))
    assert (first.state, first.measured) == ("undecided", "nothing was measured with English pairs alone")
    assert second.state == "holds"


def test_each_arm_is_compared_with_the_one_that_it_differs_from_in_one_thing() -> None:
    """Whatever the order of the pivots: translation with the model whose replies it has, native pairs with English ones."""
    figures = {name: (one(50), one(50)) for name in ("stated", "english", "aligned", "native", "translated")}
    every = pivots(**figures)
    for each in (every, replace(every, arms=(every.arms[0], every.arms[2], every.arms[1], *every.arms[3:]))):
        pairs = {tuple(re.findall("with “(.*?)”", sentence)) for sentence in comparisons(each)}
        assert pairs == {
            ("Stated", "English"),
            ("Stated", "Aligned"),
            ("English", "Native"),
            ("Stated", "Translated"),
        }
    without = pivots(**{name: each for name, each in figures.items() if name not in ("english", "translated")})
    assert re.findall("with “(.*?)”", comparisons(without)[-1]) == ["Stated", "Native"]
    alone = replace(every, main=every.arms[1], translated_share=0.0)
    assert re.findall("with “(.*?)”", comparisons(alone)[-1]) == ["English", "Translated"]


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ((), ""),
        (("holds",), "The claim holds."),
        (("holds", "holds"), "Both claims hold."),
        (("does not hold", "does not hold"), "Of the two claims, two do not hold."),
        (
            ("holds", "does not hold", "undecided"),
            "Of the three claims, one holds, one does not hold and one is undecided.",
        ),
    ],
)
def test_the_verdict_counts_what_does_not_hold(states: tuple[State, ...], sentence: str) -> None:
    assert verdict([JudgedClaim("", state, "") for state in states]) == sentence


@pytest.mark.parametrize(
    ("shares", "where"),
    [
        ({0: 50, 0.01: 99.5, 0.1: 100}, "from 1 % of the instructions (10 conversations) on"),
        ({0: 99.5, 0.01: 99.5}, "without any translated instruction"),
        ({0: 50, 0.01: 99.5, 0.1: 98}, "at no share that was tried"),
    ],
)
def test_the_share_that_is_enough_is_enough_at_all_greater_ones(shares: dict[float, float], where: str) -> None:
    every = content(one(99), one(99))
    points = tuple(point(share, es=value, ja=value) for share, value in shares.items())
    assert enough(every, ShareCurve(points)).endswith(f"in each and by its whole interval, {where}.")
    alone = tuple(point(share, es=value, ja=40) for share, value in shares.items())
    assert f"in Spanish, by its whole interval, {where}." in enough(every, ShareCurve(alone, "es"))
    assert "the mean of the one others is 40.0 %" not in enough(every, ShareCurve(points))
    unequal = tuple(point(share, es=value, ja=40) for share, value in shares.items())
    assert "at no share" in enough(every, ShareCurve(unequal))


def test_arms_are_compared_by_whether_their_intervals_lie_apart() -> None:
    every = content(one(90, 88, 92), one(80, 75, 85), native=one(84, 83, 86))
    sentence = compared(every, *every.arms).replace("\xa0", " ")
    assert sentence == (
        "Exactly right on average over the two other languages: 85.0 % with “Pivot”, 84.0 % with “Native”; the intervals lie "
        "apart in favour of “Pivot” in Spanish; they overlap in one."
    )
    worse = content(one(50), one(50), native=one(84, 83, 86))
    assert "in favour of “Native” in Spanish and Japanese." in compared(worse, *worse.arms)
    assert compared(content(one(50), one(50)), *every.arms) == ""


def test_what_came_of_it_names_the_worst_and_the_best() -> None:
    sentence = found(content(one(90, 88, 92), one(80, 75, 85))).replace("\N{WORD JOINER}", "").replace("\xa0", " ")
    assert (
        "in the two other languages between 80.0 % (75.0–85.0) in Japanese and 90.0 % (88.0–92.0) in Spanish"
        in sentence
    )
    assert sentence.endswith("All replies are in the language that was asked for.")
    nearly = one(80, fidelity=Interval(99.7, 99.5, 99.9))
    told = found(content(one(90), nearly)).replace("\N{WORD JOINER}", "").replace("\xa0", " ")
    assert told.endswith("the language that was asked for least often in Japanese: 99.7 % (99.5–99.9) are.")
