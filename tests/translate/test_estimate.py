"""What a translation will take is measured where that is free, and assumed where it costs money."""

import pyarrow as pa
import pytest
from translate.made_up_engine import ENGLISH, SPANISH, Backwards

from isogloss.translate.estimate import ASSUMED_RATE, Estimate, estimate
from isogloss.translate.pending import Pending


def pending(count: int) -> Pending:
    texts = pa.array([f"{number:04}" for number in range(count)], pa.large_string())
    return Pending(2 * count, count, texts, 4 * count)


def measured(count: int, per_text: float, texts_per_call: int = 1000) -> tuple[Estimate, Backwards]:
    """With a clock that goes on by so many seconds a text."""
    engine = Backwards(texts_per_call=texts_per_call)
    return estimate(pending(count), engine, ENGLISH, SPANISH, lambda: per_text * len(engine.asked)), engine


def test_a_free_engine_is_measured_until_it_is_certain() -> None:
    found, engine = measured(5000, 0.01)
    assert found.seconds == pytest.approx(50.0)
    assert (found.dollars, found.basis) == (0.0, "measured on 512 captions")
    assert list(map(len, engine.calls)) == [1, 8, 32, 128, 512]
    assert engine.calls[1][0] == "0000" and engine.calls[1][-1] == "4999", "from the whole, not from its beginning"


@pytest.mark.parametrize(("count", "texts_per_call", "sample"), [(5, 1000, 5), (5000, 20, 20)])
def test_a_sample_is_no_larger_than_a_call_or_the_whole(count: int, texts_per_call: int, sample: int) -> None:
    found, engine = measured(count, 0.001, texts_per_call)
    assert found.seconds == pytest.approx(count * 0.001)
    assert len(engine.calls[-1]) == sample


def test_an_engine_that_costs_money_is_not_asked() -> None:
    engine = Backwards(price=20.0)
    found = estimate(pending(500_000), engine, ENGLISH, SPANISH)
    assert found.dollars == pytest.approx(40.0)
    assert found.seconds == pytest.approx(2_000_000 / ASSUMED_RATE)
    assert (found.basis, engine.calls) == ("assumed (5,000 characters/s)", [])


def test_nothing_to_do_takes_nothing() -> None:
    engine = Backwards()
    assert estimate(pending(0), engine, ENGLISH, SPANISH) == Estimate(0.0, 0.0, "nothing to do")
    assert engine.calls == []
