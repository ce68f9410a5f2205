"""A service that speaks the chat protocol, in a thread of this process, and says what it is told to say."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it came: its path, its headers in lower case, and its body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """What the user says."""
        content = self.body["messages"][1]["content"]
        return content if isinstance(content, str) else content[0]["text"]

    def has_first(self, text: str) -> bool:
        """Whether this is what stands first of the two answers."""
        return self.text.split("<answer A>\n")[1].startswith(text)


@dataclass(frozen=True)
class Said:
    """An answer: a status, a body and headers; or a connection that is closed without one."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])
    closed: bool = False


def says(text: str, **more: Any) -> Said:
    """A reply with status 200."""
    message = {"role": "assistant", "content": text, "refusal": more.pop("refusal", None)}
    choice = {"index": 0, "message": message, "finish_reason": more.pop("finish_reason", "stop")}
    found = {"id": "1", "object": "chat.completion", "model": "judge-2025-01-01", "system_fingerprint": "fp_1", **more}
    return Said(200, json.dumps({**found, "choices": [choice]}).encode())


def refuses(status: int, message: str = "no", code: str | None = None, **headers: str) -> Said:
    """A reply with another status."""
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    return Said(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


Answer = Callable[[Asked], Said]


@dataclass
class Service:
    """asked: what came, in order; answer: what is said to it, which a test may change."""

    url: str = ""
    answer: Answer = lambda asked: says("8 6\nWell.")
    asked: list[Asked] = field(default_factory=list[Asked])


@contextmanager
def serving() -> Generator[Service]:
    """Serve until the block ends."""
    service, lock = Service(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The two parts of an answer are else held back for each other, for 40 ms.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with lock:
                service.asked.append(asked)
            said = service.answer(asked)
            if said.closed:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # as where a client that was killed hears no answer
    service.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
