"""Curves are means that lose nothing but detail."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.report.curves import MOST_POINTS, Metrics, curve


def metrics(values: dict[int, float], split: str = "train") -> Metrics:
    return Metrics({split: [{"step": step, "loss": value} for step, value in sorted(values.items())]})


@settings(deadline=None)
@given(st.dictionaries(st.integers(1, 5000), st.floats(-50, 50), min_size=1, max_size=600))
def test_one_seed_is_binned_into_means(values: dict[int, float]) -> None:
    found = curve([metrics(values)], "train", "loss")
    assert found is not None
    assert len(found.points) <= min(MOST_POINTS, len(values))
    steps = [step for step, _ in found.points]
    assert steps == sorted(steps)
    assert found.steps == max(values)
    assert found.seeds == ()
    # Naive: every recorded row in the bin of its step.
    first, last = min(values), max(values)
    bins: dict[int, list[float]] = {}
    for step, value in sorted(values.items()):
        place = step if len(values) <= MOST_POINTS else min(
            int((step - first) / ((last - first) / MOST_POINTS)), MOST_POINTS - 1
        )  # fmt: skip
        bins.setdefault(place, []).append(value)
    assert [value for _, value in found.points] == pytest.approx(
        [sum(members) / len(members) for members in bins.values()]
    )


def test_seeds_are_averaged_where_all_have_a_value() -> None:
    found = curve([metrics({1: 1.0, 2: 2.0, 3: 9.0}), metrics({1: 3.0, 2: 4.0})], "train", "loss")
    assert found is not None
    assert found.points == ((1, 2.0), (2, 3.0))
    assert found.seeds == (((1, 1.0), (2, 2.0), (3, 9.0)), ((1, 3.0), (2, 4.0)))


def test_seeds_that_share_no_step_are_not_averaged() -> None:
    found = curve([metrics({1: 1.0}), metrics({2: 3.0})], "train", "loss")
    assert found is not None
    assert found.points == ((1, 1.0),)


def test_what_is_not_finite_or_not_recorded_is_no_point() -> None:
    run = metrics({1: 1.0, 2: math.nan, 3: math.inf, 4: 2.0})
    assert run.points("train", "loss") == [(1, 1.0), (4, 2.0)]
    assert curve([run], "train", "english_loss") is None
    assert curve([run], "validation", "loss") is None
    assert curve([], "train", "loss") is None


def test_a_step_that_was_run_again_after_resuming_counts_once(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"step": 1, "split": "train", "loss": 5.0},
        {"step": 2, "split": "train", "loss": 4.0},
        {"step": 2, "split": "validation", "loss": 6.0},
        {"step": 2, "split": "train", "loss": 3.0},
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    read = Metrics.read(tmp_path / "metrics.jsonl")
    assert read.points("train", "loss") == [(1, 5.0), (2, 3.0)]
    assert read.points("validation", "loss") == [(2, 6.0)]


@pytest.mark.parametrize(
    "row",
    ['{"step": 1}', '{"step": "x", "split": "train"}', "[1]", '{"step": 1, "split": "train", "loss": null}'],
)
def test_a_row_that_is_no_row_is_told(tmp_path: Path, row: str) -> None:
    (tmp_path / "metrics.jsonl").write_text(row)
    with pytest.raises(UserError, match=r"metrics\.jsonl"):
        Metrics.read(tmp_path / "metrics.jsonl")
