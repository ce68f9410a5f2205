"""What the verdicts come to: relative scores by language and category, with intervals, as pure functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isogloss.evaluate.judge.prompts import ORDERS, Order
from isogloss.evaluate.judge.questions import CATEGORIES, Comparison, Question
from isogloss.evaluate.judge.verdict import Verdict
from isogloss.evaluate.statistics import bootstrap_mean, interval, resampled_means


@dataclass(frozen=True)
class Judged:
    """A question that has a verdict in both orders.

    Attributes:
        picture: a number; questions about one picture have the same.
        ours, reference: the means of both orders' scores.
        flips: whether the order decided which answer was preferred, or whether one was.
        reversals: whether each order preferred the other answer.
    """

    question: Question
    picture: int
    ours: float
    reference: float
    flips: bool
    reversals: bool


def outcome(comparisons: Sequence[Comparison], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The figures of a result.

    A question counts once it has a verdict in both orders, so that no order weighs more. The relative score is the sum of
    our scores over that of the reference's, times 100, as in arXiv 2304.08485; intervals are of a bootstrap over pictures.

    Args:
        verdicts: on the comparisons, in any order; at most one each for a question, a language and an order.

    Returns:
        `questions`, `judged`, `without_verdict` (requests by reason), `answered_by` (versions of the judge), `dates` (the
        first and the last), `languages` by tag, and `average` over them where there are several.
    """
    judged = _judged([comparison.question for comparison in comparisons], verdicts)
    tags = sorted({comparison.question.language for comparison in comparisons})
    groups: dict[tuple[str, str], list[Judged]] = {}
    for tag in tags:
        for category in ("", *CATEGORIES):
            chosen = [one for one in judged if one.question.language == tag and category in ("", one.question.category)]
            if chosen:
                groups[tag, category] = chosen
    relative, average = _relative(groups)
    languages: dict[str, Any] = {}
    for tag in tags:
        asked = [comparison.question for comparison in comparisons if comparison.question.language == tag]
        languages[tag] = {
            "questions": len(asked),
            "without_verdict": _reasons([verdict for verdict in verdicts if verdict.language == tag]),
            **(_figures(groups[tag, ""], relative[tag, ""]) if (tag, "") in groups else {"judged": 0}),
            "categories": {
                category: {
                    "questions": sum(question.category == category for question in asked),
                    **_figures(groups[tag, category], relative[tag, category]),
                }
                for category in CATEGORIES
                if (tag, category) in groups
            },
        }
    dates = sorted(verdict.date for verdict in verdicts)
    return {
        "questions": len(comparisons),
        "judged": len(judged),
        "without_verdict": _reasons(verdicts),
        "answered_by": _versions(verdicts),
        "dates": [dates[0], dates[-1]] if dates else [],
        "languages": languages,
        **({"average": average} if average else {}),
    }


def _judged(questions: Sequence[Question], verdicts: Sequence[Verdict]) -> list[Judged]:
    by_key: dict[tuple[str, str, Order], Verdict] = {(one.id, one.language, one.order): one for one in verdicts}
    # Questions without a known picture are about one where they share its words, or, in another language, the id.
    about = [str(question.image or question.context or question.id) for question in questions]
    first_of = {question.id: name for question, name in zip(reversed(questions), reversed(about), strict=True)}
    pictures = {name: number for number, name in enumerate(dict.fromkeys(about))}
    found: list[Judged] = []
    for question in questions:
        both = [by_key.get((question.id, question.language, order)) for order in ORDERS]
        scores = [
            (one.ours, one.reference) for one in both if one and one.ours is not None and one.reference is not None
        ]
        if len(scores) == len(ORDERS):
            ours, reference = (float(mean) for mean in np.mean(scores, axis=0))
            signs = [int(np.sign(mine - other)) for mine, other in scores]
            number = pictures[first_of[question.id]]
            found.append(Judged(question, number, ours, reference, signs[0] != signs[1], signs[0] * signs[1] < 0))
    return found


def _relative(
    groups: Mapping[tuple[str, str], Sequence[Judged]],
) -> tuple[dict[tuple[str, str], list[float]], dict[str, Any]]:
    """Each group's relative score with its interval, and the mean over the languages' own, whose draws are shared."""
    if not groups:
        return {}, {}
    values = [
        np.array([scores], dtype=np.float64)
        for group in groups.values()
        for scores in ([one.ours for one in group], [one.reference for one in group])
    ]
    pictures = [np.array([one.picture for one in group]) for group in groups.values() for _ in range(2)]
    means = resampled_means(values, pictures)
    draws = 100 * means[:, 0::2] / means[:, 1::2]
    exact = [100 * float(ours.sum() / other.sum()) for ours, other in zip(values[0::2], values[1::2], strict=True)]
    found = {key: [exact[row], *interval(draws[:, row])] for row, key in enumerate(groups)}
    whole = [row for row, (_, category) in enumerate(groups) if not category]
    if len(whole) < 2:
        return found, {}
    mean = float(np.mean([exact[row] for row in whole]))
    names = [tag for tag, category in groups if not category]
    return found, {"languages": names, "relative": [mean, *interval(draws[:, whole].mean(axis=1))]}


def _figures(group: Sequence[Judged], relative: list[float]) -> dict[str, Any]:
    pictures = np.array([one.picture for one in group])

    def mean(values: Sequence[float]) -> list[float]:
        return list(bootstrap_mean(np.array(values, dtype=np.float64), pictures))

    return {
        "judged": len(group),
        "relative": relative,
        "ours": mean([one.ours for one in group]),
        "reference": mean([one.reference for one in group]),
        "flips": mean([one.flips for one in group]),
        "reversals": mean([one.reversals for one in group]),
    }


def _reasons(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return dict(Counter(verdict.reason for verdict in verdicts if not verdict.judged).most_common())


def _versions(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The versions of the judge that gave verdicts, by its own account, the most frequent first."""
    counts = Counter((one.model, one.system_fingerprint) for one in verdicts if one.judged)
    return [
        {"model": model, "system_fingerprint": fingerprint, "verdicts": count}
        for (model, fingerprint), count in counts.most_common()
    ]
