"""A chat model by what people call it: a run, a folder or a name on the Hub."""

from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download

from isogloss.data.chat_template import ChatTemplate
from isogloss.data.conversations import IMAGE, Turn
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.models.chat_saving import load_chat
from isogloss.models.hub import is_path, place
from isogloss.models.tower import FAILURES, absent
from isogloss.serve.float_type import choose_float_type
from isogloss.serve.quantised import quantisation
from isogloss.translate.device import choose_device

# What of a model on the Hub is its configuration, its weights and its processor.
_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
# Put before a template that knows messages of parts alone, as those of Transformers' own LLaVA models do.
_TEXT_AS_PARTS = """\
{%- set whole = namespace(messages=[]) -%}
{%- for message in messages -%}
{%- if message['content'] is string -%}
{%- set made = namespace(parts=[]) -%}
{%- for text in message['content'].split('IMAGE') -%}
{%- if not loop.first -%}{%- set made.parts = made.parts + [{'type': 'image'}] -%}{%- endif -%}
{%- set said = text if loop.first else text.removeprefix('\\n') -%}
{%- if said -%}{%- set made.parts = made.parts + [{'type': 'text', 'text': said}] -%}{%- endif -%}
{%- endfor -%}
{%- set whole.messages = whole.messages + [dict(message, content=made.parts)] -%}
{%- else -%}
{%- set whole.messages = whole.messages + [message] -%}
{%- endif -%}
{%- endfor -%}
{%- set messages = whole.messages -%}
""".replace("IMAGE", IMAGE)


def chat_folder(model: str) -> Path:
    """The folder of a chat model.

    Args:
        model: a run's folder, or any folder with a model, or a name on the Hub.

    Raises:
        UserError: there is no such model.
    """
    folder = Path(model)
    if (folder / "model" / "config.json").is_file() and not (folder / "config.json").is_file():
        return folder / "model"
    if folder.is_dir() or is_path(model):
        if not folder.is_dir():
            raise UserError(f"There is no folder {model}; name a finished run, a saved model, or one of the Hub.")
        return folder
    try:
        found = place(model)
        return Path(found if is_path(found) else snapshot_download(found, allow_patterns=list(_FILES)))
    except FAILURES as error:
        raise absent(model, "chat model", error) from error


def open_chat(
    model: str, *, device: str = "auto", dtype: str = "auto", quantise: str | None = None
) -> tuple[ChatModel, Any]:
    """A chat model on its device, and its processor.

    Args:
        model: as of `chat_folder`.
        device: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
        dtype: that it computes in, as of `isogloss.serve.float_type`.
        quantise: "8bit" or "4bit" for a language model that takes less memory.

    Raises:
        UserError: there is no such model, device or type, the model has no chat template, or nothing here quantises.
    """
    chosen = choose_device(device, torch.cuda.device_count(), "PyTorch")
    options: dict[str, Any] = {"dtype": choose_float_type(dtype, chosen)}
    if quantise is not None:
        options |= {"quantization_config": quantisation(quantise, chosen), "device_map": {"": chosen}}
    loaded, processor = load_chat(chat_folder(model), **options)
    if quantise is None:
        loaded.to(chosen)  # pyright: ignore[reportArgumentType]
    _use_template(processor)
    return loaded, processor


def _use_template(processor: Any) -> None:
    """Have the tokenizer write conversations as its model knows them, whichever kind of messages its template reads."""
    tokenizer = processor.tokenizer
    tokenizer.chat_template = tokenizer.chat_template or processor.chat_template
    probe = "picture"
    if probe not in ChatTemplate(tokenizer).prompt([Turn("user", probe)]).text:
        tokenizer.chat_template = _TEXT_AS_PARTS + tokenizer.chat_template
