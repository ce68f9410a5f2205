"""How a chat model writes its replies."""

import math
from dataclasses import dataclass
from typing import Any

from isogloss.errors import UserError


@dataclass(frozen=True)
class Generation:
    """How replies are written.

    Attributes:
        beams: beginnings of a reply that are followed at a time; with several a reply appears when it is whole.
        temperature: 0 for the likeliest word each time, 1 for words by chance as the model weighs them.
        top_p: by chance among the likeliest words only, that together have this share.
        repetition_penalty: above 1, words that were there before become less likely (arXiv 1909.05858).
        max_tokens: of a reply.
        seed: of chance; the same conversation then gets the same reply. None for another one each time.

    Raises:
        UserError: a number is out of its range.
    """

    beams: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    max_tokens: int = 256
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("beams", self.beams), ("max_tokens", self.max_tokens)):
            if value < 1:
                raise UserError(f"{name} is {value}; give a whole number of at least 1.")
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise UserError(f"temperature is {self.temperature:g}; give a number of at least 0.")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top_p is {self.top_p:g}; give a number above 0 and at most 1.")
        if not (math.isfinite(self.repetition_penalty) and self.repetition_penalty > 0):
            raise UserError(f"repetition_penalty is {self.repetition_penalty:g}; give a number above 0.")

    def options(self, room: int) -> dict[str, Any]:
        """The options of Transformers' `generate`, all of them said, since a saved model may bring others.

        room: how many tokens the model has left.
        """
        by_chance = self.temperature > 0
        return {
            "max_new_tokens": min(self.max_tokens, room),
            "num_beams": self.beams,
            "do_sample": by_chance,
            "temperature": self.temperature if by_chance else None,
            "top_p": self.top_p if by_chance else None,
            "top_k": 0 if by_chance else None,
            "repetition_penalty": self.repetition_penalty,
        }
