"""What fields of recipes are refused for, in a sentence."""

import math
from typing import Any

from isogloss.errors import UserError


def check_whole(part: Any, *names: str) -> None:
    """Refuse fields that are no whole number of at least 1."""
    for name in names:
        if getattr(part, name) < 1:
            raise UserError(f"{name} is {getattr(part, name)}; give a whole number of at least 1.")


def check_undivided(part: Any) -> None:
    """Refuse to divide the steps of a family whose loss compares all that is in a step."""
    if part.training.micro_batches > 1:
        raise UserError(
            f"micro_batches is {part.training.micro_batches}, and this loss compares all of a step with each other, so that "
            "parts of it would be another loss; set it to 1, and gradient_checkpointing to True for less memory."
        )


def check_share(part: Any, name: str) -> None:
    """Refuse a field outside of 0 to 1."""
    if not 0 <= getattr(part, name) <= 1:
        raise UserError(f"{name} is {getattr(part, name)}; give a share between 0 and 1.")


def check_weight(part: Any, *names: str) -> None:
    """Refuse fields below 0."""
    for name in names:
        if not 0 <= getattr(part, name) < math.inf:
            raise UserError(f"{name} is {getattr(part, name)}; give a weight of at least 0.")
