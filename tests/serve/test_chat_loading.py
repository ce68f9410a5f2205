"""A chat model by all that it may be called, with templates of all kinds, and in few bits where the hardware has it."""

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from serve.test_chat import SHORT
from serve.tiny_talker import make_talker, picture, save_talker

from isogloss.errors import UserError
from isogloss.models.chat_saving import save_chat
from isogloss.serve import chat_loading, quantised
from isogloss.serve.chat import Chat
from isogloss.serve.chat_loading import chat_folder, open_chat

# As that of a LLaVA that Transformers' own authors published, which knows messages of parts alone.
PARTS = """{%- for message in messages -%}
{{- message['role'] | upper + ': ' -}}
{%- for part in message['content'] | selectattr('type', 'equalto', 'image') -%}{{- '<image>\\n' -}}{%- endfor -%}
{%- for part in message['content'] | selectattr('type', 'equalto', 'text') -%}{{- part['text'] + ' ' -}}{%- endfor -%}
{{- '<|im_end|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'ASSISTANT:' -}}{%- endif -%}"""


def test_a_model_by_its_run_its_folder_and_its_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = save_talker(tmp_path)
    assert chat_folder(str(run)) == chat_folder(str(run / "model")) == run / "model"
    monkeypatch.chdir(tmp_path)
    assert chat_folder("run/model") == Path("run/model")

    commit = "0" * 40
    cached = tmp_path / "hub/models--somebody--talker"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs/main").write_text(commit)
    (cached / "snapshots").mkdir()
    (run / "model").rename(cached / "snapshots" / commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert Chat.load("somebody/talker", generation=SHORT).ask("a cat", images=[picture()])


def test_templates_of_parts_read_conversations_too(tmp_path: Path) -> None:
    model, processor = make_talker(tmp_path)
    processor.tokenizer.chat_template = processor.chat_template = PARTS
    save_chat(model, processor, tmp_path / "model")
    chat = Chat.load(str(tmp_path / "model"), generation=SHORT)
    chat.ask("a cat", images=[picture(0), picture(1)])
    chat.ask("and <image> there", images=[picture(2)])
    image = {"type": "image"}
    said: list[Any] = []
    for number, parts in ((0, [image, image, "a cat"]), (2, ["and ", image, " there"])):
        content = [part if isinstance(part, dict) else {"type": "text", "text": part} for part in parts]
        said.append({"role": "user", "content": content})
        text = processor.apply_chat_template(said, add_generation_prompt=True, chat_template=PARTS)
        pictures = [picture(0), picture(1), picture(2)][: text.count("<image>")]
        inputs = processor(text=text, images=pictures, return_tensors="pt")
        given = {name: inputs[name] for name in ("input_ids", "attention_mask", "pixel_values")}
        written = model.generate(**given, max_new_tokens=SHORT.max_tokens, do_sample=False)[
            0, given["input_ids"].shape[1] :
        ]
        reply = processor.tokenizer.decode(written, skip_special_tokens=True).lstrip()
        assert chat.turns[number + 1].text == reply
        said.append({"role": "assistant", "content": [{"type": "text", "text": reply}]})


def test_a_model_without_a_template_is_told_at_once(tmp_path: Path) -> None:
    model, processor = make_talker(tmp_path)
    processor.tokenizer.chat_template = processor.chat_template = None
    save_chat(model, processor, tmp_path / "model")
    with pytest.raises(UserError, match="has no chat template; name a Jinja file"):
        open_chat(str(tmp_path / "model"), device="cpu")


@pytest.mark.parametrize(
    ("kind", "device", "sentence"),
    [
        ("8bit", "cpu", "8bit needs a GPU, and the model is to run on cpu; leave quantise out."),
        (
            "4bit",
            "cuda:1",
            '4bit needs bitsandbytes; run pip install "isogloss\\[quantised\\]", or leave quantise out.',
        ),
        ("3bit", "cuda", "There is no kind of quantisation '3bit'; did you mean '[48]bit'"),
    ],
)
def test_where_nothing_quantises(kind: str, device: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=sentence):
        quantised.quantisation(kind, device)


@pytest.mark.parametrize("kind", quantised.KINDS)
def test_the_language_model_alone_is_quantised(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what Transformers is told; its part needs a GPU."""
    model, processor = make_talker(tmp_path)
    (tmp_path / "model").mkdir()
    told: dict[str, Any] = {}

    def load(folder: Path, **options: Any) -> tuple[Any, Any]:
        told.update(options)
        return model, processor

    version = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0.49.0" if name == "bitsandbytes" else version(name)
    )
    monkeypatch.setattr(quantised, "find_spec", lambda name: name)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(chat_loading, "load_chat", load)
    open_chat(str(tmp_path / "model"), quantise=kind)
    assert told["device_map"] == {"": "cuda"}
    config: Mapping[str, Any] = told["quantization_config"].to_dict()
    assert (config["load_in_8bit"], config["load_in_4bit"]) == (kind == "8bit", kind == "4bit")
    assert kind == "8bit" or (config["bnb_4bit_quant_type"], config["bnb_4bit_compute_dtype"]) == ("nf4", "bfloat16")
    assert {"vision_tower", "multi_modal_projector", "lm_head"} == set(config["llm_int8_skip_modules"])
