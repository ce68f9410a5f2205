"""Embeddings of all processes, as one batch, with gradients."""

import torch
import torch.distributed as distributed
from jaxtyping import Float, Int
from torch import Tensor
from torch.distributed.nn.functional import all_gather as all_gather_with_gradient


def _sizes(rows: int, device: torch.device) -> list[int]:
    size = torch.tensor([rows], device=device)
    sizes = [torch.zeros_like(size) for _ in range(distributed.get_world_size())]
    distributed.all_gather(sizes, size)
    return [int(size) for size in sizes]


def gather_rows(rows: Float[Tensor, "row dim"] | Float[Tensor, " row"] | Int[Tensor, " row"]) -> Tensor:
    """The rows of every process in the order of ranks; ragged, since processes hold different numbers of captions.

    Each process gets all rows and computes the whole loss; the gradient that flows back is summed over processes, which
    the averaging of data-parallel training turns into that of the single-process loss.
    """
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return rows
    sizes = _sizes(len(rows), rows.device)
    padding = rows.new_zeros((max(sizes) - len(rows), *rows.shape[1:]))
    padded = torch.cat([rows, padding])
    if padded.requires_grad:
        gathered = list(all_gather_with_gradient(padded))
    else:
        gathered = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(gathered, padded)
    return torch.cat([part[:size] for part, size in zip(gathered, sizes, strict=True)])


def gather_owner(owner: Int[Tensor, " caption"], images: int) -> Int[Tensor, " all_captions"]:
    """`owner` of every process, shifted to rows of the gathered images.

    Args:
        owner: [caption], rows among this process's images.
        images: how many images this process holds.
    """
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return owner
    before = sum(_sizes(images, owner.device)[: distributed.get_rank()])
    return gather_rows(owner + before)
