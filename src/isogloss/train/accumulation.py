"""A step's gradients: of its whole batch at once, or of parts of it one after the other (gradient accumulation)."""

from collections.abc import Callable, Generator, Sequence, Sized
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from isogloss.data.chat_batch import ChatBatch
from isogloss.losses import Losses
from isogloss.train.process import attention


def accumulate(
    model: nn.Module, batch: Any, loss: Callable[[Any, Any], Losses], parts: int, accelerator: Accelerator
) -> Losses:
    """Add a step's gradients to a prepared model, and return the step's loss.

    The gradients are those of the whole batch whatever the number of parts, but for the order of sums and for what is
    random in the model. Activations are alive for one part at a time.

    Args:
        batch: of this process. With several parts, `batch.parts(parts)` are as many smaller ones of its `len(batch)` rows.
        loss: whose `terms` say how much each part weighs.
        parts: at most; no more than the process with the most rows has of them.
    """
    if parts > 1:
        parts = min(parts, _most_rows(batch, accelerator))
    if parts == 1:
        with attention(accelerator):
            losses = loss(model, batch.to(accelerator.device))
        accelerator.backward(losses.total)
        return losses
    found: list[Losses] = []
    for part in batch.parts(parts):
        with _summed_later(accelerator, model, last=len(found) == parts - 1):
            with attention(accelerator):
                losses = loss(model, part.to(accelerator.device))
            assert losses.terms is not None, "a loss that compares what is in a step has no parts"
            # How many terms the whole step has is known after the last part, so gradients are those of the sum until then.
            accelerator.backward(losses.total * losses.terms)
        found.append(Losses(losses.total.detach(), losses.floor, losses.parts, losses.terms))
    step = mean_of(found)
    assert step.terms is not None
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(max(1, step.terms))
    return step


def _most_rows(batch: Sized, accelerator: Accelerator) -> int:
    """How many rows the process with the most of them has, since all take part in each part, if only with a lone token."""
    rows = torch.tensor([len(batch)], device=accelerator.device)
    found: Any = rows if accelerator.num_processes == 1 else accelerator.gather(rows)
    return int(found.max())


def largest_part(conversations: int, processes: int, parts: int) -> int:
    """How many conversations a process reads together at most, of a step that it shares and takes in parts."""
    return -(-conversations // (processes * parts))


@torch.no_grad()
def loss_in_parts(
    model: Any, batch: ChatBatch, loss: Callable[[Any, Any], Losses], conversations: int, together: int
) -> Losses:
    """The loss of a batch, of which as much is read at once as so many conversations are: the same whatever that is.

    Args:
        batch: in as many parts as it takes, each on the model's device in its turn.
        conversations: in the batch.
        together: as many of them as a part has on average, at most, or a row where that is more.
    """
    parts, device = min(-(-conversations // together), len(batch)), next(model.parameters()).device
    return mean_of([loss(model, part.to(device)) for part in batch.parts(parts)])


def mean_of(parts: Sequence[Losses]) -> Losses:
    """The loss of a batch from those of its parts, each weighing as much as it has terms."""
    terms = [part.terms or 0 for part in parts]
    shares = [count / max(1, sum(terms)) for count in terms]
    return Losses(
        total=torch.stack([share * part.total for share, part in zip(shares, parts, strict=True)]).sum(),
        floor=torch.stack([share * part.floor for share, part in zip(shares, parts, strict=True)]).sum(),
        parts={
            name: torch.stack([share * part.parts[name] for share, part in zip(shares, parts, strict=True)]).sum()
            for name in parts[0].parts
        },
        terms=sum(terms),
    )


@contextmanager
def _summed_later(accelerator: Accelerator, model: nn.Module, last: bool) -> Generator[None]:
    """Gradients stay in the process until the last part, where each process has all of them whole."""
    if last:
        yield
    else:
        with accelerator.no_sync(model):
            yield
