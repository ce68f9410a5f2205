"""What the translation job asks of an engine, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from isogloss.languages import Language


@dataclass(frozen=True, slots=True)
class Translation:
    """One text in the target language, as the engine gave it.

    text: may be empty, where the engine had nothing to say.
    score: the engine's own confidence in 0…1, the geometric mean of its token probabilities; None where it has none.
    complete: whether it ended by itself; False where it ran into its limit of length, so that the text is cut off.
    """

    text: str
    score: float | None = None
    complete: bool = True


class BusyError(Exception):
    """An engine that cannot answer now, such as a service that limits the rate: the job waits and asks again.

    seconds: for how long, where the engine was told; None for the job's own, growing patience.
    """

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


@runtime_checkable
class Engine(Protocol):
    """Translates texts between two languages, whose codes it maps to its own by itself.

    It never logs and draws no progress; it may be called from one thread at a time, and is opened in the process that
    uses it.
    """

    @property
    def name(self) -> str:
        """What its captions bear as their source, such as "ctranslate2:facebook/nllb-200-distilled-600M"."""
        ...

    @property
    def texts_per_call(self) -> int:
        """How many texts `translate` does best with at a time: enough to keep it busy, a minute's work at most."""
        ...

    @property
    def price(self) -> float:
        """US dollars for a million characters of source text; 0 where it costs nothing but time."""
        ...

    def check(self, source: Language, target: Language) -> None:
        """Tell before any work is done what would fail.

        Raises:
            UserError: it has not got one of the languages, or not the pair.
        """
        ...

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        """One translation a text, in order. A text is one caption of one line, and never empty.

        Raises:
            UserError: it cannot go on at all; BusyError: it cannot go on now.
        """
        ...
