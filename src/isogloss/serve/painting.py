"""How a paint model paints its pictures."""

import re
from dataclasses import dataclass

from isogloss.errors import UserError

# What there are numbers for in PyTorch's generators, and no model's memory has room beyond.
_SEEDS, _SIDE = 2**63, 8192
# Beyond it nothing but glaring colours has been seen of any model.
_GUIDANCE = 100.0


@dataclass(frozen=True)
class Painting:
    """How pictures are painted.

    Attributes:
        steps: from noise to a picture; more are slower and better.
        guidance: how much more the prompt counts than the negative one (arXiv 2207.12598); 1 for the prompt alone.
        negative: what guidance leads away from; None for the empty prompt.
        size: width and height in pixels; None for those that the model was made for.

    Raises:
        UserError: a number is out of its range.
    """

    steps: int = 30
    guidance: float = 4.0
    negative: str | None = None
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_at_least_one("steps", self.steps)
        if not 0 <= self.guidance <= _GUIDANCE:  # which NaN is not either
            raise UserError(f"guidance is {self.guidance:g}; give a number from 0 to {_GUIDANCE:g}, such as 4.")
        if self.negative is not None and self.guidance == 1:
            raise UserError(
                "With a guidance of 1 nothing leads away from a negative prompt; leave it out, or guide more."
            )
        if self.size is not None and not all(1 <= side <= _SIDE for side in self.size):
            width, height = self.size
            raise UserError(f"size is {width}x{height}; give a width and a height of 1 to {_SIDE:,} pixels.")


def check_at_least_one(name: str, value: int) -> None:
    """Refuse a count of nothing.

    Raises:
        UserError: it is less than 1.
    """
    if value < 1:
        raise UserError(f"{name} is {value}; give a whole number of at least 1.")


def read_size(written: str) -> tuple[int, int]:
    """A width and a height as they are typed, or a side for both.

    >>> read_size("64"), read_size("96x64")
    ((64, 64), (96, 64))

    Raises:
        UserError: they are typed otherwise.
    """
    found = re.fullmatch(r"(\d{1,9})(?:[x×](\d{1,9}))?", written.strip(), re.ASCII | re.IGNORECASE)
    if found is None:
        raise UserError(
            f"size is '{written}'; give a side in pixels, such as 64, or a width and a height, as in 96x64."
        )
    return int(found[1]), int(found[2] or found[1])


def seeds_from(seed: int, count: int) -> list[int]:
    """As many seeds as there are pictures of a prompt, one after the other.

    Raises:
        UserError: there is none, or one is out of range.
    """
    check_at_least_one("count", count)
    if not 0 <= seed <= _SEEDS - count:
        raise UserError(f"seed is {seed}; give a whole number from 0 to {_SEEDS - count}.")
    return list(range(seed, seed + count))


def check_best_of(best_of: int, count: int, ranked: bool) -> None:
    """Refuse a choice among pictures that cannot be made.

    Raises:
        UserError: no picture is kept, nothing ranks, there is nothing to rank, or fewer are painted than kept.
    """
    check_at_least_one("count", count)
    check_at_least_one("best_of", best_of)
    if best_of > 1 and not ranked:
        raise UserError("best_of needs a ranker that tells which are best; name a run or a folder with a dual encoder.")
    if ranked and best_of <= count:
        raise UserError(
            f"best_of is {best_of} and count {count}, so that the ranker has no choice; let best_of be more."
        )
