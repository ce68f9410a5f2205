"""Google Cloud Translation by its own client library (https://cloud.google.com/translate/docs/advanced/translating-text-v3).

It is paid for by the character. Which languages it has it is asked itself, which costs nothing and proves the credentials.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isogloss.errors import UserError
from isogloss.languages import Language, language
from isogloss.translate.engine import BusyError, Translation
from isogloss.translate.engines import EngineChoice

# US dollars for a million characters of the NMT model (https://cloud.google.com/translate/pricing, as of 2025); the
# first 500,000 of a month are free.
PRICE = 20.0
# The most texts, and the most code points that are advised, in one request (the reference of TranslateTextRequest).
_TEXTS, _CHARACTERS = 1024, 30_000
# Texts of a call: one request of usual captions, which is what a kill may cost, some quarter of a dollar.
_PER_CALL = 256
# Seconds for one request.
_TIMEOUT = 120.0


def open_engine(choice: EngineChoice) -> "GoogleTranslation":
    """The service, on account of the project that `choice.model` or the credentials name.

    Raises:
        UserError: the client library is not installed, or there are no credentials, or no project.
    """
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import translate_v3
    except ImportError:
        raise UserError(
            "The engine 'google' needs Google's client library; install it with `pip install google-cloud-translate`."
        ) from None
    try:
        credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-translation"])
    except GoogleAuthError:
        raise UserError(
            "There are no credentials for Google Cloud; run `gcloud auth application-default login`, or name the key file "
            "of a service account in GOOGLE_APPLICATION_CREDENTIALS."
        ) from None
    project = choice.model or os.environ.get("GOOGLE_CLOUD_PROJECT") or project
    if not project:
        raise UserError("Which project of Google Cloud pays is not said; name it, as in --engine google:PROJECT.")
    return GoogleTranslation(translate_v3.TranslationServiceClient(credentials=credentials), project)


@dataclass(frozen=True)
class GoogleTranslation:
    """A client of the service and the project that pays.

    client: a TranslationServiceClient.
    """

    client: Any
    project: str
    texts_per_call: int = _PER_CALL
    price: float = PRICE
    _codes: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    # Answers of a call that is not done: what is paid for is not asked again when the rest of the call was refused.
    _paid: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str], repr=False)

    @property
    def name(self) -> str:
        """The model, not the project, which is nobody else's business."""
        return "google:nmt"

    @property
    def _parent(self) -> str:
        return f"projects/{self.project}/locations/global"

    def check(self, source: Language, target: Language) -> None:
        """Ask the service for its languages.

        Raises:
            UserError: it has not got one, or does not let this project in; BusyError: it does not answer now.
        """
        self._code(source)
        self._code(target)

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        """One translation a text, in as many requests as the service's limits ask for.

        Raises:
            UserError: the service refuses; BusyError: it is asked too often, or is down.
        """
        source_code, target_code = self._code(source), self._code(target)
        asked = [(source_code, target_code, text) for text in texts]
        for contents in _requests([text for key, text in zip(asked, texts, strict=True) if key not in self._paid]):
            request = {
                "parent": self._parent,
                "contents": contents,
                # By default it is taken for HTML, and apostrophes come back as entities.
                "mime_type": "text/plain",
                "source_language_code": source_code,
                "target_language_code": target_code,
            }
            answer = self._ask(self.client.translate_text, request)
            for text, one in zip(contents, answer.translations, strict=True):
                self._paid[source_code, target_code, text] = one.translated_text
        translations = [Translation(self._paid[key]) for key in asked]
        self._paid.clear()
        return translations

    def _code(self, one: Language) -> str:
        if not self._codes:
            answer = self._ask(self.client.get_supported_languages, {"parent": self._parent})
            self._codes.update(_by_tag(found.language_code for found in answer.languages))
        if one.tag not in self._codes:
            raise UserError(f"Google Cloud Translation has no {one.name} ({one.tag}); choose another engine for it.")
        return self._codes[one.tag]

    def _ask(self, method: Any, request: Mapping[str, Any]) -> Any:
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError, TransportError

        busy = (
            exceptions.TooManyRequests,  # and with it ResourceExhausted
            exceptions.ServerError,  # and with it ServiceUnavailable and DeadlineExceeded
            exceptions.RetryError,
            TransportError,
        )
        try:
            return method(request=request, timeout=_TIMEOUT, retry=None)
        except busy as error:
            raise BusyError(f"Google Cloud Translation does not answer ({_reason(error)})", _delay(error)) from error
        except exceptions.Forbidden as error:
            # Quotas by the day or the minute come as 403 too (https://cloud.google.com/translate/quotas).
            if "limit exceeded" in str(error).lower():
                raise BusyError(f"Google Cloud Translation's quota is used up ({_reason(error)})") from error
            raise UserError(
                f"Google Cloud does not let the project '{self.project}' translate ({_reason(error)}); enable the Cloud "
                "Translation API and billing for it, and give its account the role 'Cloud Translation API User'."
            ) from error
        except (exceptions.Unauthenticated, GoogleAuthError) as error:
            raise UserError(
                f"Google Cloud does not accept the credentials ({_reason(error)}); run `gcloud auth application-default "
                "login` again."
            ) from error
        except exceptions.GoogleAPICallError as error:
            raise UserError(f"Google Cloud Translation refuses ({_reason(error)}); mend what it names.") from error


def _by_tag(codes: Iterable[str]) -> dict[str, str]:
    """The service's code of each language: zh-CN is ours for zh, iw for he, and pt itself goes before pt-BR."""
    found: dict[str, str] = {}
    for code in sorted(codes):
        try:
            tag = language(code).tag
        except UserError:  # a language or a script that the table has not got
            continue
        if code == tag or tag not in found:
            found[tag] = code
    return found


def _requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in lists that keep to the limits of a request; a longer text goes alone."""
    contents: list[str] = []
    characters = 0
    for text in texts:
        if contents and (len(contents) == _TEXTS or characters + len(text) > _CHARACTERS):
            yield contents
            contents, characters = [], 0
        contents.append(text)
        characters += len(text)
    if contents:
        yield contents


def _reason(error: Exception) -> str:
    said = str(getattr(error, "message", "") or error) or type(error).__name__
    return said.splitlines()[0].rstrip(".")


def _delay(error: Exception) -> float | None:
    """How long the service says to wait, in seconds (google.rpc.RetryInfo), where it does."""
    for detail in getattr(error, "details", None) or ():
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return delay.seconds + delay.nanos / 1e9
    return None
