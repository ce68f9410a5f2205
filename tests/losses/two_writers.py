"""What each of two processes does in `test_language_model`: its part of a batch, through a data-parallel model."""

from pathlib import Path

import torch
import torch.distributed as distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from isogloss.losses.language_model import language_model_loss

# Of eight learnt tokens the first process has six.
FIRST = 6


def writer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(4, 7)


def part(process: int | None) -> tuple[Tensor, Tensor]:
    """States and targets of one process, or of both."""
    generator = torch.Generator().manual_seed(1)
    states, targets = torch.randn(8, 4, generator=generator), torch.randint(7, (8,), generator=generator)
    mine = {None: slice(None), 0: slice(FIRST), 1: slice(FIRST, None)}[process]
    return states[mine], targets[mine]


def step(model: nn.Module, states: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """The loss and the gradients of one step."""
    losses = language_model_loss(model(states), targets)
    losses.total.backward()
    gradients = [value.grad for value in model.parameters()]
    return {"loss": losses.total.detach(), **{str(n): value for n, value in enumerate(gradients) if value is not None}}


def work(process: int, folder: str) -> None:
    """One of the two processes."""
    meeting = Path(folder, "meeting").as_uri()
    distributed.init_process_group("gloo", init_method=meeting, rank=process, world_size=2)
    model = DistributedDataParallel(writer())
    torch.save(step(model, *part(process)), Path(folder, f"{process}.pt"))
    # A process that leaves while the other is still letting go of the model was seen to hang, rarely.
    del model
    distributed.barrier()
    distributed.destroy_process_group()
