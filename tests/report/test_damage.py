"""Whatever is missing or damaged is named in a sentence, and nothing already there is lost."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from report.reading import rewrite

from isogloss.errors import UserError
from isogloss.report import write_report


@pytest.mark.parametrize(
    "name",
    [
        "results.json",
        "experiment.json",
        "seed-0/english_only/recipe.json",
        "seed-0/parallel/evaluation/gallery.json",
        "seed-0/english_only/evaluation/test.json",
        "data/dataset.json",
    ],
)
def test_a_damaged_file_is_named(experiment: Path, name: str) -> None:
    path = experiment / name
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(str(path))):
        write_report(experiment)


@pytest.mark.parametrize("name", ["results.json", "seed-1/parallel/metrics.jsonl", "seed-0/english_only/recipe.json"])
def test_a_missing_file_is_named(experiment: Path, name: str) -> None:
    (experiment / name).unlink()
    with pytest.raises(UserError, match=re.escape(f"{experiment / name} is missing")):
        write_report(experiment)


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("experiment.json", {"arms": [{"label": "nameless"}]}, "lacks the field 'name'"),
        ("experiment.json", {"arms": []}, "'arms' and 'seeds' need one entry at least"),
        ("experiment.json", {"languages": {}}, "does not list the language 'en'"),
        ("experiment.json", {"duration_seconds": "long"}, "of the wrong kind"),
        (
            "results.json",
            {"languages": {"en": {"parallel": {"accuracy@1": [0.4, 0.3]}}}},
            "with its interval",
        ),
        (
            "results.json",
            {"languages": {"en": {"parallel": {"accuracy@1": float("nan")}}}},
            "with its interval",
        ),
        ("results.json", {"averages": {"unseen": {}}}, "lacks the field 'languages'"),
        ("results.json", {"claims": [{"claim": "x"}]}, "lacks the field 'holds'"),
    ],
)
def test_a_field_that_is_wrong_is_told_with_its_file(
    experiment: Path, name: str, fields: dict[str, Any], message: str
) -> None:
    rewrite(experiment / name, **fields)
    with pytest.raises(UserError) as raised:
        write_report(experiment)
    assert message in str(raised.value)
    assert ".json" in str(raised.value)


def test_a_line_of_the_metrics_that_is_no_object_is_numbered(experiment: Path) -> None:
    path = experiment / "seed-0" / "parallel" / "metrics.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], lines[4][:20], *lines[5:]]))
    with pytest.raises(UserError, match=f"Line 5 of {re.escape(str(path))}"):
        write_report(experiment)


def test_a_last_line_of_the_metrics_that_a_kill_cut_short_is_left_out(experiment: Path) -> None:
    path = experiment / "seed-0" / "parallel" / "metrics.jsonl"
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    assert write_report(experiment).exists()


def test_a_folder_that_is_neither_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"neither experiment\.json nor recipe\.json"):
        write_report(tmp_path)


def test_a_page_already_there_survives_a_full_disk(experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (experiment / "report.html").write_text("the page before")
    before = sorted(experiment.iterdir())

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="The disk is full, so .*report.html was not written"):
        write_report(experiment)
    assert (experiment / "report.html").read_text() == "the page before"
    assert sorted(experiment.iterdir()) == before
