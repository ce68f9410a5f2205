"""Activation checkpointing (arXiv 1604.06174): a layer's inputs are kept, and the rest computed again backwards."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from isogloss.errors import UserError

# Those of a UNet that it would compute again by itself, where no kernel of attention is brought back.
_OF_DIFFUSERS = ("ResnetBlock2D", "BasicTransformerBlock")
_ENABLED = {
    SDPBackend.FLASH_ATTENTION: torch.backends.cuda.flash_sdp_enabled,
    SDPBackend.EFFICIENT_ATTENTION: torch.backends.cuda.mem_efficient_sdp_enabled,
    SDPBackend.CUDNN_ATTENTION: torch.backends.cuda.cudnn_sdp_enabled,
    SDPBackend.MATH: torch.backends.cuda.math_sdp_enabled,
}


@contextmanager
def gradient_checkpointing(model: nn.Module, wanted: bool = True) -> Generator[int]:
    """Checkpoint the layers that Transformers says can be, for a while; how many there are.

    Transformers' own `gradient_checkpointing_enable` leaves out layers in evaluation mode, as frozen ones are, through which
    gradients flow all the same to what is before them: a frozen language model behind a connector that trains.

    Args:
        wanted: False does nothing.

    Raises:
        UserError: the model has no such layer.
    """
    layers = [module for module in model.modules() if wanted and _checkpoints(module)]
    if wanted and not layers:
        raise UserError("No layer of this model can be computed again; set gradient_checkpointing to False.")
    for layer in layers:
        layer.forward = _Again(layer.forward)
    try:
        yield len(layers)
    finally:
        for layer in layers:
            del layer.forward


@contextmanager
def layers_that_keep(model: nn.Module) -> Generator[dict[type, set[int]]]:
    """The layers that could be checkpointed and have kept something to be backpropagated through, by kind, as they run."""
    found: dict[type, set[int]] = {}

    def note(module: nn.Module, _: Any, made: Any) -> None:
        if any(isinstance(one, Tensor) and one.requires_grad for one in tree_leaves(made)):
            found.setdefault(type(module), set()).add(id(module))

    noted = [module.register_forward_hook(note) for module in model.modules() if _checkpoints(module)]
    try:
        yield found
    finally:
        for one in noted:
            one.remove()


class _Again:
    """A forward pass that is computed again backwards."""

    def __init__(self, forward: Any) -> None:
        self.forward = forward

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return self.forward(*arguments, **named)
        return checkpoint(self.forward, *arguments, use_reentrant=False, context_fn=_as_before, **named)


def _checkpoints(module: nn.Module) -> bool:
    """Whether a layer may be computed twice, which batch statistics would notice."""
    layer = isinstance(module, GradientCheckpointingLayer) or type(module).__name__ in _OF_DIFFUSERS
    return layer and not any(hasattr(part, "running_mean") for part in module.modules())


def _as_before() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """PyTorch brings back autocast and random numbers for the second time, and not how attention is computed."""
    return nullcontext(), sdpa_kernel([backend for backend, enabled in _ENABLED.items() if enabled()])
