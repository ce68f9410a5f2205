"""What was measured: accuracy@k and rank quartiles, per language and arm, and the claims."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ACCURACY = "accuracy@"


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % bootstrap interval; low and high are None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, saved: Any) -> "Interval":
        """From [value, low, high], or from a bare number.

        Raises:
            TypeError, ValueError: it is neither.
        """
        numbers = [saved] if isinstance(saved, int | float) else list(saved)
        if len(numbers) not in (1, 3) or not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"{saved} is not a value with its interval")
        return cls(*(float(number) for number in numbers))

    def times(self, factor: float) -> "Interval":
        """So many times as much."""
        if self.low is None or self.high is None:
            return Interval(factor * self.value)
        return Interval(factor * self.value, factor * self.low, factor * self.high)

    def apart(self, other: "Interval") -> bool:
        """Whether the two intervals have no point in common."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return False
        return self.high < other.low or other.high < self.low


@dataclass(frozen=True)
class Measure:
    """One direction of retrieval in one language by one arm.

    accuracy: by k, the share of queries whose right answer is among the first k; quartiles: of the ranks, 1
    being best; seeds: by k, the accuracy of each seed, where there are several.
    """

    accuracy: Mapping[int, Interval]
    quartiles: tuple[float, float, float] | None = None
    captions: int | None = None
    seeds: Mapping[int, tuple[float, ...]] = field(default_factory=dict[int, tuple[float, ...]])

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "Measure":
        """From the fields "accuracy@1", …, "rank_quartiles", "captions" and "seeds" of results.json.

        Raises:
            TypeError, ValueError: a field is of another kind.
        """
        quartiles = saved.get("rank_quartiles")
        captions = saved.get("captions")
        seeds = {name: [float(value) for value in values] for name, values in saved.get("seeds", {}).items()}
        return cls(
            accuracy={k: Interval.of(value) for k, value in _by_k(saved).items()},
            quartiles=None if quartiles is None else _three(quartiles),
            captions=None if captions is None else int(captions),
            seeds={k: tuple(values) for k, values in _by_k(seeds).items() if len(values) > 1},
        )

    @property
    def first(self) -> Interval | None:
        """The accuracy at the smallest k; None where there is none."""
        return self.accuracy[min(self.accuracy)] if self.accuracy else None


@dataclass(frozen=True)
class Scores:
    """Both directions of retrieval, of one language and arm."""

    caption_to_image: Measure
    image_to_caption: Measure | None = None

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "Scores":
        """From an entry of results.json, which has caption→image at its top level."""
        back = saved.get("image_to_caption")
        return cls(Measure.of(saved), Measure.of(back) if back else None)


@dataclass(frozen=True)
class Average:
    """The mean of a measure over a named group of languages, by arm."""

    name: str
    languages: tuple[str, ...]
    arms: Mapping[str, Measure]

    @classmethod
    def of(cls, name: str, saved: Mapping[str, Any]) -> "Average":
        """From an entry of "averages" in results.json; whatever is an object in it is an arm.

        Raises:
            KeyError: "languages" is missing.
        """
        arms = {arm: Measure.of(value) for arm, value in saved.items() if isinstance(value, Mapping)}
        return cls(name, tuple(str(tag) for tag in saved["languages"]), arms)


@dataclass(frozen=True)
class Claim:
    """A sentence that was stated beforehand, whether it holds here, and the measurement that decides it."""

    claim: str
    holds: bool
    measured: str


def cutoffs(measures: Sequence[Measure]) -> tuple[int, ...]:
    """Every k for which some measure has an accuracy, ascending."""
    return tuple(sorted({k for measure in measures for k in measure.accuracy}))


def _by_k(saved: Mapping[str, Any]) -> dict[int, Any]:
    found = {int(name.removeprefix(_ACCURACY)): value for name, value in saved.items() if name.startswith(_ACCURACY)}
    return dict(sorted(found.items()))


def _three(quartiles: Any) -> tuple[float, float, float]:
    first, median, third = (float(rank) for rank in quartiles)
    if not all(math.isfinite(rank) for rank in (first, median, third)):
        raise ValueError("a rank is not finite")
    return first, median, third
