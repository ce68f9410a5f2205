"""A job that is killed, at whatever moment, goes on with the same command: nothing is lost, and nothing done twice."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from data.small_dataset import everything, make
from translate.alive import alive
from translate.fake_apertium import fake_apertium
from translate.made_up_engine import ENGLISH, SPANISH, Backwards

from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.translate.job import Job, translate

TESTS = Path(__file__).resolve().parents[1]
# Different captions, each of two pictures; one in ten has a human translation, which has to stay.
COUNT = 1200


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Generator[Start]:
    """Starts a process with its own group, so that a signal reaches it as a terminal's would; none outlives its test."""
    started: list[subprocess.Popen[str]] = []

    def start(command: list[str], **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def captions(count: int) -> dict[str, list[tuple[str, str | None]]]:
    texts = [f"caption {number} {'word ' * (number % 7)}".strip() for number in range(count)]
    return {
        "en": [(key, text) for text in texts for key in ("a", "b")],
        "es": [("a", f"leyenda {number}") for number in range(0, count, 10)],
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "dataset", {"a": "train", "b": "test"}, captions(COUNT)).root


def wait_for(process: subprocess.Popen[str], sign: Any) -> None:
    while process.poll() is None and not sign():
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()[1]


def lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def test_killed_in_a_loop_it_ends_as_if_it_had_not_been(start: Start, root: Path, tmp_path: Path) -> None:
    """The engine takes about 1.2 seconds in all; every process lives between 0 and 0.5 seconds of them."""
    whole = make(tmp_path / "whole", {"a": "train", "b": "test"}, captions(COUNT)).root
    engine = Backwards(texts_per_call=20)
    translate(Job(Dataset.open(whole), ENGLISH, SPANISH, engine.name), engine)

    log, chance, kills = tmp_path / "log", random.Random(0), 0
    before = (root / "captions" / "es.parquet").read_bytes()
    command = [sys.executable, str(TESTS / "translate" / "slow_program.py"), str(root), str(log)]
    while True:
        asked = lines(log)
        process = start(command)
        while process.poll() is None and lines(log) == asked:
            time.sleep(0.005)
        time.sleep(chance.random() / 2)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        errors = process.communicate()[1]
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        if lines(log) < COUNT:
            assert (root / "captions" / "es.parquet").read_bytes() == before, "a table appears whole or not at all"
    assert kills >= 3

    asked_for = Counter(log.read_text(encoding="utf-8").splitlines())
    assert len(asked_for) == COUNT
    # A kill can only take the chunk that was in hand.
    assert sum(asked_for.values()) - COUNT <= kills * 20
    for place in ("captions/es.parquet", "rejected/es.parquet", "dataset.json"):
        assert (root / place).read_bytes() == (whole / place).read_bytes(), place
    validate(Dataset.open(root))
    found = Dataset.open(root).captions("es")
    assert found.num_rows == 2 * COUNT + COUNT // 10
    assert not list(root.rglob(".*.partial"))


def command(root: Path) -> list[str]:
    words = ["translate", str(root), "--to", "es", "--engine", "apertium", "--no-checks"]
    return [sys.executable, "-m", "isogloss.cli", *words]


def path_with(folder: Path) -> str:
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_that_is_stopped_says_so_in_one_sentence_and_goes_on(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    """Three chunks of half a second each, by the program that is called apertium here."""
    root = make(tmp_path / "dataset", {"a": "train", "b": "test"}, {"en": captions(6000)["en"]}).root
    path = path_with(fake_apertium(tmp_path / "bin", "time.sleep(0.5)"))
    before = everything(root)
    process = start(command(root), PATH=path)
    wait_for(process, lambda: list(root.rglob("part-*.parquet")))
    os.killpg(process.pid, number)
    output, errors = process.communicate()
    assert (process.returncode, output) == (130, "")
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("isogloss: stopped; what is finished is saved, and the same command")
    assert {place: content for place, content in everything(root).items() if "translation" not in place} == before
    process = start(command(root), PATH=path)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    done = re.search(r"en → es: ([\d,]+) of ([\d,]+) captions", errors)
    assert done and done[1] == done[2] and int(done[1].replace(",", "")) < 6000
    assert Dataset.open(root).counts("es") == (12_000, 2)


# Of a pipeline that does not end, and whose end nobody sees to when the job is killed: so it looks for that itself.
ENDLESS = """import os
job = os.getppid()
open({log!r}, 'w').write(f'{{os.getpid()}}\\n')
while os.getppid() == job: time.sleep(0.01)"""


def test_a_second_job_is_refused_in_one_sentence_until_the_first_is_dead(
    start: Start, root: Path, tmp_path: Path
) -> None:
    called = tmp_path / "called"
    endless = fake_apertium(tmp_path / "endless", ENDLESS.format(log=str(called)))
    first = start(command(root), PATH=path_with(endless))
    wait_for(first, lambda: lines(called))
    second = start(command(root), PATH=path_with(endless))
    output, errors = second.communicate()
    assert (second.returncode, output) == (2, "")
    assert errors == f"isogloss: Another job is translating {root} into es; wait for it to end, or stop it.\n"
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    third = start(command(root), PATH=path_with(fake_apertium(tmp_path / "bin")))
    errors = third.communicate()[1]
    assert third.returncode == 0, errors
    assert not alive(int(called.read_text(encoding="utf-8"))), "no test leaves a process"
