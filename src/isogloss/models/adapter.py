"""What of a text encoder's states conditions the pictures, and the adapter that brings it to a UNet's cross attention."""

from dataclasses import dataclass
from typing import Any

from isogloss.errors import UserError, unknown

KINDS = ("tokens", "sentence", "both", "slots")


@dataclass(frozen=True)
class Adapter:
    """Which adapter: a linear layer and a LayerNorm into the width of the cross attention (VisCPM-Paint, arXiv 2308.12038).

    Args:
        kind: what is read of a prompt. "tokens": the state of each token. "sentence": one vector for the whole, spread over
            `queries` learnt tokens. "both": one after the other. "slots": tokens, as `queries` learnt queries pool them.
        queries: tokens that are made of a sentence, or learnt queries.
        projected: False leaves the states of tokens as they are, for a text encoder that the UNet was trained with.
        empty: what a dropped prompt is for classifier-free guidance (arXiv 2207.12598): "learnt" tokens, or "encoded", the
            text encoder's states of an empty text, as in Stable Diffusion.
    """

    kind: str = "tokens"
    queries: int = 8
    projected: bool = True
    empty: str = "learnt"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of adapter", self.kind, KINDS)
        if self.empty not in ("learnt", "encoded"):
            raise unknown("empty prompt", self.empty, ("learnt", "encoded"))
        if self.queries < 1:
            raise UserError(f"queries is {self.queries}; give a whole number of at least 1, such as 8.")
        if not self.projected and self.kind != "tokens":
            raise UserError(f"projected is false, which an adapter of {self.kind} cannot be; set kind to tokens.")


def build_adapter(adapter: Adapter, text_dim: int, dim: int) -> Any:
    """An adapter with random weights: a `isogloss.models.paint_files.adapter.PaintAdapter`.

    Args:
        text_dim: of the text encoder's states.
        dim: of the UNet's cross attention.

    Raises:
        UserError: the states are to stay as they are and have another width.
    """
    from isogloss.models.paint_files.adapter import PaintAdapter

    if not adapter.projected and text_dim != dim:
        raise UserError(
            f"The text encoder's states are {text_dim} wide and the UNet's cross attention reads {dim}; set adapter.projected "
            "to true, or choose a text encoder and a UNet that were trained together."
        )
    return PaintAdapter(
        text_dim=text_dim,
        dim=dim,
        kind=adapter.kind,
        queries=adapter.queries,
        projected=adapter.projected,
        learnt_empty=adapter.empty == "learnt",
    )
