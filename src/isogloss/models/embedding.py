"""Embeddings of many pictures and captions, in blocks."""

import numpy as np
import torch
from torch import Tensor

from isogloss.data.augment import normalise
from isogloss.data.batch import Preparation
from isogloss.data.images import Pictures
from isogloss.models.clip import DualEncoder


def embed_images(
    model: DualEncoder, pictures: Pictures, prepared: Preparation, rows: np.ndarray, block: int = 256
) -> Tensor:
    """Embeddings of some pictures of a split, float32 [image, dim], on the processor."""
    parts: list[Tensor] = []
    for start in range(0, len(rows), block):
        pixels = torch.from_numpy(pictures.batch(rows[start : start + block]))
        parts.append(model.encode_image(normalise(pixels, prepared.mean, prepared.deviation).to(model.device)).cpu())
    return torch.cat(parts)


def embed_captions(model: DualEncoder, captions: list[str], prepared: Preparation, block: int = 1024) -> Tensor:
    """Embeddings of some captions, float32 [caption, dim], on the processor."""
    parts: list[Tensor] = []
    for start in range(0, len(captions), block):
        ids, mask = prepared.tokenize(captions[start : start + block])
        parts.append(model.encode_text(ids.to(model.device), mask.to(model.device)).cpu())
    return torch.cat(parts)
