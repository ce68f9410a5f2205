"""Waiting for an engine that cannot answer now: longer and longer, by chance a little more or less, and not for ever."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from isogloss.errors import UserError
from isogloss.translate.engine import BusyError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How long to wait for one answer, in seconds.

    first: the most before the second attempt, which doubles with every further one; longest: the most at a time, unless
    the engine itself names a longer one; total: the most altogether. wait and chance: how it waits, and numbers in 0…1.
    """

    first: float = 1.0
    longest: float = 60.0
    total: float = 900.0
    wait: Callable[[float], None] = field(default=time.sleep, repr=False)
    chance: Callable[[], float] = field(default=random.random, repr=False)

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """The answer, asked for until it comes.

        Half of each wait is left to chance, so that many who were refused together do not come back together.

        Raises:
            UserError: it did not come in the whole time.
        """
        waited, longest = 0.0, self.first
        while True:
            try:
                return question()
            except BusyError as busy:
                seconds = max(longest * (1 + self.chance()) / 2, busy.seconds or 0.0)
                if waited + seconds > self.total:
                    raise UserError(
                        f"{busy}, and has not for {waited:.0f} seconds; what is done is kept, so run the same command "
                        "again later."
                    ) from busy
            self.wait(seconds)
            waited += seconds
            longest = min(2 * longest, self.longest)
