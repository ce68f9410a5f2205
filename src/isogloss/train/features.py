"""What a frozen vision tower makes of each picture, made once and kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from isogloss.data.augment import normalise
from isogloss.data.images import Pictures

# Pictures that are looked at together.
_TOGETHER = 64


@dataclass(eq=False)
class Features:
    """The features of a split's pictures, each made when a step first asks for it.

    They are kept in memory, in the precision in which the tower computes: as many bytes as pictures x patches x width x 2
    in bfloat16.

    Args:
        pictures: of the split.
        mean, deviation: of the pixels, by channel, in 0…1.
    """

    pictures: Pictures
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    made: dict[int, Tensor] = field(default_factory=dict[int, Tensor], init=False, repr=False)

    @torch.no_grad()
    def of(
        self, images: Int[Tensor, " image"], see: Callable[[Tensor], Tensor]
    ) -> Float[Tensor, "image patch feature"]:
        """The features of some pictures.

        Args:
            images: rows of the split.
            see: the frozen tower, from normalised pixels to features.
        """
        rows: NDArray[np.int64] = images.cpu().numpy()
        new = np.array([row for row in np.unique(rows).tolist() if row not in self.made], np.int64)
        for part in (new[start : start + _TOGETHER] for start in range(0, len(new), _TOGETHER)):
            pixels = normalise(torch.from_numpy(self.pictures.batch(part)), self.mean, self.deviation)
            self.made.update(zip(part.tolist(), see(pixels.to(images.device)).cpu(), strict=True))
        return torch.stack([self.made[row] for row in rows.tolist()]).to(images.device)

    def forget(self) -> None:
        """Free the memory, since the tower is frozen no more."""
        self.made.clear()
