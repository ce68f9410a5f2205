"""Augmentation: small turns, shifts and zooms of a batch of pictures, and their normalisation, in torch alone."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from isogloss.errors import UserError


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may be moved; each value is drawn evenly from minus to plus its bound.

    Args:
        scale: the zoom, as a share of the side.
        shift: across and down, as a share of half the side.
        turn: in radians.
        flip: the chance of a mirror image; 0 where captions tell left from right.
    """

    scale: float = 0.15
    shift: float = 0.12
    turn: float = 0.15
    flip: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.flip <= 1:
            raise UserError(f"flip is {self.flip}; give a chance between 0 and 1.")
        for name in ("scale", "shift", "turn"):
            if not getattr(self, name) >= 0:
                raise UserError(f"{name} is {getattr(self, name)}; give a bound of at least 0.")

    @property
    def still(self) -> bool:
        """Whether it leaves every picture as it is."""
        return not any((self.scale, self.shift, self.turn, self.flip))

    def draw(self, images: int, generator: np.random.Generator) -> Float[Tensor, "image 2 3"]:
        """An affine map for each picture, from coordinates in the new picture to those in the old, both in [-1, 1]."""
        zoom = 1 + generator.uniform(-self.scale, self.scale, images)
        angle = generator.uniform(-self.turn, self.turn, images)
        across, down = generator.uniform(-self.shift, self.shift, (2, images))
        mirror = np.where(generator.random(images) < self.flip, -1.0, 1.0)
        rows = [
            [mirror * zoom * np.cos(angle), -zoom * np.sin(angle), across],
            [mirror * zoom * np.sin(angle), zoom * np.cos(angle), down],
        ]
        return torch.from_numpy(np.array(rows).transpose(2, 0, 1)).float()


def warp(
    pixels: Float[Tensor, "image channel height width"], maps: Float[Tensor, "image 2 3"]
) -> Float[Tensor, "image channel height width"]:
    """The pictures seen through their affine maps; the border continues outside."""
    grid = F.affine_grid(maps.to(pixels), list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def normalise(
    pixels: UInt8[Tensor, "image channel height width"], mean: tuple[float, ...], deviation: tuple[float, ...]
) -> Float[Tensor, "image channel height width"]:
    """From 0…255 to a vision tower's scale: (pixel / 255 - mean) / deviation, channel by channel."""
    shape = (1, -1, 1, 1)
    return (pixels.float() / 255 - torch.tensor(mean).view(shape)) / torch.tensor(deviation).view(shape)
