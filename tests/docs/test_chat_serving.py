"""The guide to talking with a chat model and serving it: its lines are run, against a real server on this machine."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from docs.test_guide import ROOT, blocks
from models.tiny_chat import make_chat
from safetensors import safe_open
from serve.test_chat import anew
from serve.tiny_talker import picture, save_picture, save_talker
from transformers import CLIPVisionConfig, LlavaConfig

from isogloss.data.conversations import Turn
from isogloss.evaluate.judge.client import Endpoint, opened
from isogloss.models.chat_saving import load_chat, save_chat
from isogloss.serve.chat import Chat
from isogloss.serve.generation import Generation

GUIDE = ROOT / "docs/guides/chat_serving.md"
MODEL = "./runs/talk/model"


@dataclass(frozen=True)
class Served:
    """A server, and the folder that it was started in, where there is a picture too."""

    address: str
    folder: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    save_picture(folder / "picture.png")
    (folder / "runs").mkdir()
    save_talker(folder).rename(folder / "runs/talk")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = next(line for block in blocks(GUIDE, "sh") for line in block.splitlines() if "transformers serve" in line)
    program, *words = command.replace("--port 8000", f"--port {port}").split()
    words = [str(Path(sys.executable).with_name(program)), *words, "--device", "cpu", "--host", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            words, cwd=folder, stdout=log, stderr=log, env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health", server, folder / "log")
        yield Served(address, folder)
    finally:
        server.kill()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)


def python(number: int) -> str:
    return blocks(GUIDE, "python")[number]


def test_the_five_lines(served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(served.folder)
    found: dict[str, Any] = {}
    exec(python(0), found)
    turns = found["chat"].turns
    assert turns[0].text == "<image>\nWhat is it?\n日本語で答えてください。"
    talker = load_chat(MODEL)
    for number in (1, 3):  # the second as far as the model's 512 tokens reach
        wanted = anew(talker, turns[:number], [picture()], max_new_tokens=256)
        assert len(turns[number].text) > 100 and wanted.startswith(turns[number].text)
    assert capsys.readouterr().out == f"{turns[1].text}\n{turns[3].text}"
    assert sum(1 for line in python(0).splitlines() if line) <= 6


def test_a_served_model_replies_as_it_does_here(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(served.folder)
    exec(python(1).replace("http://localhost:8000", served.address), {})
    said = capsys.readouterr().out.rstrip("\n")
    chat = Chat.load(MODEL, generation=Generation(max_tokens=64))
    wanted = chat.ask("What is it?", images=["picture.png"])
    assert (
        said
        == wanted
        == anew(load_chat(MODEL), (Turn("user", "<image>\nWhat is it?"),), [picture()], max_new_tokens=64)
    )
    assert wanted and wanted != Chat.load(MODEL, generation=Generation(max_tokens=64)).ask("What is it?")


def test_a_conversation_goes_on_at_a_server(served: Served) -> None:
    """Several turns, two pictures, and words streamed one by one."""
    chat = Chat.load(str(served.folder / MODEL), generation=Generation(max_tokens=16))
    first = chat.ask("a cat", images=[picture(0)])
    second = chat.ask("a dog", images=[picture(1)])
    url = "data:image/png;base64," + b64encode(save_picture(served.folder / "b.png", 1).read_bytes()).decode()
    shown = "data:image/png;base64," + b64encode((served.folder / "picture.png").read_bytes()).decode()
    messages = [
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": shown}}, {"type": "text", "text": "a cat"}],
        },
        {"role": "assistant", "content": first},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "a dog"}],
        },
    ]
    content = {"model": MODEL, "messages": messages, "temperature": 0, "max_tokens": 16, "stream": True}
    request = urllib.request.Request(
        f"{served.address}/v1/chat/completions", json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=240) as answer:
        lines = [line.decode()[6:] for line in answer if line.startswith(b"data: {")]
    pieces = [json.loads(line)["choices"][0]["delta"].get("content") or "" for line in lines]
    assert "".join(pieces) == second and len([piece for piece in pieces if piece]) > 1


def test_a_served_model_can_be_asked_as_a_judge(served: Served) -> None:
    endpoint = Endpoint(f"{served.address}/v1", MODEL, timeout=240)
    wanted = Chat.load(str(served.folder / MODEL), generation=Generation(max_tokens=1024)).ask("a cat")
    with opened(endpoint) as judge:
        reply = judge.ask([{"role": "user", "content": "a cat"}])
    assert reply.text.startswith(wanted[:100]) and reply.model.startswith(MODEL)


def test_what_vllm_reads_of_a_saved_model_is_there(tmp_path: Path) -> None:
    """With a CLIP tower, which its LLaVA takes."""
    model, processor = make_chat(tmp_path, "clip_vision_model", "qwen3")
    folder = tmp_path / "model"
    save_chat(model, processor, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["LlavaForConditionalGeneration"]
    assert config["text_config"]["architectures"] == ["Qwen3ForCausalLM"]
    assert config["image_token_index"] == model.config.image_token_id
    assert (config["vision_feature_layer"], config["vision_feature_select_strategy"]) == (-2, "default")
    assert (config["projector_hidden_act"], config["multimodal_projector_bias"]) == ("gelu", True)
    assert isinstance(LlavaConfig.from_pretrained(folder).vision_config, CLIPVisionConfig)
    saved = json.loads((folder / "processor_config.json").read_text(encoding="utf-8"))
    assert saved["processor_class"] == "LlavaProcessor" and saved["patch_size"] == config["vision_config"]["patch_size"]
    assert saved["image_token"] == "<image>" and saved["image_processor"]["image_processor_type"]
    for name in ("chat_template.jinja", "tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        assert (folder / name).is_file(), name
    with safe_open(folder / "model.safetensors", "pt") as file:
        parts = {name.split(".")[0] for name in file.keys()}  # noqa: SIM118
    assert parts == {"vision_tower", "multi_modal_projector", "language_model"}
