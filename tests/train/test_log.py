"""The log of a run survives a kill in the middle of a line, and a resumed run writes nothing twice."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.train.log import MetricsLog, progress_bar, read_metrics


def lines(count: int) -> bytes:
    return b"".join(
        json.dumps({"step": step, "split": "train", "loss": 1 / step}).encode() + b"\n" for step in range(1, count + 1)
    )


@given(kept=st.integers(0, 400))
def test_a_line_that_a_kill_cut_short_is_left_out(kept: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("log") / "metrics.jsonl"
    whole = lines(8)
    path.write_bytes(whole[:kept])
    complete = [line for line in whole[:kept].split(b"\n") if line.endswith(b"}")]
    assert read_metrics(path) == [json.loads(line) for line in complete]


def test_a_resumed_log_drops_what_it_will_write_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(lines(6) + b'{"step": 7, "spl')
    log = MetricsLog(path, 4)
    log.write({"step": 5, "split": "train", "loss": 9.0})
    assert path.read_bytes().startswith(lines(4))
    assert [row["step"] for row in read_metrics(path)] == [1, 2, 3, 4, 5]
    assert read_metrics(path)[-1]["loss"] == 9.0
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_no_log_is_an_empty_one(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl", 0)
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(UserError, match=r"metrics\.jsonl cannot be written"):
        log.write({"step": 1})


def test_a_name_with_brackets_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(True) as bar:
        bar.update(bar.add_task("[/run]", total=2, state="loss 1.0"), completed=1)
    shown = capsys.readouterr().err
    assert "[/run]" in shown
    assert "1/2" in shown
