"""A paint model of random weights, saved as a run does it, and a dual encoder of random weights that ranks pictures."""

from pathlib import Path

import torch
from models.tiny_paint import make_paint
from models.tiny_towers import save_text, save_vision

from isogloss.losses.denoise import Denoising
from isogloss.models.adapter import Adapter
from isogloss.models.paint import PaintModel
from isogloss.models.paint_saving import save_paint
from isogloss.models.paint_scheduler import build_scheduler
from isogloss.models.tower import Tower
from isogloss.models.towers import build_dual_encoder

# What the tiny tokenizers know nothing of, in scripts of their own.
STRANGE = {"Thai": "แมว", "Georgian": "კატა"}


def painter_model(folder: Path, kind: str = "both", latent: bool = False) -> PaintModel:
    """One whose pictures are neither grey nor black and white."""
    model = make_paint(folder, "xlm-roberta", Adapter(kind, queries=3), latent)
    with torch.no_grad():
        model.unet.conv_out.weight.mul_(0.5)
    return model


def save_painter(folder: Path, denoising: Denoising | None = None, latent: bool = False) -> Path:
    """The folder of a run."""
    model = painter_model(folder / "parts", latent=latent)
    save_paint(model, build_scheduler(denoising or Denoising("flow")), folder / "run" / "model")
    return folder / "run"


def save_ranker(folder: Path) -> Path:
    """The folder of a run with a dual encoder."""
    towers = Tower(str(save_vision(folder / "vit", "vit"))), Tower(str(save_text(folder / "bert", "bert")))
    torch.manual_seed(3)
    model, processor = build_dual_encoder(*towers, projection_dim=8, text_tokens=12)
    model.save_pretrained(folder / "ranker" / "model")
    processor.save_pretrained(folder / "ranker" / "model")
    return folder / "ranker"
