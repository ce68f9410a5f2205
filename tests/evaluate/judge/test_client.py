"""What each thing that a service may say or do becomes."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from evaluate.judge.endpoint import Asked, Said, Service, refuses, says

from isogloss.errors import UserError
from isogloss.evaluate.judge.client import Endpoint, NoReplyError, Reply, opened, wait_of
from isogloss.translate.engine import BusyError

MESSAGES = [{"role": "user", "content": "Which is better? 猫 \ud83d"}]
KEY = "sk-a-secret-that-nobody-may-see"


def ask(service: Service, **settings: object) -> Reply:
    with opened(Endpoint(**{"url": service.url, "model": "judge", "timeout": 5.0, **settings})) as judge:
        return judge.ask(MESSAGES)


def test_a_reply_bears_the_version_of_the_judge(service: Service) -> None:
    assert ask(service, key=KEY) == Reply("8 6\nWell.", "judge-2025-01-01", "fp_1")
    (asked,) = service.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {"model": "judge", "messages": MESSAGES, "temperature": 0.0}


@pytest.mark.parametrize("end", ["/", "/chat/completions", "?api-version=2025"])
def test_addresses_as_people_have_them(service: Service, end: str) -> None:
    ask(service, url=service.url + end)
    (asked,) = service.asked
    assert asked.path == "/v1/chat/completions" + (end if end.startswith("?") else "")
    assert "authorization" not in asked.headers


def test_a_judge_that_tells_no_version_and_one_that_answers_in_parts(service: Service) -> None:
    body = {"choices": [{"message": {"content": [{"type": "text", "text": "8 "}, {"type": "text", "text": "6"}]}}]}
    service.answer = lambda asked: Said(200, json.dumps(body).encode())
    assert ask(service) == Reply("8 6", "", "")


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        (refuses(500, "out of memory"), "server error", "500: out of memory"),
        (Said(200, b"", closed=True), "server error", "disconnected"),
        (Said(200, b'{"error": {"message": "upstream is down"}}'), "server error", "upstream is down"),
        (refuses(400, "too many tokens", "context_length_exceeded"), "rejected", "too many tokens"),
        (refuses(400, "filtered", "content_filter"), "refused", "content_filter"),
        (refuses(403, "your input was flagged"), "refused", "flagged"),
        (says("", refusal="I cannot help with that."), "refused", "I cannot help"),
        (says("8 6", finish_reason="content_filter"), "refused", "8 6"),
        (refuses(504, "the gateway"), "timeout", "504"),
        (Said(200, b"<html>welcome</html>"), "malformed", "welcome"),
        (Said(200, b'{"choices": []}'), "malformed", "choices"),
        (Said(200, b"[1]"), "malformed", "1"),
        (Said(200, b"\xff\xfe"), "malformed", ""),
        (Said(200, b"not gzip", {"Content-Encoding": "gzip"}), "malformed", ""),
    ],
)
def test_one_question_without_a_reply(service: Service, said: Said, reason: str, told: str) -> None:
    service.answer = lambda asked: said
    with pytest.raises(NoReplyError) as caught:
        ask(service)
    assert caught.value.reason == reason
    assert told in caught.value.said


def test_a_reply_that_does_not_come_in_time(service: Service) -> None:
    def late(asked: Asked) -> Said:
        time.sleep(1.5)
        return says("8 6")

    service.answer = late
    with pytest.raises(NoReplyError) as caught:
        ask(service, timeout=0.2)
    assert (caught.value.reason, caught.value.said) == ("timeout", "no reply in 0.2 seconds")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            refuses(401, f"wrong key {KEY}", "invalid_api_key"),
            r"refuses the key that OPENAI_API_KEY holds \(401: wrong key … \(invalid_api_key\)\); set another\.",
        ),
        (refuses(402, "no credit"), "is to be paid first"),
        (refuses(429, "pay", "insufficient_quota"), "is to be paid first"),
        (refuses(404, "no such model", "model_not_found"), "There is no chat with a model 'judge' at .*no such model"),
        (Said(308, b"", {"Location": "https://elsewhere/v1"}), "has moved to https://elsewhere/v1"),
    ],
)
def test_what_no_question_would_get_past(service: Service, said: Said, sentence: str) -> None:
    service.answer = lambda asked: said
    with pytest.raises(UserError, match=sentence) as caught:
        ask(service, key=KEY)
    assert KEY not in str(caught.value)


def test_a_key_that_is_missing_is_asked_for(service: Service) -> None:
    service.answer = lambda asked: refuses(401, "who are you?")
    with pytest.raises(
        UserError, match=r"refuses questions without a key, and THE_KEY holds none .*; set it to the key"
    ):
        ask(service, key_name="THE_KEY")


@pytest.mark.parametrize(("status", "after", "seconds"), [(429, "7", 7), (503, "", None), (502, "soon", None)])
def test_a_busy_service_is_told_apart_with_the_wait_it_asks_for(
    service: Service, status: int, after: str, seconds: float | None
) -> None:
    service.answer = lambda asked: refuses(status, "slower", **({"Retry_After": after} if after else {}))
    with pytest.raises(BusyError, match=f"is too busy \\({status}: slower\\)") as caught:
        ask(service)
    assert caught.value.seconds == seconds


def test_waits_of_a_header() -> None:
    assert [wait_of(header) for header in ("2.5", "-3", "nan", "inf", "", "soon")] == [2.5, 0, None, None, None, None]
    assert wait_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    later = wait_of(format_datetime(datetime.now(UTC) + timedelta(hours=1)))
    assert later is not None and 3000 < later <= 3600


def test_a_service_that_was_there_is_waited_for_and_one_that_never_was_is_not(service: Service) -> None:
    nowhere = Endpoint("http://127.0.0.1:9/v1", "judge")
    with opened(nowhere) as judge:
        with pytest.raises(
            UserError, match=r"There is no judge at http://127\.0\.0\.1:9/v1 .*start its server, or mend"
        ):
            judge.ask(MESSAGES)
        judge.reached.set()
        with pytest.raises(BusyError, match="cannot be reached"):
            judge.ask(MESSAGES)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"url": "api.openai.com/v1"}, "'api.openai.com/v1' is no address of a judge; give one such as"),
        ({"url": "ftp://here/v1"}, "no address"),
        ({"url": "http://[::1"}, "no address"),
        ({"model": " "}, "Name the model"),
        ({"timeout": 0.0}, "timeout is 0; give"),
        ({"timeout": float("nan")}, "timeout is nan; give"),
        ({"temperature": -1.0}, "temperature is -1; give"),
        ({"key": "two\nlines"}, "What OPENAI_API_KEY holds is no key"),
        ({"key": "schlüssel"}, "is no key"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Endpoint(**{"url": "http://here/v1", "model": "judge", **settings})


def test_nothing_secret_is_shown() -> None:
    endpoint = Endpoint("https://me:pass@here/v1/?key=abc", "judge", KEY)
    assert endpoint.place == "https://here/v1"
    assert KEY not in repr(endpoint)
