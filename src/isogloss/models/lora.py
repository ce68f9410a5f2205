"""Low-rank adapters (arXiv 2106.09685) for a language model or a UNet, through PEFT."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from isogloss.errors import UserError


@dataclass(frozen=True)
class Lora:
    """Which adapters.

    Args:
        rank: of the matrices that are added; 0 for no adapters.
        alpha: what they are scaled by, over the rank.
        dropout: of what they read.
        modules: names of the layers that get one, as PEFT matches them; none for all linear layers of a language model but
            the head, and all of a UNet's attention.
    """

    rank: int = 0
    alpha: float = 16.0
    dropout: float = 0.0
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rank < 0:
            raise UserError(
                f"The rank of LoRA is {self.rank}; give a whole number of at least 1, or 0 for no adapters."
            )
        if not self.alpha > 0:
            raise UserError(f"The alpha of LoRA is {self.alpha}; give a number above 0, such as twice the rank.")
        if not 0 <= self.dropout < 1:
            raise UserError(f"The dropout of LoRA is {self.dropout}; give a share from 0 to below 1.")


def add_lora(model: Any, lora: Lora, usual: Sequence[str] = (), kind: str = "language model") -> Any:
    """A model whose own weights stay as they are, with adapters that train; itself where the rank is 0.

    Args:
        usual: names of the layers that get one where the recipe names none; none for all linear layers but the head.
        kind: of the model, for messages.

    Raises:
        UserError: PEFT is not installed, or the model has no layer of these names.
    """
    if not lora.rank:
        return model
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise UserError("LoRA needs the package peft; `pip install 'isogloss[chat]'`, or set lora.rank to 0.") from None
    settings = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # pyright: ignore[reportArgumentType]  (any number will do)
        lora_dropout=lora.dropout,
        target_modules=list(lora.modules or usual) or "all-linear",
        task_type=None if usual else "CAUSAL_LM",
    )
    try:
        with warnings.catch_warnings():
            # PEFT asks Transformers by a name that will go.
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
            return get_peft_model(model, settings)
    except ValueError as error:
        raise UserError(f"LoRA does not fit the {kind}: {str(error).splitlines()[0]} Correct lora.modules.") from error


def merge_lora(model: Any, lora: Lora) -> Any:
    """The model with its adapters added to its weights, which all may train again."""
    return model.merge_and_unload().requires_grad_(True) if lora.rank else model
