"""A toy model of two towers, and batches for it: what the loop is tested on where no real model is needed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from isogloss.losses import Losses
from isogloss.train.loop import fit
from isogloss.train.optim import Optimisation
from isogloss.train.process import start_process
from isogloss.train.stages import Stage
from isogloss.train.training import Training

TRAINING = Training(
    steps=12,
    precision="float32",
    log_every=3,
    validate_every=0,
    checkpoint_every=0,
    optimisation=Optimisation(learning_rate=0.05, weight_decay=0.5),
)


@dataclass(frozen=True)
class ToyBatch:
    inputs: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "ToyBatch":
        return ToyBatch(self.inputs.to(device), self.targets.to(device))


@dataclass(frozen=True)
class ToyBatches:
    images_per_step: int = 4
    steps_per_epoch: int = 5

    def __getitem__(self, step: int) -> ToyBatch:
        generator = torch.Generator().manual_seed(step)
        return ToyBatch(torch.randn(4, 6, generator=generator), torch.randn(4, 3, generator=generator))


class Toy(nn.Module):
    """Two layers with dropout in between, named as a dual encoder's towers, and a scale that always trains."""

    def __init__(self) -> None:
        super().__init__()
        self.vision_model = nn.Linear(6, 5)
        self.dropout = nn.Dropout(0.3)
        self.text_model = nn.Linear(5, 3)
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.scale * self.text_model(self.dropout(torch.tanh(self.vision_model(inputs))))


def squared(model: Any, batch: ToyBatch) -> Losses:
    loss = (model(batch.inputs) - batch.targets).square().mean()
    return Losses(total=loss, floor=torch.zeros(()), parts={"twice": 2 * loss.detach()})


def toy_fit(
    folder: Path,
    *,
    loss: Callable[[Any, Any], Losses] = squared,
    stages: tuple[Stage, ...] = (),
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
    batches: Any = None,
    model: Toy | None = None,
    **training: Any,
) -> Toy:
    """Train the toy from the same first weights every time."""
    folder.mkdir(exist_ok=True)
    wanted = replace(TRAINING, **training)
    torch.manual_seed(7)
    trained = fit(
        model or Toy(),
        batches or ToyBatches(),
        loss,
        training=wanted,
        folder=folder,
        accelerator=start_process(wanted, folder),
        stages=stages,
        validate=validate,
        description=None,
    )
    assert isinstance(trained, Toy)
    return trained


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
