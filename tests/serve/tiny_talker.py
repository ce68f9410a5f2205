"""A chat model of random weights that says something else to everything, saved as a run does it, and what it reads."""

from pathlib import Path
from typing import Any

import torch
from models.tiny_chat import shaken
from models.tiny_towers import save_vision
from PIL import Image

from isogloss.models.chat import ChatModel
from isogloss.models.chat_building import build_chat
from isogloss.models.chat_saving import save_chat
from isogloss.models.connector import Connector
from isogloss.models.lm import build_language_model
from isogloss.models.lm_tokenizer import train_lm_tokenizer
from isogloss.models.tower import Tower

# No pair of letters twice, so that a letter is a token and what is written is read again as it was written.
LETTERS = "abcdefghijklmnopqrstuvwxyz ABC.!?\n猫犬見赤。です答え人ни سلام नमस्ते 日本語"
SHAPE: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "intermediate_size": 32,
    "max_position_embeddings": 512,
    # Tied, a model of random weights repeats what it read last.
    "tie_word_embeddings": False,
}


def make_talker(folder: Path, **shape: Any) -> tuple[ChatModel, Any]:
    """A vit, an mlp and a qwen3, whose weights are the same each time."""
    torch.manual_seed(5)
    tokenizer = train_lm_tokenizer([LETTERS], 260 + 2 * len(set(LETTERS)), 512)
    tokenizer.save_pretrained(folder / "writer")
    shaken(build_language_model({**SHAPE, **shape}, tokenizer)).save_pretrained(folder / "writer")
    save_vision(folder / "vit", "vit")
    model, processor = build_chat(Tower(str(folder / "vit")), Tower(str(folder / "writer")), Connector())
    shaken(model.multi_modal_projector)
    with torch.no_grad():
        # So that pictures, which come in few tokens, change what is said.
        for layer in (model.multi_modal_projector.linear_1, model.multi_modal_projector.linear_2):
            layer.weight.mul_(3)
    # Bytes make no letters by chance, and white space at the beginning is not kept.
    silent = [tokenizer.convert_tokens_to_ids(token) for token in (" ", "\n", *(f"<0x{n:02X}>" for n in range(256)))]
    settings: Any = model.generation_config
    settings.suppress_tokens = sorted({*settings.suppress_tokens, *silent})
    return model, processor


def save_talker(folder: Path, **shape: Any) -> Path:
    """The same as the folder of a run."""
    model, processor = make_talker(folder / "parts", **shape)
    save_chat(model, processor, folder / "run" / "model")
    return folder / "run"


def picture(number: int = 0) -> Image.Image:
    """A picture that differs from the others."""
    return Image.radial_gradient("L").resize((20 + number, 16)).convert("RGB").rotate(90 * number)


def save_picture(path: Path, number: int = 0) -> Path:
    picture(number).save(path)
    return path
