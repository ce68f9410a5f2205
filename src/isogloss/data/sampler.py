"""One position: what a step trains on is a pure function of (dataset, seed, step)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isogloss.errors import UserError

# SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA).
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_ROUNDS = 6


def check_shared(each: int, processes: int, what: str, field: str) -> None:
    """Refuse a step that has nothing for some process.

    Args:
        each: how much there is in a step.
        what: it is, such as "images".
        field: of the recipe, that says how much.

    Raises:
        UserError: there are more processes.
    """
    if each < processes:
        raise UserError(
            f"A step of {each} {what} cannot be shared by {processes} processes; "
            f"set {field} to {processes} at least, or start fewer processes."
        )


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: each input bit changes each output bit with probability near one half."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def permute(positions: NDArray[np.int64], size: int, key: int) -> NDArray[np.int64]:
    """Where a keyed permutation of range(size) sends each position, without the permutation in memory.

    A Feistel network over the next power of four, walked until it lands inside the range (Black & Rogaway 2002,
    "Ciphers with arbitrary finite domains"): constant time and memory for any of a billion pictures.

    Args:
        positions: int64 [any], each in range(size).
        size: how many elements are permuted.
        key: which permutation; any integer.
    """
    half = np.uint64(max(1, ((size - 1).bit_length() + 1) // 2))
    mask = (np.uint64(1) << half) - np.uint64(1)
    with np.errstate(over="ignore"):
        keys = _mix(np.uint64(key % 2**64) + _GAMMA * np.arange(1, _ROUNDS + 1, dtype=np.uint64))
        values = positions.astype(np.uint64)
        outside = np.ones(values.shape, dtype=bool)
        while outside.any():
            left, right = values[outside] >> half, values[outside] & mask
            for round_key in keys:
                left, right = right, left ^ (_mix(right + round_key) & mask)
            values[outside] = (left << half) | right
            outside = values >= np.uint64(size)
    return values.astype(np.int64)


@dataclass(frozen=True)
class Sampler:
    """Which images a step trains on: an epoch is a fresh permutation, and its last, short step is left out.

    Args:
        images: how many images there are.
        images_per_step: how many a step takes, over all processes together.
        seed: of the run.

    Raises:
        UserError: a step asks for more images than there are.
    """

    images: int
    images_per_step: int
    seed: int

    def __post_init__(self) -> None:
        if not 0 < self.images_per_step <= self.images:
            raise UserError(
                f"A step of {self.images_per_step} cannot be drawn from the {self.images} that there are; "
                f"set images_per_step, or meanings_per_step of a text stage, between 1 and {self.images}."
            )

    @property
    def steps_per_epoch(self) -> int:
        return self.images // self.images_per_step

    def indices(self, step: int) -> NDArray[np.int64]:
        """The images of a step, int64 [images_per_step], all different."""
        epoch, within = divmod(step, self.steps_per_epoch)
        start = within * self.images_per_step
        return permute(np.arange(start, start + self.images_per_step), self.images, key=hash((self.seed, epoch)))

    def generator(self, step: int) -> np.random.Generator:
        """The randomness of a step (augmentation, choice of captions), the same whenever it is asked for."""
        return np.random.default_rng((self.seed, step))
