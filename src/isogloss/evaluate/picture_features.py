"""Features of pictures by a named extractor, which every distance between sets of pictures states."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor
from transformers import PreTrainedModel

from isogloss.data.augment import normalise
from isogloss.data.images import fit
from isogloss.errors import UserError
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.models.pooling import POOLINGS
from isogloss.models.tower import Tower, build_tower, reason, tower_config
from isogloss.models.towers import load_dual_encoder, tower_image_processor

# Pictures that a model reads at a time.
_BLOCK = 64


@dataclass(frozen=True)
class Extractor:
    """What makes features of pictures.

    name: as results state it. features: from pictures of one size, uint8 RGB, to float32 features.
    """

    name: str
    features: Callable[[UInt8[np.ndarray, "image height width channel"]], Float[np.ndarray, "image dim"]]


def extractor(model: str, device: str = "cpu") -> Extractor:
    """The extractor of a name: a TorchScript file of Inception, a dual encoder of ours, or any vision tower.

    Args:
        model: a file whose name ends in .pt, the folder of a dual encoder, or a Hub name or folder of an `AutoModel`.
        device: that it runs on.

    Raises:
        UserError: there is no such file or model, or it reads no pictures.
    """
    if model.endswith((".pt", ".pth")):
        return inception(Path(model), device)
    folder = Path(model) / "model" if (Path(model) / "model" / "config.json").is_file() else Path(model)
    if (folder / "config.json").is_file() and "isogloss_clip" in (folder / "config.json").read_text("utf-8"):
        return dual_encoder_tower(folder, device)
    return vision_tower(model, device)


def inception(file: Path, device: str = "cpu") -> Extractor:
    """The Inception network of the papers, from the TorchScript file of it that goes with StyleGAN2-ADA's metrics.

    That file, `inception-2015-12-05.pt`, holds the TensorFlow graph that published figures are made with, its way of
    resizing included; weights of torchvision give other figures.

    Raises:
        UserError: the file is missing, or is no such network.
    """
    if not file.is_file():
        raise UserError(
            f"There is no file {file} of the Inception network; give the path of inception-2015-12-05.pt, or the name of a "
            "vision tower."
        )
    try:
        network: Any = torch.jit.load(str(file), map_location=device).eval()
        network(torch.zeros(1, 3, 32, 32, dtype=torch.uint8, device=device), return_features=True)
    except (RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            f"{file} is no TorchScript file of the Inception network ({reason(error)}); give the path of "
            "inception-2015-12-05.pt, which is one file with its code, and not weights alone."
        ) from error

    def read(pixels: Tensor) -> Tensor:
        return network(pixels.to(device), return_features=True)

    return Extractor(f"Inception ({file.name})", lambda pictures: _in_blocks(pictures, _upright, read))


def vision_tower(model: str, device: str = "cpu") -> Extractor:
    """A vision tower of Transformers by Hub name or folder, read by the pooling that suits it.

    Raises:
        UserError: it is absent, or is no vision tower.
    """
    tower = Tower(model=model)
    built, pooling = build_tower(tower, "vision", tower_config(tower, "vision"))
    processor = tower_image_processor(tower, built.config, None)
    return _of_tower(f"{model}, {pooling} pooling", built, pooling, processor, device)


def dual_encoder_tower(folder: Path, device: str = "cpu") -> Extractor:
    """The vision tower of one of our dual encoders, before its projection.

    The embeddings themselves have unit norm, at which the kernel distance's polynomial is a line in all but name.

    Raises:
        UserError: the folder holds none.
    """
    model, processor = load_dual_encoder(folder)
    pooling = model.config.vision_pooling
    name = f"vision tower of the dual encoder {folder}, {pooling} pooling"
    return _of_tower(name, model.vision_model, pooling, processor.image_processor, device)


def prepared(
    pictures: UInt8[np.ndarray, "image height width channel"], image_processor: Any
) -> Float[Tensor, "image channel side side"]:
    """Pictures as a vision tower reads them, by its image processor's size and scale.

    Raises:
        UserError: it makes no squares of one size.
    """
    size = picture_size(image_processor)
    squares = np.stack([np.asarray(fit(Image.fromarray(picture), size)) for picture in pictures])
    return normalise(_upright(squares), *pixel_scale(image_processor))


def _of_tower(name: str, model: PreTrainedModel, pooling: str, image_processor: Any, device: str) -> Extractor:
    tower: Any = model.eval().to(device)  # pyright: ignore[reportArgumentType]

    def read(pixels: Tensor) -> Tensor:
        return POOLINGS[pooling](tower(pixel_values=pixels.to(device)), None)

    return Extractor(name, lambda pictures: _in_blocks(pictures, lambda some: prepared(some, image_processor), read))


def _upright(pictures: np.ndarray) -> UInt8[Tensor, "image channel height width"]:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))


@torch.no_grad()
def _in_blocks(
    pictures: np.ndarray, prepare: Callable[[np.ndarray], Tensor], read: Callable[[Tensor], Tensor]
) -> Float[np.ndarray, "image dim"]:
    parts = [read(prepare(pictures[start : start + _BLOCK])).float().cpu() for start in range(0, len(pictures), _BLOCK)]
    return torch.cat(parts).numpy()
