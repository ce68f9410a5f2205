"""The average of what trains: weights that follow the trained ones slowly, draw better pictures, and are saved in their place."""

from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Any

from torch import nn


class Average:
    """An exponential moving average of some weights of a model (arXiv 2006.11239, appendix B).

    After step s the average is d of what it was and 1 - d of the weights, where d is (1 + s) / (10 + s) until that reaches
    `decay`, so that first weights are soon forgotten. A checkpoint keeps it once it is registered for that.

    Args:
        model: whose parameters stay the same objects while it trains.
        names: of the parameters that are averaged.
        decay: from 0 to below 1.
    """

    def __init__(self, model: nn.Module, names: Collection[str], decay: float) -> None:
        from diffusers.training_utils import EMAModel

        self._trained = [value for name, value in model.named_parameters() if name in names]
        self._average: Any = EMAModel(self._trained, decay=decay, foreach=True)

    def step(self) -> None:
        """Take in the weights that a step has made."""
        self._average.to(self._trained[0].device)
        self._average.step(self._trained)

    @contextmanager
    def in_place(self) -> Generator[None]:
        """The model has its averaged weights for a while."""
        self._average.store(self._trained)
        self._average.copy_to(self._trained)
        try:
            yield
        finally:
            self._average.restore(self._trained)

    def put(self) -> None:
        """Give the model its averaged weights for good."""
        self._average.copy_to(self._trained)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return self._average.state_dict()

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up what a checkpoint kept."""
        self._average.load_state_dict(saved)
