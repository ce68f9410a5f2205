"""The axes of a figure: where a value lies along one, in percent, and which values are worth a mark."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from low to high.

    ticks: values that bear a label; minor: values that bear a line alone.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    minor: tuple[float, ...] = ()
    logarithmic: bool = False

    def percent(self, value: float) -> float:
        """Where a value lies, from 0 at low to 100 at high; what lies outside is put on the edge."""
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            fraction = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            fraction = (value - self.low) / (self.high - self.low)
        return round(100 * fraction, 2)


def linear(values: Iterable[float], *, low: float | None = None, wanted: int = 5) -> Axis:
    """A linear axis that holds all values between round ends, in about `wanted` steps of 1, 2 or 5 × 10^n.

    low: where the axis starts; by default at the round value below the smallest.
    """
    found = list(values) or [0.0, 1.0]
    least, most = min(found) if low is None else low, max(found)
    if most <= least:
        most = least + (abs(least) or 1.0)
    rough = (most - least) / wanted
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * 0.999)
    # The tolerance keeps 0.6000000001 from asking for one more interval.
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def logarithmic(high: float) -> Axis:
    """A logarithmic axis from 1 to `high`, labelled at powers of ten and at its end."""
    high = max(high, 10.0)
    powers = [10.0**power for power in range(int(math.log10(high)) + 1)]
    # The end's own label needs room beside the last power of ten.
    ticks = [power for power in powers if power == high or high / power > 2.5]
    minor = [factor * power for power in powers for factor in range(2, 10) if factor * power < high]
    return Axis(1.0, high, (*(tick for tick in ticks if tick != high), high), tuple(minor), logarithmic=True)
