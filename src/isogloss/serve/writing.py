"""A reply that is read while it is written, and can be stopped."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from torch import Tensor

# What writes a reply: from a streamer of Transformers and a criterion to stop by, its tokens.
Write = Callable[[Any, Callable[..., bool]], list[int]]


@dataclass
class Writing:
    """A reply's tokens as they are written, in a thread of its own.

    Attributes:
        write: gives the reply's tokens, told one by one to a streamer or not.
        tokens: so far.
    """

    write: Write
    tokens: list[int] = field(default_factory=list[int])
    _news: SimpleQueue[int | None] = field(default_factory=SimpleQueue, repr=False)
    _stopped: threading.Event = field(default_factory=threading.Event, repr=False)
    _errors: list[BaseException] = field(default_factory=list[BaseException], repr=False)

    def grow(self) -> Iterator[int]:
        """How many tokens there are, each time that there are more; who reads no further stops the writing.

        After it has ended in whichever way, `tokens` are all that were written.
        """
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        try:
            while (token := self._news.get()) is not None:
                self.tokens.append(token)
                yield len(self.tokens)
        finally:
            self._stopped.set()
            thread.join()
            while not self._news.empty():
                if (token := self._news.get()) is not None:
                    self.tokens.append(token)
        if self._errors:
            raise self._errors[0]

    def _work(self) -> None:
        streamer = _Streamer(self._news)
        try:
            whole = self.write(streamer, lambda *_, **__: self._stopped.is_set())
            for token in whole[max(0, streamer.told) :]:  # all of them where beams are not told one by one
                self._news.put(token)
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._news.put(None)


@dataclass
class _Streamer:
    """What `generate` tells the tokens to: first those of the prompt, then one at a time."""

    news: SimpleQueue[int | None]
    told: int = -1

    def put(self, value: Tensor) -> None:
        if self.told >= 0:
            for token in value.flatten().tolist():
                self.news.put(token)
                self.told += 1
        else:
            self.told = 0

    def end(self) -> None:
        """Nothing: the end is told when all has been kept."""
