"""Language models that write, tiny and with random weights, saved as the Hub would hand them out, and what they read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from models.tiny_towers import TEXTS, save_vision
from PIL import Image
from tokenizers.processors import TemplateProcessing
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM

from isogloss.data.conversations import IMAGE
from isogloss.models.chat import ChatModel
from isogloss.models.chat_building import build_chat
from isogloss.models.connector import Connector
from isogloss.models.tokenizer import train_tokenizer
from isogloss.models.tower import Tower

_SHAPE = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 32,
    "max_position_embeddings": 256,
}
WRITERS: Mapping[str, dict[str, Any]] = {
    "qwen3": {**_SHAPE, "tie_word_embeddings": True},
    "llama": {**_SHAPE, "tie_word_embeddings": False},
    # Changes its logits after the head.
    "gemma2": {**_SHAPE, "final_logit_softcapping": 3.0, "sliding_window": 64},
    # Has another name for its parts.
    "gpt2": {"n_embd": 24, "n_layer": 2, "n_head": 2, "n_positions": 256},
}

TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}: {{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% endif %}"
)


def shaken(model: nn.Module) -> Any:
    """With weights none of which is left at 0 or 1, so that every one of them matters."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=generator))
    return model.eval()


def save_writer(folder: Path, model_type: str, template: str | None = TEMPLATE) -> Path:
    """A language model and its tokenizer, which knows no pictures."""
    tokenizer = train_tokenizer(TEXTS, 60, 256)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    if model_type == "llama":
        tokenizer.pad_token = None
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    special = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    fields = {**WRITERS[model_type], "vocab_size": len(tokenizer), **special}
    shaken(AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **fields))).save_pretrained(folder)
    return folder


def make_chat(
    folder: Path, vision: str, writer: str, connector: Connector | None = None, **options: Any
) -> tuple[ChatModel, Any]:
    """A chat model of tiny towers, every weight of which matters, and its processor."""
    for place, save in ((folder / vision, save_vision), (folder / writer, save_writer)):
        if not place.exists():
            save(place, place.name)
    towers = (Tower(model=str(folder / name)) for name in (vision, writer))
    model, processor = build_chat(*towers, connector or Connector(), **options)
    shaken(model.multi_modal_projector)
    return model, processor


def pictures(count: int) -> list[Image.Image]:
    """Pictures that all differ."""
    return [Image.new("RGB", (20, 16), (40 * number, 255 - 30 * number, 90)) for number in range(count)]


def read(processor: Any, texts: list[str]) -> dict[str, Tensor]:
    """Some texts and as many pictures as they have places for, padded on the left."""
    wanted = pictures(sum(text.count(IMAGE) for text in texts))
    inputs = processor(text=texts, images=wanted or None, padding=True, return_tensors="pt")
    return {name: inputs[name] for name in ("input_ids", "attention_mask", "pixel_values") if name in inputs}
