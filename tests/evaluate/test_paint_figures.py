"""The figures of drawn pictures, against counts by hand."""

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pytest

from isogloss.evaluate.frechet import frechet_distance, kernel_distance
from isogloss.evaluate.paint_figures import distances, paint_figures

NONE = math.nan


def table(values: Mapping[str, Mapping[str, Sequence[float]]]) -> pa.Table:
    """Of each language the values of each measure, of the scenes a, b, c…"""
    rows: dict[str, list] = {"key": [], "language": [], "seed": []}
    for tag, measures in values.items():
        for place in range(len(next(iter(measures.values())))):
            for name, value in (("key", "abcdefgh"[place]), ("language", tag), ("seed", 0)):
                rows[name].append(value)
            for name, own in measures.items():
                rows.setdefault(name, []).append(own[place])
    plain = {name: pa.array(rows[name]) for name in ("key", "language", "seed")}
    return pa.table({**plain, **{name: pa.array(rows[name], from_pandas=True) for name in rows if name not in plain}})


GOOD = table(
    {
        "en": {"attributes": [1, 1, 0.8, 1], "relation": [1, 1, 0, NONE]},
        "de": {"attributes": [1, 0.6, 0.6, 0.6], "relation": [1, 0, 0, NONE]},
        "ja": {"attributes": [0.4, 0.6, 0.2, 0.4], "relation": [0, 1, 0, NONE]},
    }
)
WORSE = table(
    {
        "en": {"attributes": [1, 1, 1, 1], "relation": [1, 1, 1, NONE]},
        "de": {"attributes": [0.6, 0.6, 0.6, 0.6], "relation": [0, 0, 0, NONE]},
        "ja": {"attributes": [0.2, 0.2, 0.2, 0.2], "relation": [0, 0, 0, NONE]},
    }
)


def test_figures_are_those_counted_by_hand() -> None:
    found = paint_figures([GOOD, WORSE], chance=0.2)
    languages = found["languages"]
    assert found["seeds"] == 2 and found["chance"] == 0.2 and found["trained"] == ["en"]
    assert {tag: each["attributes"][0] for tag, each in languages.items()} == pytest.approx(
        {"en": 0.975, "de": 0.65, "ja": 0.3}
    )
    for each in languages.values():
        value, low, high = each["attributes"]
        assert each["pictures"] == 4 and low <= value <= high
    assert languages["ja"]["attributes"][1] < 0.3 < languages["ja"]["attributes"][2]
    assert languages["en"]["relation"][0] == pytest.approx(5 / 6), "over the three scenes that have one"
    assert languages["de"]["relative_attributes"][0] == pytest.approx(0.45 / 0.775)
    assert languages["en"]["relative_attributes"] == pytest.approx([1, 1, 1])
    assert [languages[tag]["role"] for tag in ("en", "de", "ja")] == ["trained", "unseen", "unseen"]
    assert [languages[tag]["group"] for tag in ("de", "ja")] == ["family seen", "family unseen"]
    json.dumps(found, allow_nan=False)


def test_averages_are_over_languages_that_are_named() -> None:
    averages = paint_figures([GOOD, WORSE])["averages"]
    assert {name: each["languages"] for name, each in averages.items()} == {
        "trained": ["en"],
        "unseen": ["de", "ja"],
        "family seen": ["de"],
        "family unseen": ["ja"],
    }
    value, low, high = averages["unseen"]["attributes"]
    assert value == pytest.approx((0.65 + 0.3) / 2) and low < value < high
    both = paint_figures([GOOD, WORSE], trained=("en", "de"))["averages"]
    assert both["trained"]["languages"] == ["en", "de"] or both["trained"]["languages"] == ["de", "en"]
    assert both["trained"]["attributes"][0] == pytest.approx((0.975 + 0.65) / 2)


def test_the_order_of_pictures_is_all_the_same() -> None:
    order = np.random.default_rng(0).permutation(len(GOOD))
    assert paint_figures([GOOD.take(order), WORSE], chance=0.2) == paint_figures([GOOD, WORSE], chance=0.2)


def test_nothing_is_relative_to_what_is_not_above_chance() -> None:
    assert paint_figures([GOOD], chance=0.95)["languages"]["ja"]["relative_attributes"] is None
    assert "relative_attributes" not in paint_figures([GOOD])["languages"]["ja"]
    assert "relative_attributes" not in paint_figures([GOOD], chance=0.2, relative_to="es")["languages"]["ja"]


def test_a_measure_that_says_nothing_of_a_language_is_left_out_there() -> None:
    some = table(
        {"en": {"attributes": [1, 1], "clip_score": [0.8, 0.6]}, "ja": {"attributes": [1, 0], "clip_score": [NONE] * 2}}
    )
    found = paint_figures([some])
    assert found["languages"]["en"]["clip_score"][0] == pytest.approx(0.7)
    assert "clip_score" not in found["languages"]["ja"] and "clip_score" not in found["averages"]["unseen"]


def test_seeds_that_were_asked_other_things_are_refused() -> None:
    for other in (WORSE.slice(1), WORSE.drop_columns("relation")):
        with pytest.raises(ValueError, match="not asked or measured the same"):
            paint_figures([GOOD, other])
    with pytest.raises(ValueError, match="no picture"):
        paint_figures([])


def test_distances_of_each_language() -> None:
    random = np.random.default_rng(0)
    real, near, few = random.normal(size=(50, 8)), random.normal(size=(40, 8)), random.normal(2, 1, (6, 8))
    found = distances({"en": near, "ja": few}, real, "a tower")
    english, japanese = found["languages"]["en"], found["languages"]["ja"]
    assert found["extractor"] == "a tower" and found["features"] == 8 and found["real"] == 50
    assert english["fid"] == frechet_distance(near, real) and "fid_left_out" not in english
    assert english["kid"] == kernel_distance(near, real) < japanese["kid"]
    assert english["kid_of_subsets"][2] == 20 and japanese["kid_of_subsets"][2] == 3
    assert japanese["fid"] is None and "8 features (a tower)" in japanese["fid_left_out"]
    json.dumps(found, allow_nan=False)
