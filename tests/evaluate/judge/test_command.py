"""`isogloss judge` as it is typed, and killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from cli.program import Program, isogloss
from evaluate.judge.bench import Files, comparisons, files
from evaluate.judge.endpoint import Asked, Said, Service, refuses, says

__all__ = ["isogloss"]

BENCH = comparisons(6, ["en", "ja"])


def words(found: Files, service: Service) -> list[str | Path]:
    return [
        *("judge", found.questions, "--ours", found.ours, "--reference", found.reference),
        *("--judge", service.url, "--model", "judge"),
    ]


def test_a_table_by_language_and_who_judged(
    service: Service, tmp_path: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Said:
        if "Question 0?" in asked.text and "Japanese" in asked.text:
            return says("I'm sorry, but I can't.")
        return says("4 8\n" if asked.has_first("our") else "8 4\n")

    service.answer = answer
    monkeypatch.setenv("A_KEY", "secret-key\n")
    found = files(tmp_path, BENCH)
    done = isogloss(*words(found, service), "--key", "A_KEY")
    assert done.code == 0, done.errors
    assert {asked.headers["authorization"] for asked in service.asked} == {"Bearer secret-key"}
    lines = [line.replace("│", " ").split() for line in done.output.splitlines()]
    score = ["50.0", "[50.0,", "50.0]"]
    assert ["en", "6", "6", "4.00", "8.00", *score * 4, "0%"] in lines
    assert ["ja", "6", "5", "4.00", "8.00", *score * 4, "0%"] in lines
    assert "Over 2 languages: 50.0 [50.0, 50.0]\n" in done.output
    assert (
        "22 verdicts by judge-2025-01-01 fp_1\nWithout a verdict: refused 2; --retry asks for them again.\n"
        in done.output
    )
    assert done.output.endswith(f"{tmp_path / 'ours-judged'}\n")
    assert "judge: 24 of 24 verdicts, " in done.errors
    for path in (tmp_path / "ours-judged").iterdir():
        assert "secret-key" not in path.read_text()


def test_what_is_missing_is_asked_for(service: Service, tmp_path: Path, isogloss: Program) -> None:
    found = files(tmp_path, BENCH)
    whole = words(found, service)
    for name, sentence in (
        ("--ours", "Name the answers with --ours and those they are compared with with --reference."),
        ("--model", "Name the judge with --judge and --model, as in --judge https://api.openai.com/v1"),
    ):
        at = whole.index(name)
        done = isogloss(*whole[:at], *whole[at + 2 :])
        assert (done.code, done.output) == (2, "") and done.sentence.startswith(f"isogloss: {sentence}")
    service.answer = lambda asked: refuses(401, "no")
    done = isogloss(*whole)
    assert done.code == 2 and done.sentence.startswith(
        f"isogloss: The judge at {service.url} refuses questions without"
    )
    assert not (tmp_path / "ours-judged" / "judgement.json").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_stopped_amid_its_work_it_asks_only_what_was_on_its_way_again(
    service: Service, tmp_path: Path, number: signal.Signals
) -> None:
    """The judge answers so many questions and then falls silent, which is when the process is stopped."""
    found = files(tmp_path, BENCH)
    verdicts = tmp_path / "ours-judged" / "verdicts.jsonl"
    silent, over, lock, left = threading.Event(), threading.Event(), threading.Lock(), [10]

    def answer(asked: Asked) -> Said:
        with lock:
            left[0] -= 1
            quiet = left[0] < 0
        if quiet:
            silent.set()
            over.wait(60)
        return says("8 6\nWell.")

    service.answer = answer
    command = [sys.executable, "-m", "isogloss.cli", *map(str, words(found, service)), "--concurrency", "2"]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "250"}
        )

    process = start()
    assert silent.wait(60)
    while not verdicts.exists() or verdicts.read_bytes().count(b"\n") < 10:
        assert process.poll() is None, process.communicate()[1]
    process.send_signal(number)
    _, errors = process.communicate()
    if number == signal.SIGINT:
        assert process.returncode == 130 and "Traceback" not in errors
        assert errors.splitlines()[-1].startswith("isogloss: stopped; what is finished is saved")
    assert len(verdicts.read_text().splitlines()) == 10
    service.answer = lambda asked: says("8 6\nWell.")
    process = start()
    output, errors = process.communicate()
    over.set()
    assert process.returncode == 0, errors
    assert "24 verdicts by judge-2025-01-01 fp_1" in output and "14 of 14 verdicts" in errors
    times = Counter(asked.text for asked in service.asked)
    assert len(times) == 24 and sum(times.values()) <= 26, "at most the two that were on their way are asked again"
    assert json.loads((verdicts.parent / "judgement.json").read_text())["judged"] == 12
