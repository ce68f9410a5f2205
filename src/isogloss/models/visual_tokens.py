"""A picture as a vision tower sees it: one state a token, from the layer that is asked for."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import PretrainedConfig, PreTrainedModel

from isogloss.errors import UserError
from isogloss.models.tower import FAILURES, reason

# Which states are kept: LLaVA's "default" leaves the first one out and its "full" none; "patches" leaves out all that stand
# before the patches, which may be a class token and registers.
STRATEGIES = ("default", "full", "patches")


@dataclass(frozen=True)
class Sight:
    """What a tower makes of one picture.

    Attributes:
        side: of the picture, in pixels.
        tokens: states of one picture, all of them.
        prefix: how many of them stand before those of patches, such as a class token.
        width: of a state.
    """

    side: int
    tokens: int
    prefix: int
    width: int


def states_at(
    tower: PreTrainedModel, pixel_values: Float[Tensor, "image channel height width"], layer: int
) -> Float[Tensor, "image token feature"]:
    """A tower's hidden states of some pictures; the places of a convolutional map, row by row, are tokens.

    Args:
        layer: numbered as Transformers numbers hidden states: 0 for the embeddings, -1 for the last layer's.
    """
    # Asked for one layer, Transformers keeps none of the others; the number 0 it would take for "none at all".
    output: Any = tower(pixel_values=pixel_values, output_hidden_states=layer or True, return_dict=True)
    states: Tensor = output.hidden_states[layer]
    return states.flatten(2).transpose(1, 2) if states.ndim == 4 else states


@torch.no_grad()
def sight(tower: PreTrainedModel, side: int, layer: int) -> Sight:
    """What a tower makes of one square picture, found by showing it an empty one.

    Raises:
        UserError: the tower has no such layer, or reads no pictures of that size.
    """
    first = next(tower.parameters())
    try:
        states = states_at(tower, torch.zeros(1, 3, side, side, device=first.device, dtype=first.dtype), layer)
    except torch.OutOfMemoryError:
        raise
    except FAILURES as error:
        own = getattr(tower.config, "image_size", None)
        if isinstance(own, int) and own != side:
            raise UserError(
                f"The vision tower takes pictures of {own} pixels, not {side}; set image_size to {own}."
            ) from error
        raise UserError(
            f"The vision tower ({tower.config.model_type}) has no hidden states of layer {layer}, or reads no colour pictures "
            f"of {side} pixels ({reason(error)}); choose another vision_feature_layer or tower."
        ) from error
    _, tokens, width = states.shape
    patches = patch_grid(tower.config, side) ** 2
    if patches == 0 or patches > tokens:
        patches = int(tokens**0.5) ** 2
    return Sight(side, tokens, tokens - patches, width)


def patch_grid(config: PretrainedConfig, side: int) -> int:
    """How many patches lie side by side in a picture; 0 for a tower whose states are not of patches of one size."""
    patch = getattr(config, "patch_size", None)
    # Convolutional and hierarchical towers have stages of different depths, between which patches are merged.
    return 0 if not isinstance(patch, int) or hasattr(config, "depths") else side // patch


def suited_layer(tower: PreTrainedModel, side: int) -> int:
    """The last layer but one of a transformer, as LLaVA has it (arXiv 2304.08485), else the last.

    The last layer of a tower that was trained to say one thing of a picture, such as its likeness to a caption, has let go
    of the rest. In hierarchical towers the last but one has other tokens, and in those of one layer it is none.
    """
    if patch_grid(tower.config, side) == 0 or getattr(tower.config, "num_hidden_layers", 0) < 2:
        return -1
    return -2


def dropped(strategy: str, prefix: int) -> int:
    """How many states at the start a strategy leaves out."""
    return {"default": 1, "full": 0, "patches": prefix}[strategy]


def suited_strategy(prefix: int) -> str:
    """The strategy that keeps the patches alone, under the name that LLaVA has for it where it has one."""
    return {0: "full", 1: "default"}.get(prefix, "patches")
