"""AdamW with decay groups, and the warmup–cosine learning rate as a function of the step."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from isogloss.errors import UserError


@dataclass(frozen=True)
class Optimisation:
    """How weights are changed.

    Args:
        learning_rate: the highest, reached after warmup.
        weight_decay: of matrices; vectors (biases, norms, the temperature) are not decayed.
        betas: of AdamW (arXiv 1711.05101); CLIP's second moment for transformers is 0.98.
        epsilon: of AdamW.
        warmup: the share of the run in which the learning rate rises.
        final: the learning rate at the end, as a share of the highest.
        largest_gradient: gradients are scaled down to this norm.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    epsilon: float = 1e-6
    warmup: float = 0.1
    final: float = 0.0
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise UserError(f"learning_rate is {self.learning_rate}; give a number above 0, such as 0.001.")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UserError(f"betas are {self.betas}; give two numbers from 0 to below 1, such as 0.9 and 0.98.")
        for name in ("weight_decay", "epsilon"):
            if not getattr(self, name) >= 0:
                raise UserError(f"{name} is {getattr(self, name)}; give a number of at least 0.")
        if not self.largest_gradient > 0:
            raise UserError(f"largest_gradient is {self.largest_gradient}; give a number above 0, such as 1.")
        if not 0 <= self.warmup <= 1:
            raise UserError(f"warmup is {self.warmup}; give a share of the run between 0 and 1.")
        if not 0 <= self.final <= 1:
            raise UserError(f"final is {self.final}; give a share of the highest learning rate between 0 and 1.")

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step: linear warmup, then half a cosine."""
        warmup = round(self.warmup * steps)
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        share = (step - warmup) / max(1.0, steps - warmup)
        return self.learning_rate * (self.final + (1 - self.final) * (1 + math.cos(math.pi * share)) / 2)

    def build(self, model: nn.Module) -> torch.optim.AdamW:
        """AdamW over all parameters, frozen ones too: without a gradient they stay as they are."""
        matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
        vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
        return torch.optim.AdamW(
            [{"params": matrices, "weight_decay": self.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
            lr=self.learning_rate,
            betas=self.betas,
            eps=self.epsilon,
            fused=True,
        )
