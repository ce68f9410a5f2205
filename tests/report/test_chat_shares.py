"""The curves over shares: a logarithmic axis with nought apart, and lines through what was measured."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.chat_synthetic import SHARES, build_chat_experiment

from isogloss.report.chat_content import ChatContent
from isogloss.report.chat_experiment import read_chat_experiment
from isogloss.report.chat_shares import SharePanel, language_panels, mean_panels, place_of

OTHERS = 9


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> ChatContent:
    """An experiment with the curve of all languages and that of Spanish alone."""
    return read_chat_experiment(build_chat_experiment(tmp_path_factory.mktemp("runs") / "chat", examples=0))


def line(panel: SharePanel, label: str) -> list[tuple[float, float]]:
    """The points of a line, in percent of the panel."""
    (found,) = [each for each in panel.lines if each.label == label]
    return [(spot.x, spot.y) for spot in found.spots]


@given(st.lists(st.floats(1e-5, 1), min_size=2, max_size=8, unique=True), st.booleans())
def test_shares_keep_their_order_and_nought_stands_apart(shares: list[float], nought: bool) -> None:
    least = min(shares)
    places = [place_of(share, least, nought=nought) for share in sorted(shares)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    if nought:
        assert place_of(0, least, nought=True) < places[0] - 10


def test_equal_ratios_are_equally_far_apart() -> None:
    places = [place_of(share, 0.001, nought=True) for share in (0.001, 0.01, 0.1, 1.0)]
    steps = [after - before for before, after in pairwise(places)]
    assert max(steps) - min(steps) < 0.02
    assert 0 < place_of(1.0, 1.0, nought=True) < 100


def test_lines_go_through_the_means_and_bands_are_their_intervals(content: ChatContent) -> None:
    exact, fidelity = mean_panels(content)
    many = next(curve for curve in content.curves if curve.taught is None)
    for panel, name in ((exact, "exact"), (fidelity, "fidelity")):
        values = [[point.figures[tag].measures[name].value for tag in content.others] for point in many.points]
        drawn = line(panel, f"all taught: mean of {OTHERS}")
        assert [y for _, y in drawn] == pytest.approx([100 - sum(each) / OTHERS for each in values], abs=0.01)
        spots = next(each for each in panel.lines if "mean of 9" in each.label).spots
        saved = [point.means.measures[name] for point in many.points if point.means]
        assert [spot.low for spot in spots] == [round(100 - (each.low or 0), 2) for each in saved]
        assert [spot.high for spot in spots] == [round(100 - min(100, each.high or 0), 2) for each in saved]
    labels = [each.label for each in exact.lines]
    assert labels == [
        "all taught: mean of 9",
        "all taught: English",
        "Spanish taught: Spanish",
        "Spanish taught: mean of 8 others",
    ]
    assert exact.bound is None
    assert fidelity.bound == 1


def test_nought_is_joined_by_a_line_of_its_own(content: ChatContent) -> None:
    panel = mean_panels(content)[0]
    assert panel.nought
    for each in panel.lines:
        points = re.findall(r"[ML]([\d.]+) ([\d.]+)", each.path)
        assert len(points) == len(SHARES) - 1
        assert float(points[0][0]) == each.spots[1].x
        assert re.findall(r"[ML]([\d.]+) ", each.bridge) == [f"{each.spots[0].x:g}", f"{each.spots[1].x:g}"]
        assert each.band.endswith("Z")


def test_each_other_language_has_a_panel_with_its_intervals(content: ChatContent) -> None:
    panels = language_panels(content, "exact")
    assert [panel.language[0] for panel in panels if panel.language] == list(content.others)
    many = next(curve for curve in content.curves if curve.taught is None)
    spots = panels[0].lines[0].spots
    tag = content.others[0]
    intervals = [point.figures[tag].measures["exact"] for point in many.points]
    assert [spot.low for spot in spots] == pytest.approx([100 - (one.low or 0) for one in intervals], abs=0.01)
    # Every other share is a power of ten or nought, which is what a narrow panel has room for.
    assert [label for _, label, kept in panels[0].ticks if kept] == ["0", "0.1", "1", "10", "100"]


def test_a_share_that_lacks_a_language_has_no_mean(content: ChatContent) -> None:
    many = next(curve for curve in content.curves if curve.taught is None)
    first = many.points[0].figures
    assert isinstance(first, dict)
    kept = first.pop("ja")
    try:
        drawn = line(mean_panels(content)[0], f"all taught: mean of {OTHERS}")
        assert len(drawn) == len(SHARES) - 1
    finally:
        first["ja"] = kept


def test_one_share_alone_is_a_point(tmp_path: Path) -> None:
    folder = build_chat_experiment(tmp_path / "chat", examples=0)
    saved = json.loads((folder / "results.json").read_text())
    saved["curves"] = {"many": saved["curves"]["many"][-1:]}
    (folder / "results.json").write_text(json.dumps(saved))
    (panel, _) = mean_panels(read_chat_experiment(folder))
    assert not panel.nought
    assert [len(each.spots) for each in panel.lines] == [1, 1]
    assert all(not each.band and not each.bridge for each in panel.lines)
