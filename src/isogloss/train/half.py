"""Frozen matrices are held in bfloat16 where they are multiplied in it: half the memory, and the same products to the bit."""

from collections.abc import Collection, Generator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def held_in_bfloat16(model: nn.Module, names: Collection[str]) -> Generator[int]:
    """Hold frozen weights of linear layers in bfloat16 for a while, those that it holds exactly; how many there are.

    Autocast makes them bfloat16 for each product anyway. Models that were published in bfloat16 hold nothing else; what
    has values in between stays in float32, since it may train later. So do embeddings and norms, whose results are not
    rounded by autocast.

    Args:
        model: all of whose products are computed under autocast to bfloat16 meanwhile.
        names: of the parameters that do not train meanwhile.
    """
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    linear = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    held: list[nn.Parameter] = []
    for name, value in model.named_parameters():
        if name in names and id(value) in linear - tables and value.dtype == torch.float32:
            half = value.detach().bfloat16()
            if torch.equal(half.float(), value):
                value.data = half
                held.append(value)
    try:
        yield len(held)
    finally:
        for value in held:
            value.data = value.data.float()
