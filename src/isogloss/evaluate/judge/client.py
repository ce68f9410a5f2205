"""A judge behind an OpenAI-compatible chat endpoint (https://platform.openai.com/docs/api-reference/chat)."""

import json
import math
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from isogloss.errors import UserError
from isogloss.translate.engine import BusyError

# Seconds to reach a server at all.
_CONNECT = 10.0
# Bytes; what is longer is no reply of a judge.
_LONGEST = 2**23
# Statuses of a server that has too much to do, or is not there behind its gateway (529 is Anthropic's).
_BUSY = {429, 502, 503, 529}
_LATE = {408, 504}
# By these words in its error a service says that the content is what it will not take; the codes are OpenAI's and Azure's.
_FILTERED = ("content_filter", "content_policy_violation", "moderation", "flagged")


@dataclass(frozen=True)
class Endpoint:
    """Where the judge is asked, and how.

    Attributes:
        url: up to and with its version, such as "https://api.openai.com/v1".
        model: the judge's name there.
        key: the secret that the service asks for; empty for none.
        key_name: of the environment variable that holds it, for messages.
        timeout: seconds for one reply.
        temperature: 0 for the likeliest reply.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    key_name: str = "OPENAI_API_KEY"
    timeout: float = 120.0
    temperature: float = 0.0

    def __post_init__(self) -> None:
        try:
            url = httpx2.URL(self.url)
        except httpx2.InvalidURL:
            url = httpx2.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise UserError(f"'{self.url}' is no address of a judge; give one such as https://api.openai.com/v1.")
        if not self.model.strip():
            raise UserError("Name the model that judges with --model.")
        if not self.timeout > 0:
            raise UserError(f"timeout is {self.timeout:g}; give a number of seconds above 0.")
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise UserError(f"temperature is {self.temperature:g}; give a number of at least 0.")
        if not (self.key.isascii() and self.key.isprintable()):
            raise UserError(f"What {self.key_name} holds is no key, for it has characters that none has; set it again.")

    @property
    def place(self) -> str:
        """The address without anything that may be secret, for results and messages."""
        url = httpx2.URL(self.url).copy_with(username=None, password=None, query=None, fragment=None)
        return str(url).rstrip("/")

    @property
    def chat(self) -> httpx2.URL:
        """The address that is asked."""
        url = httpx2.URL(self.url)
        path = url.path.rstrip("/").removesuffix("/chat/completions")
        return url.copy_with(path=f"{path}/chat/completions")


@dataclass(frozen=True)
class Reply:
    """What the judge said, and which version of it by its own account; an empty one where it does not tell."""

    text: str
    model: str
    system_fingerprint: str


class NoReplyError(Exception):
    """A question that got no reply which could be used.

    reason: "timeout", "server error", "rejected", "malformed", "refused" or "nonsense"; said: what came instead.
    """

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(f"{reason}: {said}")
        self.reason = reason
        self.said = said


@dataclass(frozen=True)
class Judge:
    """An endpoint and the connections to it, which several threads may share.

    reached: set once it has answered anything: until then an address that does not answer is thought to be wrong.
    """

    endpoint: Endpoint
    client: httpx2.Client
    reached: threading.Event = field(default_factory=threading.Event)

    def ask(self, messages: Sequence[dict[str, Any]]) -> Reply:
        """The judge's reply.

        Raises:
            UserError: no question will get a reply; BusyError: none now; NoReplyError: this one has not got one.
        """
        endpoint = self.endpoint
        content = {"model": endpoint.model, "messages": list(messages), "temperature": endpoint.temperature}
        try:
            status, headers, body = self._post(content)
        except httpx2.TimeoutException as error:
            if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
                raise self._unreached(error) from error
            self.reached.set()
            raise NoReplyError("timeout", f"no reply in {endpoint.timeout:g} seconds") from error
        except httpx2.ConnectError as error:
            raise self._unreached(error) from error
        except httpx2.TransportError as error:  # closed by the server amid its reply
            self.reached.set()
            raise NoReplyError("server error", str(error) or type(error).__name__) from error
        except httpx2.DecodingError as error:
            raise NoReplyError("malformed", str(error)) from error
        self.reached.set()
        if status == 200:
            return _reply(body)
        raise self._refusal(status, headers, self._said(body))

    def _post(self, content: dict[str, Any]) -> tuple[int, httpx2.Headers, bytes]:
        """Read in parts, because the client's own timeout is for each part of a reply and not for all of it."""
        end = time.monotonic() + self.endpoint.timeout
        body = bytearray()
        # As ASCII, because a text with half a character, as some files have, cannot be sent as UTF-8.
        sent = json.dumps(content).encode()
        kind = {"Content-Type": "application/json"}
        with self.client.stream("POST", self.endpoint.chat, content=sent, headers=kind) as response:
            for part in response.iter_bytes():
                body += part
                if time.monotonic() > end:
                    raise httpx2.ReadTimeout("the reply did not end")
                if len(body) > _LONGEST:
                    raise NoReplyError("malformed", f"more than {_LONGEST:,} bytes")
            return response.status_code, response.headers, bytes(body)

    def _unreached(self, error: Exception) -> Exception:
        said = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        if self.reached.is_set():
            return BusyError(f"The judge at {self.endpoint.place} cannot be reached ({said})")
        return UserError(
            f"There is no judge at {self.endpoint.place} ({said}); start its server, or mend the address after --judge."
        )

    def _said(self, body: bytes) -> str:
        """The server's own words, in a line, without the key where it repeats that."""
        text = body.decode("utf-8", "replace")
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        error = found.get("error", found) if isinstance(found, dict) else text
        said = str(error.get("message") or error) if isinstance(error, dict) else str(error)
        if isinstance(error, dict) and error.get("code"):
            said = f"{said} ({error['code']})"
        if self.endpoint.key:
            said = said.replace(self.endpoint.key, "…")
        return " ".join(said.split())[:300].rstrip(".") or "without a word"

    def _refusal(self, status: int, headers: httpx2.Headers, said: str) -> Exception:
        place, model, told = self.endpoint.place, self.endpoint.model, f"{status}: {said}"
        if 400 <= status < 500 and any(word in said.lower() for word in _FILTERED):
            return NoReplyError("refused", told)
        if status in (401, 403):
            remedy = "set another" if self.endpoint.key else "set it to the key of your account"
            kind = "the key that" if self.endpoint.key else "questions without a key, and"
            state = "holds" if self.endpoint.key else "holds none"
            return UserError(
                f"The judge at {place} refuses {kind} {self.endpoint.key_name} {state} ({told}); {remedy}."
            )
        if status == 402 or "insufficient_quota" in said:
            return UserError(f"The judge at {place} is to be paid first ({told}); what is judged is kept.")
        if status in (404, 405):
            return UserError(f"There is no chat with a model '{model}' at {place} ({told}); mend --judge or --model.")
        if 300 <= status < 400:
            moved = headers.get("location", "another address")
            return UserError(
                f"The judge at {place} has moved to {moved} ({status}); give its new address with --judge."
            )
        if status in _BUSY:
            return BusyError(f"The judge at {place} is too busy ({told})", wait_of(headers.get("retry-after", "")))
        if status in _LATE:
            return NoReplyError("timeout", told)
        return NoReplyError("rejected" if status < 500 else "server error", told)


@contextmanager
def opened(endpoint: Endpoint, connections: int = 1) -> Generator[Judge]:
    """A judge to be asked by so many threads at a time."""
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    timeout = httpx2.Timeout(endpoint.timeout, connect=min(_CONNECT, endpoint.timeout))
    limits = httpx2.Limits(max_connections=connections)
    with httpx2.Client(headers=headers, timeout=timeout, limits=limits) as client:
        yield Judge(endpoint, client)


def wait_of(header: str) -> float | None:
    """Seconds that a Retry-After header asks for, which may be a number or a date (RFC 9110, section 10.2.3)."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _reply(body: bytes) -> Reply:
    try:
        found = json.loads(body)
        if not found.get("choices") and found.get("error"):  # as gateways do
            raise NoReplyError("server error", str(found["error"])[:300])
        choice = found["choices"][0]
        message = choice["message"]
        content = message.get("content") or ""
        if not isinstance(content, str):
            content = "".join(part.get("text") or "" for part in content)
        refusal = message.get("refusal") or ""
        if refusal or choice.get("finish_reason") == "content_filter":
            raise NoReplyError("refused", str(refusal or content or "its filter took the reply"))
        return Reply(content, str(found.get("model") or ""), str(found.get("system_fingerprint") or ""))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NoReplyError("malformed", body[:300].decode("utf-8", "replace")) from error
