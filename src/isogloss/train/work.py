"""What a training step costs in operations and memory, found by running it on tensors that have shapes and no values."""

import math
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count
from transformers.initialization import no_init_weights

aten: Any = torch.ops.aten


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _attention_backward(gradient: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(gradient, query, key, value)


# PyTorch counts its fused attention of GPUs and leaves out that of processors, which does the same products.
FUSED: Any = {
    aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}
_MOVE_NOTHING = {aten.detach, aten.empty, aten.empty_like, aten._unsafe_view}
_ROWS_ALONE = {aten.embedding}  # reads those rows of its table that it is asked for


@dataclass(frozen=True)
class Work:
    """One step of one device.

    Attributes:
        forward, backward: floating-point operations of matrix products and convolutions, each addition and multiplication.
        calls: operations that PyTorch starts one by one, views left out.
        traffic: bytes that these read and write, each by itself.
        weights: bytes of all parameters.
        gradients: bytes of the parameters that train.
        activations: bytes that are alive when the forward pass ends, of the first part where a step has several.
        peak: the most bytes that are alive at once besides the weights and the optimiser's state.
        outputs: bytes of the activations that are what the loss is computed of.
        cast: bytes of weights in bfloat16 that are held until the loss is computed, and not for the way back.
    """

    forward: int
    backward: int
    calls: int
    traffic: int
    weights: int
    gradients: int
    activations: int
    peak: int
    outputs: int = 0
    cast: int = 0

    @property
    def operations(self) -> int:
        return self.forward + self.backward


class Ledger(TorchDispatchMode):
    """Every operation's bytes, and how many are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = self.traffic = self.alive = self.peak = 0
        self._known: set[int] = set()

    def hold(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        number, size = id(storage), storage.nbytes()  # which PyTorch keeps for as long as there is the storage
        if number in self._known:
            return
        self._known.add(number)
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._release, number, size)

    def _release(self, number: int, size: int) -> None:
        self._known.discard(number)
        self.alive -= size

    def ignore(self, tensors: Sequence[Tensor]) -> None:
        """Leave out what is counted elsewhere, such as weights."""
        self._known |= {id(value.untyped_storage()) for value in tensors}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        written = [leaf for leaf in tree_leaves(made) if isinstance(leaf, Tensor)]
        if written and not func.is_view and func.overloadpacket not in _MOVE_NOTHING:
            self.calls += 1
            read = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
            if func.overloadpacket in _ROWS_ALONE:
                read = written
            self.traffic += sum(min(leaf.numel() * leaf.itemsize, leaf.untyped_storage().nbytes()) for leaf in read)
            self.traffic += sum(leaf.numel() * leaf.itemsize for leaf in written)
        for leaf in written:
            self.hold(leaf)
        return made


@contextmanager
def shapes_alone() -> Generator[FakeTensorMode]:
    """Models that are made in here have shapes and no values, and take no memory."""
    with no_init_weights(), FakeTensorMode() as fake:
        yield fake


def work_of(
    model: nn.Module,
    forward: Callable[[], Sequence[Tensor]],
    *,
    fake: FakeTensorMode,
    bfloat16: bool,
    loss: tuple[int, int],
    parts: float = 1.0,
) -> Work:
    """A step's work.

    Args:
        model: made in `shapes_alone`, with what is frozen frozen.
        forward: makes the inputs and computes what the loss is computed of.
        fake: the mode that the model was made in.
        bfloat16: whether matrix products are computed in it; weights stay in float32.
        loss: operations of the loss in both directions, and bytes alive in it. It depends on values (whose caption is
            whose), so it is counted by arithmetic.
        parts: how many such forward passes a step has, one after the other; the last may be smaller.
    """
    parameters = list(model.parameters())
    trained = [value for value in parameters if value.requires_grad]
    ledger = Ledger()
    ledger.ignore(parameters)
    forwards, backwards, activations, outputs, cast = _pass(forward, ledger, fake, bfloat16, loss[1])
    calls, traffic = ledger.calls, ledger.traffic
    if parts > 1:  # the second part adds to gradients that are there already
        _pass(forward, ledger, fake, bfloat16, loss[1])
        calls += (math.ceil(parts) - 1) * (ledger.calls - calls) + len(trained)
        traffic += round((parts - 1) * (ledger.traffic - traffic)) + 2 * _bytes(trained)
    for value in parameters:
        value.grad = None
    return Work(
        forward=round(parts * (forwards + loss[0] // 3)),
        backward=round(parts * (backwards + loss[0] - loss[0] // 3)),
        calls=calls,
        traffic=traffic + round(parts * 4 * loss[1]),
        weights=_bytes(parameters),
        gradients=_bytes(trained),
        activations=activations,
        peak=ledger.peak,
        outputs=outputs,
        cast=cast,
    )


def _pass(
    forward: Callable[[], Sequence[Tensor]], ledger: Ledger, fake: FakeTensorMode, bfloat16: bool, alive_in_loss: int
) -> tuple[int, int, int, int, int]:
    """Operations forwards and backwards, the bytes that are alive in between, those of them that are the outputs, and those
    that were alive until then."""
    before = ledger.alive
    counter = FlopCounterMode(display=False, custom_mapping=FUSED)
    with fake, counter, ledger, torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        outputs = forward()
        until = ledger.alive  # with what autocast keeps of weights that train
    forwards, activations = counter.get_total_flops(), ledger.alive - before
    ledger.peak = max(ledger.peak, ledger.alive + alive_in_loss)
    differentiable = [output for output in outputs if output.requires_grad]
    counter = FlopCounterMode(display=False, custom_mapping=FUSED)
    with fake, counter, ledger:
        torch.autograd.backward(differentiable, [torch.empty_like(output) for output in differentiable])
    return forwards, counter.get_total_flops(), activations, _bytes(outputs), until - before - activations


def _bytes(tensors: Sequence[Tensor]) -> int:
    return sum(value.numel() * value.itemsize for value in tensors)
