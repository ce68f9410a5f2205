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

    They are kept in memory while there is room, as many bytes as pictures x patches x width x 2 in bfloat16, in each
    process that asks for them all; pictures for which there is none are looked at each time.

    Args:
        pictures: of the split.
        mean, deviation: of the pixels, by channel, in 0…1.
        kind: the float type that they are held in; None for that in which the tower gives them, which under autocast is
            float32, since sums over layers are not rounded.
        room: bytes that are kept at most; None for all.
    """

    pictures: Pictures
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    kind: torch.dtype | None = None
    room: int | None = None
    made: dict[int, Tensor] = field(default_factory=dict[int, Tensor], init=False, repr=False)
    held: int = field(default=0, init=False)

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
        found = {row: self.made[row] for row in np.unique(rows).tolist() if row in self.made}
        new = np.array([row for row in np.unique(rows).tolist() if row not in found], np.int64)
        for part in (new[start : start + _TOGETHER] for start in range(0, len(new), _TOGETHER)):
            pixels = normalise(torch.from_numpy(self.pictures.batch(part)), self.mean, self.deviation)
            seen = see(pixels.to(images.device))
            for row, features in zip(part.tolist(), seen.to("cpu", self.kind or seen.dtype), strict=True):
                found[row] = features
                if self.room is None or self.held + features.nbytes <= self.room:
                    # A copy, or a picture would hold all that were looked at together.
                    self.made[row] = features.clone()
                    self.held += features.nbytes
        return torch.stack([found[row] for row in rows.tolist()]).to(images.device)

    def forget(self) -> None:
        """Free the memory, since the tower is frozen no more."""
        self.made.clear()
        self.held = 0
