"""Google Cloud Translation's own client against a server of the same interface, in this process."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.cloud import translate_v3
from google.cloud.translate_v3.services.translation_service.transports import TranslationServiceGrpcTransport
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.engine import BusyError, Engine
from isogloss.translate.engines import choose_engine, open_engine
from isogloss.translate.engines.google import GoogleTranslation, _requests

ENGLISH, SPANISH = language("en"), language("es")
CODES = (
    "en",
    "es",
    "zh",
    "zh-CN",
    "zh-TW",
    "iw",
    "he",
    "jw",
    "jv",
    "no",
    "gom",
    "pt",
    "pt-BR",
    "mni-Mtei",
    "fa",
    "fa-AF",
)
SERVICE = "google.cloud.translation.v3.TranslationService"


@dataclass
class Server:
    """asked: the requests for translations; refuse: called before each answer, to refuse it."""

    asked: list[Any] = field(default_factory=list[Any])
    languages_asked: list[str] = field(default_factory=list[str])
    refuse: Callable[[Any], None] = lambda context: None

    def translate(self, request: Any, context: Any) -> Any:
        self.refuse(context)
        self.asked.append(request)
        translations = [{"translated_text": f"{text} ({request.target_language_code})"} for text in request.contents]
        return translate_v3.TranslateTextResponse(translations=translations)

    def languages(self, request: Any, context: Any) -> Any:
        self.refuse(context)
        self.languages_asked.append(request.parent)
        return translate_v3.SupportedLanguages(languages=[{"language_code": code} for code in CODES])


def methods(server: Server) -> Any:
    def method(answer: Any, request: Any, response: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(answer, request.deserialize, response.serialize)

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "TranslateText": method(
                server.translate, translate_v3.TranslateTextRequest, translate_v3.TranslateTextResponse
            ),
            "GetSupportedLanguages": method(
                server.languages, translate_v3.GetSupportedLanguagesRequest, translate_v3.SupportedLanguages
            ),
        },
    )


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def engine(server: Server) -> Iterator[GoogleTranslation]:
    service = grpc.server(ThreadPoolExecutor(2), handlers=[methods(server)])
    port = service.add_insecure_port("127.0.0.1:0")
    service.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = translate_v3.TranslationServiceClient(transport=TranslationServiceGrpcTransport(channel=channel))
        yield GoogleTranslation(client, "a-project")
    service.stop(None)


def refusing(code: Any, said: str, seconds: float | None = None) -> Callable[[Any], None]:
    """An answer that is an error, with the delay that the service asks for."""

    def refuse(context: Any) -> None:
        details: list[AnyMessage] = []
        if seconds is not None:
            delay = AnyMessage()
            delay.Pack(RetryInfo(retry_delay=Duration(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))))
            details.append(delay)
        context.abort_with_status(rpc_status.to_status(Status(code=code.value[0], message=said, details=details)))

    return refuse


def test_texts_are_asked_for_as_plain_text_of_the_project(engine: GoogleTranslation, server: Server) -> None:
    assert isinstance(engine, Engine)
    engine.check(ENGLISH, SPANISH)
    found = engine.translate(["a dog", "it's <b>"], ENGLISH, SPANISH)
    assert [one.text for one in found] == ["a dog (es)", "it's <b> (es)"]
    (request,) = server.asked
    assert request.parent == "projects/a-project/locations/global"
    assert (request.source_language_code, request.target_language_code) == ("en", "es")
    assert request.mime_type == "text/plain"
    assert server.languages_asked == ["projects/a-project/locations/global"], "once"
    assert (engine.name, engine.price) == ("google:nmt", 20.0)


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        *(
            ("zh-Hans", "zh"),
            ("zh-Hant", "zh-TW"),
            ("he", "he"),
            ("iw", "he"),
            ("jv", "jv"),
            ("nb", "no"),
            ("kok", "gom"),
        ),
        *(("pt", "pt"), ("prs", "fa-AF"), ("fa", "fa")),
    ],
)
def test_codes_are_the_service_s_own(tag: str, code: str, engine: GoogleTranslation, server: Server) -> None:
    engine.translate(["a dog"], ENGLISH, language(tag))
    assert server.asked[0].target_language_code == code


@pytest.mark.parametrize("tag", ["tw", "mni", "sr-Latn"])
def test_a_language_that_it_has_not_got(tag: str, engine: GoogleTranslation) -> None:
    """Meitei in another script than the service's is another language here."""
    with pytest.raises(UserError, match=rf"has no .* \({tag}\); choose another engine"):
        engine.check(ENGLISH, language(tag))


@given(st.lists(st.integers(1, 40_000), max_size=40))
def test_requests_keep_to_the_limits(lengths: list[int]) -> None:
    texts = ["x" * length for length in lengths]
    found = list(_requests(texts))
    assert [text for contents in found for text in contents] == texts
    assert all(sum(map(len, contents)) <= 30_000 or len(contents) == 1 for contents in found)
    assert all(contents for contents in found)


def test_requests_hold_as_many_texts_as_are_allowed() -> None:
    assert [len(contents) for contents in _requests(["x"] * 2500)] == [1024, 1024, 452]


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 7.5),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, None),
        (grpc.StatusCode.UNAVAILABLE, 2.0),
        (grpc.StatusCode.UNAVAILABLE, None),
        (grpc.StatusCode.INTERNAL, None),
        (grpc.StatusCode.DEADLINE_EXCEEDED, None),
    ],
)
def test_too_often_or_down_is_busy_for_as_long_as_it_says(
    code: Any, seconds: float | None, engine: GoogleTranslation, server: Server
) -> None:
    server.refuse = refusing(code, "Not now.", seconds)
    with pytest.raises(BusyError, match=r"Google Cloud Translation does not answer \(Not now\)") as busy:
        engine.translate(["a dog"], ENGLISH, SPANISH)
    assert busy.value.seconds == seconds


def test_a_quota_that_is_used_up_is_busy_too(engine: GoogleTranslation, server: Server) -> None:
    server.refuse = refusing(grpc.StatusCode.PERMISSION_DENIED, "User Rate Limit Exceeded")
    with pytest.raises(BusyError, match=r"quota is used up \(User Rate Limit Exceeded\)"):
        engine.check(ENGLISH, SPANISH)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, r"does not let the project 'a-project' translate \(No\); enable the Cloud"),
        (grpc.StatusCode.UNAUTHENTICATED, r"does not accept the credentials \(No\); run `gcloud auth"),
        (grpc.StatusCode.INVALID_ARGUMENT, r"refuses \(No\); mend what it names"),
    ],
)
def test_what_waiting_does_not_help_is_a_sentence(
    code: Any, sentence: str, engine: GoogleTranslation, server: Server
) -> None:
    server.refuse = refusing(code, "No.")
    with pytest.raises(UserError, match=sentence):
        engine.check(ENGLISH, SPANISH)


def test_what_is_paid_for_is_not_asked_again(engine: GoogleTranslation, server: Server) -> None:
    """The second of three requests is refused; asked again, the call goes on from there."""
    engine.check(ENGLISH, SPANISH)
    texts = [letter * 20_000 for letter in "abc"]

    def refuse(context: Any) -> None:
        if server.asked:
            refusing(grpc.StatusCode.UNAVAILABLE, "Down")(context)

    server.refuse = refuse
    with pytest.raises(BusyError):
        engine.translate(texts, ENGLISH, SPANISH)
    server.refuse = lambda context: None
    found = engine.translate(texts, ENGLISH, SPANISH)
    assert [one.text for one in found] == [f"{text} (es)" for text in texts]
    assert [request.contents[0][0] for request in server.asked] == ["a", "b", "c"]


def test_without_credentials_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(UserError, match="no credentials for Google Cloud; run `gcloud auth application-default login`"):
        open_engine(choose_engine("google:a-project"))


def test_without_a_project_nobody_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setattr("google.auth.default", lambda scopes: (object(), None))
    with pytest.raises(UserError, match="Which project .* pays is not said; name it, as in --engine google:PROJECT"):
        open_engine(choose_engine("google"))


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "google.auth", None)
    with pytest.raises(
        UserError, match="needs Google's client library; install it with `pip install google-cloud-trans"
    ):
        open_engine(choose_engine("google"))
