"""Towers of many kinds, tiny and with random weights, saved as the Hub would hand them out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers.processors import TemplateProcessing
from transformers import AutoConfig, AutoModel, PreTrainedModel
from transformers.models.bit import BitImageProcessorPil
from transformers.models.clip import CLIPImageProcessorPil
from transformers.models.convnext import ConvNextImageProcessorPil
from transformers.models.siglip import SiglipImageProcessorPil
from transformers.models.vit import ViTImageProcessorPil

from isogloss.models.tokenizer import train_tokenizer

TEXTS = [
    "a cat",
    "a dog and a cat",
    "un gato",
    "un perro y un gato en la casa",
    "猫と犬",
    "قطة",
    "the cat sat on the mat",
]
SIZE = 16
VOCABULARY = 60
TOKENS = 12

_TRANSFORMER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
_PATCHES = {"image_size": SIZE, "patch_size": 8}
_SQUARE = {"height": SIZE, "width": SIZE}

VISION: Mapping[str, tuple[dict[str, Any], Any]] = {
    "vit": ({**_TRANSFORMER, **_PATCHES}, ViTImageProcessorPil(size=_SQUARE)),
    "clip_vision_model": (
        {**_TRANSFORMER, **_PATCHES},
        CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=_SQUARE),
    ),
    "siglip_vision_model": ({**_TRANSFORMER, **_PATCHES}, SiglipImageProcessorPil(size=_SQUARE)),
    # DINOv2 reads other sizes than it was trained on, and its processor asks for one.
    "dinov2": (
        {**_TRANSFORMER, "image_size": 32, "patch_size": 8},
        BitImageProcessorPil(size={"shortest_edge": 20}, crop_size=_SQUARE),
    ),
    "convnext": (
        {"hidden_sizes": [4, 8, 12, 16], "depths": [1, 1, 1, 1], "patch_size": 2},
        ConvNextImageProcessorPil(size={"shortest_edge": SIZE}, crop_pct=0.875),
    ),
    "resnet": (
        {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1], "layer_type": "basic"},
        ConvNextImageProcessorPil(size={"shortest_edge": SIZE}, crop_pct=0.875),
    ),
    "swin": (
        {"image_size": SIZE, "patch_size": 2, "embed_dim": 4, "depths": [1, 1], "num_heads": [1, 2], "window_size": 2},
        ViTImageProcessorPil(size=_SQUARE),
    ),
}

_CAUSAL = {**_TRANSFORMER, "num_key_value_heads": 1, "head_dim": 8, "max_position_embeddings": 32}
_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2}

TEXT: Mapping[str, dict[str, Any]] = {
    "xlm-roberta": {**_TRANSFORMER, "max_position_embeddings": TOKENS + 2},
    "bert": {**_TRANSFORMER, "max_position_embeddings": TOKENS},
    "clip_text_model": {**_TRANSFORMER, "max_position_embeddings": TOKENS},
    "siglip_text_model": {**_TRANSFORMER, "max_position_embeddings": TOKENS, "projection_size": 16},
    "qwen3": _CAUSAL,
    "llama": _CAUSAL,
    "mt5": _T5,
    "m2m_100": {
        "d_model": 16,
        "encoder_layers": 2,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 24,
        "decoder_ffn_dim": 24,
        "max_position_embeddings": 32,
    },
}


def random_model(model_type: str, fields: Mapping[str, Any]) -> PreTrainedModel:
    """A tower with random weights, none of which is left at 0 or 1, so that every one of them matters."""
    model = AutoModel.from_config(AutoConfig.for_model(model_type, **fields))
    generator = torch.Generator().manual_seed(len(model_type))
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=generator))
    return model.eval()


def save_vision(folder: Path, model_type: str) -> Path:
    """A vision tower and its image processor."""
    fields, processor = VISION[model_type]
    random_model(model_type, fields).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path, model_type: str) -> Any:
    """A tokenizer as such a tower's is: causal models add no special token, and LLaMA's has no padding either."""
    tokenizer = train_tokenizer(TEXTS, VOCABULARY, TOKENS)
    if model_type in ("qwen3", "llama"):
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    if model_type == "llama":
        tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_text(folder: Path, model_type: str, **changed: Any) -> Path:
    """A text tower and its tokenizer."""
    tokenizer = save_tokenizer(folder, model_type)
    special = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    fields = {**TEXT[model_type], "vocab_size": len(tokenizer), **special, **changed}
    random_model(model_type, fields).save_pretrained(folder)
    return folder
