"""AdamW or Muon with decay groups, and the warmup–cosine learning rate as a function of the step."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

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
        method: "adamw", or "muon" (Jordan et al. 2024, kellerjordan.github.io/posts/muon; scaled as arXiv 2502.16982 does)
            for the matrices of linear layers, with AdamW for embeddings, heads, convolutions and vectors.
        factors: what the learning rate of parameters is multiplied by, by patterns of their names, such as
            {"vision_tower.*": 0.1}; the first pattern that matches holds.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    epsilon: float = 1e-6
    warmup: float = 0.1
    final: float = 0.0
    largest_gradient: float = 1.0
    method: Literal["adamw", "muon"] = "adamw"
    factors: dict[str, float] = field(default_factory=dict[str, float])

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
        for pattern, factor in self.factors.items():
            if not 0 <= factor < math.inf:
                raise UserError(f"The learning rate's factor for '{pattern}' is {factor}; give a number of at least 0.")
        if not 0 <= self.final <= 1:
            raise UserError(f"final is {self.final}; give a share of the highest learning rate between 0 and 1.")

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step: linear warmup, then half a cosine."""
        warmup = round(self.warmup * steps)
        if step < warmup:
            return self.learning_rate * (step + 1) / warmup
        share = (step - warmup) / max(1.0, steps - warmup)
        return self.learning_rate * (self.final + (1 - self.final) * (1 + math.cos(math.pi * share)) / 2)

    def build(self, model: nn.Module) -> list[torch.optim.Optimizer]:
        """The optimisers of all parameters, frozen ones too: without a gradient they stay as they are.

        Every group has a `factor` for its learning rate.

        Raises:
            UserError: a pattern of `factors` matches no parameter.
        """
        named = list(model.named_parameters())
        for pattern in self.factors:
            if not any(fnmatchcase(name, pattern) for name, _ in named):
                raise UserError(
                    f"The learning rate's factor is for '{pattern}', which matches no parameter; correct it."
                )
        inner = _inner_matrices(model) if self.method == "muon" else set[int]()
        by_muon = self._groups((name, parameter) for name, parameter in named if id(parameter) in inner)
        by_adam = self._groups((name, parameter) for name, parameter in named if id(parameter) not in inner)
        made: list[torch.optim.Optimizer] = []
        if by_adam:
            made.append(
                torch.optim.AdamW(by_adam, lr=self.learning_rate, betas=self.betas, eps=self.epsilon, fused=True)
            )
        if by_muon:
            made.append(torch.optim.Muon(by_muon, lr=self.learning_rate, adjust_lr_fn="match_rms_adamw"))
        return made

    def _groups(self, named: Iterable[tuple[str, nn.Parameter]]) -> list[dict[str, Any]]:
        """Parameters by decay and factor: matrices decay, vectors do not."""
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in named:
            decay = self.weight_decay if parameter.ndim > 1 else 0.0
            factor = next((value for pattern, value in self.factors.items() if fnmatchcase(name, pattern)), 1.0)
            groups.setdefault((decay, factor), []).append(parameter)
        return [
            {"params": parameters, "weight_decay": decay, "factor": factor}
            for (decay, factor), parameters in groups.items()
        ]


def _inner_matrices(model: nn.Module) -> set[int]:
    """The weights of linear layers that are neither an embedding nor a head over a vocabulary, by identity."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    heads = [getattr(module, "get_output_embeddings", lambda: None)() for module in model.modules()]
    tables |= {id(head.weight) for head in heads if isinstance(head, nn.Linear)}
    linear = [module.weight for module in model.modules() if isinstance(module, nn.Linear)]
    return {id(weight) for weight in linear if id(weight) not in tables}
