"""Figures of verdicts beside a naive reckoning."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluate.judge.bench import comparisons
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.evaluate.judge.outcome import outcome
from isogloss.evaluate.judge.prompts import ORDERS, Order
from isogloss.evaluate.judge.questions import Comparison
from isogloss.evaluate.judge.verdict import Verdict

BENCH = comparisons(6, ["en", "ja"])
Scores = Sequence[tuple[float, float] | None]


def verdict(comparison: Comparison, order: Order, scores: tuple[float, float] | None, version: str = "v1") -> Verdict:
    ours, reference = scores or (None, None)
    question = comparison.question
    reason = "" if scores else "refused"
    return Verdict(
        *(
            "",
            question.id,
            question.language,
            order,
            ours,
            reference,
            reason,
            "",
            1,
            version,
            "fp",
            "2026-01-01T00:00:00",
        )
    )


def verdicts(bench: Sequence[Comparison], scores: Scores) -> list[Verdict]:
    pairs = [(comparison, order) for comparison in bench for order in ORDERS]
    return [verdict(*pair, one) for pair, one in zip(pairs, scores, strict=True)]


score = st.sampled_from(range(1, 11))


@settings(max_examples=20)
@given(st.lists(st.none() | st.tuples(score, score), min_size=24, max_size=24))
def test_relative_scores_and_flips_are_those_of_a_naive_count(scores: Scores) -> None:
    found = outcome(BENCH, verdicts(BENCH, scores))
    assert found["without_verdict"].get("refused", 0) == sum(one is None for one in scores)
    for start, tag in ((0, "en"), (12, "ja")):
        both = [scores[at : at + 2] for at in range(start, start + 12, 2)]
        kept = [(one, two) for one, two in both if one and two]
        figures = found["languages"][tag]
        assert (figures["questions"], figures["judged"]) == (6, len(kept))
        if not kept:
            continue
        ours = sum(one[0] + two[0] for one, two in kept)
        reference = sum(one[1] + two[1] for one, two in kept)
        value, low, high = figures["relative"]
        assert value == pytest.approx(100 * ours / reference)
        assert low <= value + 1e-9 and value - 1e-9 <= high
        assert figures["ours"][0] == pytest.approx(ours / 2 / len(kept))
        preferred = [[(a > b) - (a < b) for a, b in pair] for pair in kept]
        assert figures["flips"][0] == pytest.approx(np.mean([one != two for one, two in preferred]))
        assert figures["reversals"][0] == pytest.approx(np.mean([one == -two != 0 for one, two in preferred]))
        assert sum(category["judged"] for category in figures["categories"].values()) == len(kept)


def test_categories_are_reckoned_each_by_itself() -> None:
    """Every third question is of one category; both orders give the same."""
    of_category = [(5, 10), (10, 10), (10, 5)]
    scores = [of_category[(at // 2) % 3] for at in range(24)]
    found = outcome(BENCH, verdicts(BENCH, scores))
    for tag in ("en", "ja"):
        categories = found["languages"][tag]["categories"]
        assert {name: figures["relative"] for name, figures in categories.items()} == {
            "conversation": [50, 50, 50],
            "detail": [100, 100, 100],
            "reasoning": [200, 200, 200],
        }
        assert all(figures["questions"] == figures["judged"] == 2 for figures in categories.values())
        assert found["languages"][tag]["relative"] == [100, 100, 100], "two pictures with the same three questions"
    assert found["average"] == {"languages": ["en", "ja"], "relative": [100, 100, 100]}


def test_intervals_draw_pictures_and_not_questions() -> None:
    """Two pictures, of which one has got all: a draw has both, the one twice, or the other twice."""
    scores = [(10, 10) if (at // 2) % 6 < 3 else (1, 10) for at in range(24)]
    found = outcome(BENCH, verdicts(BENCH, scores))["languages"]["en"]["relative"]
    assert found == pytest.approx([55, 10, 100])


def test_a_picture_is_the_same_in_another_language_and_under_another_context() -> None:
    """All questions are about one picture by its file, so that there is nothing to draw."""
    named = [replace(one, question=replace(one.question, image=Path("a.png"))) for one in BENCH]
    scores = [(10, 10) if (at // 2) % 6 < 3 else (1, 10) for at in range(24)]
    assert outcome(named, verdicts(named, scores))["languages"]["en"]["relative"] == pytest.approx([55, 55, 55])
    words = [
        replace(one, question=replace(one.question, context=one.question.context + one.question.language))
        for one in BENCH
    ]
    assert outcome(words, verdicts(words, scores)) == outcome(BENCH, verdicts(BENCH, scores))


def test_versions_of_the_judge_are_counted_and_dates_are_kept() -> None:
    some = verdicts(BENCH, [(8, 8)] * 24)
    changed = [replace(one, model="v2", date="2026-02-01T00:00:00") for one in some[:5]]
    found = outcome(BENCH, [*changed, *some[5:]])
    assert found["answered_by"] == [
        {"model": "v1", "system_fingerprint": "fp", "verdicts": 19},
        {"model": "v2", "system_fingerprint": "fp", "verdicts": 5},
    ]
    assert found["dates"] == ["2026-01-01T00:00:00", "2026-02-01T00:00:00"]


def test_nothing_judged_is_no_figure_and_no_failure() -> None:
    found = outcome(BENCH, verdicts(BENCH, [None] * 24))
    assert (found["judged"], found["without_verdict"]) == (0, {"refused": 24})
    assert found["languages"]["en"] == {
        "questions": 6,
        "without_verdict": {"refused": 12},
        "judged": 0,
        "categories": {},
    }
    assert "average" not in found
