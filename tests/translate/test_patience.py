"""An engine that is busy is asked again, less and less often, and not for ever."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.translate.engine import BusyError
from isogloss.translate.patience import Patience


def busy_for(times: int, seconds: float | None = None) -> tuple[list[float], Patience, list[int]]:
    """Waits as they come, a patience that waits so, and the attempts that are still refused."""
    waits: list[float] = []
    return waits, Patience(first=1, longest=8, total=60, wait=waits.append, chance=lambda: 1.0), [times]


def ask(patience: Patience, refusals: list[int], seconds: float | None = None) -> str:
    def question() -> str:
        if refusals[0]:
            refusals[0] -= 1
            raise BusyError("the service is busy", seconds)
        return "answer"

    return patience.ask(question)


def test_each_wait_is_longer_up_to_the_longest() -> None:
    waits, patience, refusals = busy_for(6)
    assert ask(patience, refusals) == "answer"
    assert waits == [1, 2, 4, 8, 8, 8]


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_half_of_each_wait_is_chance(chances: list[float]) -> None:
    waits, patience, refusals = busy_for(4)
    numbers = iter(chances)
    assert ask(replace(patience, chance=lambda: next(numbers)), refusals) == "answer"
    assert waits == [most * (1 + chance) / 2 for most, chance in zip((1, 2, 4, 8), chances, strict=False)]


def test_it_waits_as_long_as_the_engine_was_told() -> None:
    waits, patience, refusals = busy_for(2)
    assert ask(patience, refusals, 20.0) == "answer"
    assert waits == [20, 20]


@pytest.mark.parametrize(("seconds", "attempts"), [(None, [1, 2, 4, 8, 8, 8, 8, 8, 8]), (25.0, [25, 25]), (61.0, [])])
def test_it_gives_up_and_says_that_the_work_is_kept(seconds: float | None, attempts: list[float]) -> None:
    waits, patience, refusals = busy_for(1000)
    with pytest.raises(UserError, match="the service is busy, and has not for .* seconds; what is done is kept"):
        ask(patience, refusals, seconds)
    assert waits == attempts


def test_other_errors_are_not_waited_for() -> None:
    waits, patience, _ = busy_for(0)

    def refuse() -> None:
        raise UserError("no")

    with pytest.raises(UserError, match="no"):
        patience.ask(refuse)
    assert waits == []
