"""A Hub that does not answer is asked once: an absent model is told at once, and a model of the cache is loaded from there."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import huggingface_hub.constants
import pytest
from models.conftest import Saved
from models.tiny_towers import TOKENS

from isogloss.errors import UserError
from isogloss.models.hub import place
from isogloss.models.towers import Tower, build_dual_encoder, build_tower

COMMIT = "0" * 40


@dataclass
class Hub:
    """A Hub on this machine, which hangs up or knows no model, and what it was asked for."""

    answers: bool = False
    asked: list[str] = field(default_factory=list[str])

    def of(self, model: str) -> list[str]:
        """The requests for a model."""
        return [path for path in self.asked if model in path]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    found = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            if found.answers:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    place.cache_clear()
    yield found
    place.cache_clear()
    server.shutdown()
    server.server_close()


def cached(folder: Path, name: str) -> None:
    """Keep a folder in the cache, as if it had been downloaded."""
    kept = Path(huggingface_hub.constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, kept / "snapshots" / COMMIT)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(COMMIT)


def test_an_absent_model_is_asked_for_once(hub: Hub) -> None:
    with pytest.raises(
        UserError, match="isogloss-tests/absent' is no folder here .*the Hub does not answer: .*disconnect"
    ):
        build_tower(Tower("isogloss-tests/absent"), "vision")
    assert hub.of("absent") == ["/isogloss-tests/absent/resolve/main/config.json"]


def test_models_of_the_cache_are_asked_for_once_each(hub: Hub, saved: Saved, tmp_path: Path) -> None:
    cached(saved("vit"), "isogloss-tests/vit")
    cached(saved("bert"), "isogloss-tests/bert")
    vision, text = Tower("isogloss-tests/vit"), Tower("isogloss-tests/bert")
    model, _ = build_dual_encoder(vision, text, projection_dim=8, text_tokens=TOKENS)
    assert hub.of("isogloss-tests") == [f"/isogloss-tests/{name}/resolve/main/config.json" for name in ("vit", "bert")]
    model.save_pretrained(tmp_path / "model")
    config = (tmp_path / "model" / "config.json").read_text(encoding="utf-8")
    assert '"isogloss-tests/bert"' in config
    assert str(tmp_path) not in config


def test_a_model_that_the_cache_holds_in_part(hub: Hub, saved: Saved) -> None:
    cached(saved("vit"), "isogloss-tests/part")
    for weights in Path(huggingface_hub.constants.HF_HUB_CACHE).rglob("model.safetensors"):
        weights.unlink()
    with pytest.raises(UserError, match="vision tower 'isogloss-tests/part' is .*no file named model.safetensors"):
        build_tower(Tower("isogloss-tests/part"), "vision")
    assert len(hub.of("part")) == 1


def test_a_hub_that_answers_is_taken_at_its_word(hub: Hub) -> None:
    hub.answers = True
    assert place("isogloss-tests/unknown") == "isogloss-tests/unknown"
    with pytest.raises(UserError, match="isogloss-tests/unknown' is no folder here .*is not a valid model identifier"):
        build_tower(Tower("isogloss-tests/unknown"), "vision")


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "three/parts/long"])
def test_the_hub_is_not_asked_for_a_path(name: str, hub: Hub, saved: Saved) -> None:
    assert place(name) == name
    assert place(str(saved("vit"))) == str(saved("vit"))
    with pytest.raises(UserError, match=f"The vision tower '{name}' is"):
        build_tower(Tower(name), "vision")
    assert not hub.asked


def test_a_hub_that_is_not_to_be_asked(hub: Hub, saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    cached(saved("vit"), "isogloss-tests/vit")
    build_tower(Tower("isogloss-tests/vit"), "vision")
    with pytest.raises(UserError, match="the Hub does not answer: .*offline mode is enabled"):
        build_tower(Tower("isogloss-tests/absent"), "vision")
    assert not hub.asked
