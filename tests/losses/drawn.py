"""Batches of embeddings drawn by Hypothesis: ragged, with images that own nothing and captions in any order."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor


@dataclass(frozen=True)
class Drawn:
    """Embeddings of unit norm in float64, owners, languages and a scale."""

    images: Tensor
    captions: Tensor
    owner: Tensor
    language: Tensor
    scale: Tensor


def unit(seed: int, rows: int, dim: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(rows, dim, generator=generator, dtype=torch.float64), dim=-1)


@st.composite
def batches(draw: st.DrawFn) -> Drawn:
    images, dim = draw(st.integers(1, 6)), draw(st.integers(2, 5))
    owner = draw(st.lists(st.integers(0, images - 1), min_size=1, max_size=12))
    language = draw(st.lists(st.integers(0, 3), min_size=len(owner), max_size=len(owner)))
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.floats(0.5, 100))
    return Drawn(
        unit(seed, images, dim),
        unit(seed + 1, len(owner), dim),
        torch.tensor(owner),
        torch.tensor(language),
        torch.tensor(scale, dtype=torch.float64),
    )
