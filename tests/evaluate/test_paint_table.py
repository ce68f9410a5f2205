"""What is printed of a paint run: every figure that was measured, the baseline beside, and nothing that was not."""

from pathlib import Path
from typing import Any

import pytest

from isogloss.evaluate.paint_table import print_paint

RESULT: dict[str, Any] = {
    "split": "test",
    "chance": 0.26,
    "languages": {
        "en": {"pictures": 200, "attributes": [0.98, 0.97, 0.99], "all_right": [0.91, 0.88, 0.94]},
        "ja": {
            "pictures": 200,
            "attributes": [0.7, 0.65, 0.75],
            "all_right": [0.3, 0.25, 0.35],
            "relative_attributes": [0.611, 0.5, 0.7],
        },
    },
    "averages": {"unseen": {"languages": ["ja"], "attributes": [0.7, 0.65, 0.75]}},
}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")


def row(printed: str, start: str) -> list[str]:
    (line,) = [line for line in printed.splitlines() if line.startswith(f"│ {start} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_what_was_measured_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_paint(Path("runs/paint"), RESULT)
    printed = capsys.readouterr().out
    assert row(printed, "en") == ["en", "200", "0.980 [0.970, 0.990]", "0.910 [0.880, 0.940]", ""]
    assert row(printed, "ja")[-1] == "0.611"
    assert row(printed, "unseen (1)")[:3] == ["unseen (1)", "", "0.700 [0.650, 0.750]"]
    assert "By chance 0.260" in printed
    for absent in ("CLIPScore", "KID", "through English", "colours"):
        assert absent not in printed


def test_the_baseline_and_distances_stand_beside(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "FID over 8 features (a tower) needs more pictures."
    result = {
        **RESULT,
        "through_english": {"languages": {"ja": {"attributes": [0.9, 0.88, 0.92], "all_right": [0.8, 0.7, 0.9]}}},
        "distances": {
            "extractor": "a tower",
            "real": 500,
            "languages": {
                "en": {"kid": 0.0123, "fid": 4.5},
                "ja": {"kid": -0.001, "fid": None, "fid_left_out": sentence},
            },
        },
    }
    print_paint(Path("runs/paint"), result)
    printed = capsys.readouterr().out
    assert row(printed, "en")[-4:] == ["", "", "12.30", "4.50"]
    assert row(printed, "ja")[-4:] == ["0.900 [0.880, 0.920]", "0.800 [0.700, 0.900]", "-1.00", ""]
    assert "KID and FID by a tower, from 500 real pictures." in printed and sentence in printed
