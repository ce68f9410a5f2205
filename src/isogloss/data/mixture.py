"""A mixture: which conversations of which parts a step takes, as a pure function of (sizes, proportions, seed, step)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from isogloss.data.sampler import Sampler, permute
from isogloss.errors import UserError, unknown


@dataclass(frozen=True)
class Mixture:
    """Parts, such as languages, and how much of a run each has.

    With proportions, each part is a stream of its own: permutation after permutation of it, of which a step takes what
    brings the part to its share of the run so far (Webster's method, by which seats go to parties). Without them, all
    parts are one, and an epoch is a permutation of it.

    Args:
        sizes: how many there are, by the name of the part.
        proportions: by the name of the part, in any unit; a part that is not named has none. None: as the sizes are.
        per_step: how many a step takes, over all processes together.
        seed: of the run.

    Raises:
        UserError: a proportion is of no part, of an empty one, negative or no number, or a step asks for more than there is.
    """

    sizes: Mapping[str, int]
    proportions: Mapping[str, float] | None
    per_step: int
    seed: int

    def __post_init__(self) -> None:
        for name, proportion in (self.proportions or {}).items():
            if name not in self.sizes:
                raise unknown("part of the data for the proportion of", name, self.sizes)
            if not (math.isfinite(proportion) and proportion >= 0):
                raise UserError(
                    f"The proportion of '{name}' is {proportion}; give a number that is zero or more, such as 0.5."
                )
            if proportion > 0 and not self.sizes[name]:
                raise UserError(f"There is nothing in '{name}' to make {proportion} of the mixture; set it to 0.")
        if self.proportions is not None and not any(self.proportions.values()):
            raise UserError("No part of the mixture has a proportion; give one of them at least, or none of them all.")
        if not 0 < self.per_step <= self._total:
            raise UserError(
                f"A step of {self.per_step} conversations cannot be drawn from the {self._total} that there are; "
                f"set conversations_per_step between 1 and {self._total}."
            )

    @cached_property
    def shares(self) -> Mapping[str, float]:
        """The share of each part that is taken from; they add to 1."""
        parts = self.sizes if self.proportions is None else self.proportions
        total = math.fsum(parts.values())
        return {name: parts[name] / total for name in self.sizes if parts.get(name, 0) > 0}

    @property
    def steps_per_epoch(self) -> int:
        """Steps that take as many conversations as there are in the parts that are taken from."""
        return self._total // self.per_step

    def taken(self, step: int) -> list[tuple[str, int]]:
        """What a step takes, [per_step]: the name of a part and a row of it, part by part."""
        if self.proportions is None:
            return self._from_one(step)
        before, after = self._counts(step * self.per_step), self._counts((step + 1) * self.per_step)
        return [
            (name, row)
            for name, first, last in zip(self.shares, before, after, strict=True)
            for row in self._stream(name, first, last).tolist()
        ]

    @cached_property
    def _total(self) -> int:
        return sum(self.sizes[name] for name in self.shares)

    def _from_one(self, step: int) -> list[tuple[str, int]]:
        places = np.sort(Sampler(self._total, self.per_step, self.seed).indices(step))
        names = list(self.sizes)
        ends = np.cumsum([self.sizes[name] for name in names])
        parts = np.searchsorted(ends, places, side="right")
        rows = places - np.concatenate([[0], ends])[parts]
        return [(names[part], row) for part, row in zip(parts.tolist(), rows.tolist(), strict=True)]

    def _counts(self, taken: int) -> list[int]:
        """How many of the first `taken` conversations of the run each part has.

        The k-th conversation of a part is due when (k + 1/2) / share have been taken; the first ones due are taken. So no
        part ever has fewer than before, and none is further from its share than a half and half its share of the parts.
        """
        shares = list(self.shares.values())
        # What is due long before is not put into order one by one.
        counts = [max(0, math.floor(share * (taken - len(shares)))) for share in shares]
        while sum(counts) < taken:
            due = [(count + 0.5) / share for count, share in zip(counts, shares, strict=True)]
            counts[due.index(min(due))] += 1
        return counts

    def _stream(self, name: str, first: int, last: int) -> NDArray[np.int64]:
        """Rows of a part: from its first-th to before its last-th conversation of the run."""
        size = self.sizes[name]
        epochs, within = np.divmod(np.arange(first, last), size)
        rows = np.empty(last - first, np.int64)
        for epoch in np.unique(epochs).tolist():
            # By its name: another part more or less changes nothing in this one.
            key = hash((self.seed, crc32(name.encode()), epoch))
            rows[epochs == epoch] = permute(within[epochs == epoch], size, key)
        return rows


@dataclass(frozen=True)
class Mixtures:
    """Several mixtures, each of which brings as many to every step as it says, whatever the others are.

    Args:
        each: with parts of different names; epochs are the first one's.
    """

    each: tuple[Mixture, ...]

    @property
    def per_step(self) -> int:
        return sum(mixture.per_step for mixture in self.each)

    @property
    def steps_per_epoch(self) -> int:
        return self.each[0].steps_per_epoch

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of each part that is taken from; they add to 1."""
        return {
            name: share * mixture.per_step / self.per_step
            for mixture in self.each
            for name, share in mixture.shares.items()
        }

    def taken(self, step: int) -> list[tuple[str, int]]:
        """What a step takes, [per_step]: the name of a part and a row of it, mixture by mixture."""
        return [one for mixture in self.each for one in mixture.taken(step)]
