"""What a family's loss returns, and the losses, one each."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Losses:
    """A step's loss, the least value it can take, and its parts for the log.

    Attributes:
        total: scalar; what is differentiated. It is that of the whole step, whatever the number of processes.
        floor: scalar; the infimum of `total` over all models, so that losses of different objectives compare as
            `total - floor`.
        parts: named scalars, detached, for the log.
        terms: of how many terms, over all processes, `total` is the mean, where that of a batch is the mean of its parts'
            weighed so; None for a loss that compares what is in a batch.
    """

    total: Tensor
    floor: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    terms: int | None = None
