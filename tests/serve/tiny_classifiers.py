"""Classifiers of a few weights, saved as the Hub would hand them out; what they say is known."""

from pathlib import Path

import torch
from models.tiny_towers import TEXTS
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    ViTConfig,
    ViTForImageClassification,
)
from transformers.models.vit import ViTImageProcessorPil

from isogloss.models.tokenizer import train_tokenizer

SHAPE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}
TOKENS = 12
LABELS = ("fine", "toxic", "violent")


def _named(labels: tuple[str, ...]) -> dict[str, dict]:
    return {"id2label": dict(enumerate(labels)), "label2id": {label: number for number, label in enumerate(labels)}}


def text_classifier(folder: Path, *, several: bool = True, head: bool = True) -> Path:
    """A random BERT of twelve positions; several: whether a text may have several labels."""
    tokenizer = train_tokenizer([*TEXTS, "the knife"], 60, TOKENS)
    torch.manual_seed(0)
    problem = {"problem_type": "multi_label_classification" if several else "single_label_classification"}
    config = BertConfig(
        **SHAPE, vocab_size=len(tokenizer), max_position_embeddings=TOKENS, pad_token_id=tokenizer.pad_token_id,
        **problem, **_named(LABELS),
    )  # fmt: skip
    model = BertForSequenceClassification(config) if head else BertModel(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def picture_classifier(folder: Path) -> Path:
    """A random ViT."""
    torch.manual_seed(0)
    config = ViTConfig(**SHAPE, image_size=16, patch_size=8, **_named(LABELS))
    model = ViTForImageClassification(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder
