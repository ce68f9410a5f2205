"""What a translation will take: time and money, told before it begins."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from isogloss.languages import Language
from isogloss.translate.engine import Engine
from isogloss.translate.patience import Patience
from isogloss.translate.pending import Pending

# Characters a second of an engine that costs money, which is not measured, because that would cost money. Assumed: a
# request of some 15,000 characters takes about three seconds, and one follows the other.
ASSUMED_RATE = 5000.0
# A sample grows until it takes so many seconds: the first texts wait for a model to load or a pipeline to start.
_ENOUGH = 2.0
_FIRST = 8


@dataclass(frozen=True)
class Estimate:
    """dollars: what the engine charges; seconds: how long it takes; basis: how the seconds are known."""

    dollars: float
    seconds: float
    basis: str


def estimate(
    pending: Pending,
    engine: Engine,
    source: Language,
    target: Language,
    clock: Callable[[], float] = time.perf_counter,
) -> Estimate:
    """What remains to be paid and waited for; a free engine translates a sample, whose translations are not kept.

    Raises:
        UserError: the engine cannot translate.
    """
    dollars = pending.characters * engine.price / 1_000_000
    count = len(pending.texts)
    if not count:
        return Estimate(0.0, 0.0, "nothing to do")
    if engine.price:
        return Estimate(dollars, pending.characters / ASSUMED_RATE, f"assumed ({ASSUMED_RATE:,.0f} characters/s)")
    most = min(count, engine.texts_per_call)
    patience = Patience()
    patience.ask(lambda: engine.translate(pending.texts.slice(0, 1).to_pylist(), source, target))
    size = min(_FIRST, most)
    while True:
        # Evenly over the whole, which has texts of every length.
        sample = pending.texts.take(pa.array(np.linspace(0, count - 1, size).astype(np.int64))).to_pylist()
        start = clock()
        patience.ask(lambda sample=sample: engine.translate(sample, source, target))
        seconds = clock() - start
        if seconds >= _ENOUGH or size == most:
            return Estimate(dollars, seconds / size * count, f"measured on {size:,} captions")
        size = min(4 * size, most)
