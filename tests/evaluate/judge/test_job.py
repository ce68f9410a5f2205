"""Many questions to a judge that does not always answer."""

import json
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluate.judge.bench import comparisons
from evaluate.judge.endpoint import Asked, Said, Service, refuses, says

from isogloss.errors import UserError
from isogloss.evaluate.judge.client import Endpoint
from isogloss.evaluate.judge.job import RESULT, VERDICTS, judge_answers
from isogloss.evaluate.judge.prompts import prompt_hash
from isogloss.translate.patience import Patience

BENCH = comparisons(6, ["en", "ja"])
QUICK = Patience(first=0.01, longest=0.02, total=0.5)


def judged(service: Service, folder: Path, bench: Any = BENCH, **settings: Any) -> dict[str, Any]:
    endpoint = Endpoint(service.url, settings.pop("model", "judge"), timeout=settings.pop("timeout", 5.0))
    return judge_answers(bench, endpoint, folder, **{"patience": QUICK, **settings})


def kept(folder: Path) -> list[dict[str, Any]]:
    path = folder / VERDICTS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_question_is_asked_in_both_orders_and_the_result_says_by_whom(service: Service, tmp_path: Path) -> None:
    service.answer = lambda asked: says("4 8\nWhy." if asked.has_first("our") else "8 4\nWhy.")
    found = judged(service, tmp_path / "out")
    assert Counter(asked.text for asked in service.asked) == Counter({asked.text: 1 for asked in service.asked})
    assert len(service.asked) == 24 and all(asked.body["temperature"] == 0 for asked in service.asked)
    assert found == json.loads((tmp_path / "out" / RESULT).read_text())
    assert found["judge"]["url"] == service.url and found["judge"]["model"] == "judge"
    assert found["judge"]["prompt_sha256"] == prompt_hash()
    assert found["answered_by"] == [{"model": "judge-2025-01-01", "system_fingerprint": "fp_1", "verdicts": 24}]
    assert (found["questions"], found["judged"], found["without_verdict"]) == (12, 12, {})
    assert found["languages"]["ja"]["relative"] == [50, 50, 50]
    assert found["languages"]["ja"]["flips"][0] == 0
    assert {(row["order"], row["ours"], row["reference"], row["explanation"]) for row in kept(tmp_path / "out")} == {
        ("ours first", 4, 8, "Why."),
        ("reference first", 4, 8, "Why."),
    }


def test_a_judge_that_always_prefers_the_first_flips_every_time(service: Service, tmp_path: Path) -> None:
    service.answer = lambda asked: says("9 3\n")
    figures = judged(service, tmp_path)["languages"]["en"]
    assert (figures["flips"][0], figures["reversals"][0], figures["relative"][0]) == (1, 1, 100)


def test_the_same_again_asks_nothing_and_a_change_asks_for_what_changed(service: Service, tmp_path: Path) -> None:
    first = judged(service, tmp_path)
    assert judged(service, tmp_path) == first
    assert len(service.asked) == 24
    changed = [replace(BENCH[0], ours="another answer"), *BENCH[1:]]
    judged(service, tmp_path, changed)
    assert len(service.asked) == 26 and all("another answer" in asked.text for asked in service.asked[24:])
    assert judged(service, tmp_path) == first, "what was judged before is still there"
    judged(service, tmp_path, model="other")
    assert len(service.asked) == 50


def test_a_busy_judge_is_waited_for_and_each_question_counts_once(service: Service, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    def answer(asked: Asked) -> Said:
        seen[asked.text] += 1
        if seen[asked.text] < 3:
            return refuses(429, "slower", Retry_After="0.01")
        return says("8 6\n")

    service.answer = answer
    found = judged(service, tmp_path, attempts=1)
    assert found["judged"] == 12 and len(service.asked) == 72
    assert {row["attempts"] for row in kept(tmp_path)} == {1}


def test_a_judge_that_stays_busy_ends_the_work_and_the_rest_goes_on_later(service: Service, tmp_path: Path) -> None:
    answered: set[str] = set()

    def answer(asked: Asked) -> Said:
        if len(answered) == 10:
            return refuses(429, "slower")
        answered.add(asked.text)
        return says("8 6\n")

    service.answer = answer
    with pytest.raises(UserError, match="too busy .* what is done is kept, so run the same command again later"):
        judged(service, tmp_path, concurrency=1)
    assert len(kept(tmp_path)) == 10 and not (tmp_path / RESULT).exists()
    service.answer = lambda asked: says("8 6\n") if asked.text not in answered else refuses(500)
    assert judged(service, tmp_path)["judged"] == 12


BAD = {
    "nonsense": (says("Both are fine."), 3),
    "refused": (says("I'm sorry, but I can't."), 3),
    "server error": (refuses(500, "no memory"), 3),
    "rejected": (refuses(400, "too long"), 1),
    "malformed": (Said(200, b"<html>"), 3),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_question_without_a_verdict_is_recorded_and_the_rest_kept(
    service: Service, tmp_path: Path, reason: str
) -> None:
    """One question fails in one of its orders; with the other order alone it does not count."""
    said, attempts = BAD[reason]

    def bad(asked: Asked) -> bool:
        return "Question 3?" in asked.text and "Japanese" in asked.text and asked.has_first("our")

    service.answer = lambda asked: said if bad(asked) else says("8 6\n")
    found = judged(service, tmp_path, concurrency=2)
    assert sum(bad(asked) for asked in service.asked) == attempts
    assert (found["questions"], found["judged"], found["without_verdict"]) == (12, 11, {reason: 1})
    assert found["languages"]["ja"]["without_verdict"] == {reason: 1} and found["languages"]["ja"]["judged"] == 5
    assert found["languages"]["en"]["without_verdict"] == {}
    (row,) = [row for row in kept(tmp_path) if row["reason"]]
    assert (row["ours"], row["reference"], row["attempts"]) == (None, None, attempts) and row["explanation"]
    before = len(service.asked)
    judged(service, tmp_path)
    assert len(service.asked) == before, "it has had its attempts"
    service.answer = lambda asked: says("7 7\n")
    assert judged(service, tmp_path, retry=True)["judged"] == 12
    assert len(service.asked) == before + 1


def test_a_judge_that_is_late_for_one_question(service: Service, tmp_path: Path) -> None:
    ended = threading.Event()

    def answer(asked: Asked) -> Said:
        if "Question 3?" in asked.text:
            ended.wait(5)
        return says("8 6\n")

    service.answer = answer
    found = judged(service, tmp_path, comparisons(6, ["en"]), timeout=0.4, attempts=2)
    ended.set()
    assert found["without_verdict"] == {"timeout": 2} and found["judged"] == 5


def test_an_attempt_that_fails_is_made_good_by_the_next(service: Service, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    bad = [says("hm"), refuses(500), says("8 6\nWell.")]

    def answer(asked: Asked) -> Said:
        seen[asked.text] += 1
        return bad[seen[asked.text] - 1]

    service.answer = answer
    assert judged(service, tmp_path)["without_verdict"] == {}
    assert {row["attempts"] for row in kept(tmp_path)} == {3}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            refuses(500, "broken"),
            r"has failed at \d+ questions in a row, at the last with a server error \(500: broken\)",
        ),
        (Said(200, b"<html>"), r"with a malformed \(<html>\)"),
        (refuses(400, "temperature must be 1"), r"does not take these questions \(400: temperature must be 1\); mend"),
        (refuses(401, "who?"), "refuses questions without a key"),
    ],
)
def test_a_judge_that_fails_at_everything_leaves_nothing_behind(
    service: Service, tmp_path: Path, said: Said, sentence: str
) -> None:
    service.answer = lambda asked: said
    for bench in (BENCH, BENCH[:1]):
        with pytest.raises(UserError, match=sentence):
            judged(service, tmp_path, bench)
        assert kept(tmp_path) == [] and not (tmp_path / RESULT).exists()
    service.answer = lambda asked: says("8 6\n")
    assert judged(service, tmp_path)["judged"] == 12


def test_so_many_questions_are_on_their_way_as_were_allowed(service: Service, tmp_path: Path) -> None:
    """None is answered until there are four of them."""
    together = threading.Barrier(4)

    def answer(asked: Asked) -> Said:
        together.wait(30)
        return says("8 6\n")

    service.answer = answer
    assert judged(service, tmp_path, concurrency=4, timeout=60.0)["judged"] == 12


def test_a_line_that_was_cut_short_is_asked_for_again(service: Service, tmp_path: Path) -> None:
    first = judged(service, tmp_path)
    path = tmp_path / VERDICTS
    path.write_bytes(path.read_bytes()[:-30])
    assert judged(service, tmp_path)["languages"] == first["languages"]
    assert len(service.asked) == 25 and len(kept(tmp_path)) == 24
    path.write_text("no JSON\n" + path.read_text())
    with pytest.raises(UserError, match="Line 1 of .*verdicts.jsonl is not a JSON object"):
        judged(service, tmp_path)
    path.write_text('{"request": "a"}\n')
    with pytest.raises(UserError, match="verdicts.jsonl has a field of the wrong kind"):
        judged(service, tmp_path)


@pytest.mark.parametrize("setting", ["attempts", "concurrency"])
def test_settings_that_make_no_sense(service: Service, tmp_path: Path, setting: str) -> None:
    with pytest.raises(UserError, match=f"{setting} is 0; give a whole number of at least 1"):
        judged(service, tmp_path, **{setting: 0})


def test_a_second_process_is_refused(service: Service, tmp_path: Path) -> None:
    held, done = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Said:
        held.set()
        done.wait(30)
        return says("8 6\n")

    service.answer = answer
    first = threading.Thread(target=judged, args=(service, tmp_path), kwargs={"timeout": 60.0})
    first.start()
    assert held.wait(30)
    with pytest.raises(UserError, match="Another process judges into .*; wait for it to end, or name another folder"):
        judged(service, tmp_path)
    done.set()
    first.join()
