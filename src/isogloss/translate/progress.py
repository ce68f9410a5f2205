"""How far a translation is: a bar on a terminal, and elsewhere a line now and then."""

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

# Shows how far a work of this name is, of so many things; gives what is to be called with each further number.
Shown = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
# Seconds between two lines where there is no terminal, such as in the log of a cluster.
_EVERY = 30.0


@contextmanager
def progress(
    name: str,
    total: int,
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
    things: str = "captions",
) -> Generator[Callable[[int], None]]:
    """Show how many of `total` things are done; give what is to be called with each further number.

    console: standard error, unless another is given; clock: gives seconds; things: what is counted.
    """
    start, place = clock(), console or Console(stderr=True)
    if place.is_terminal:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TextColumn("{task.fields[pace]}"), console=place) as bar:
            task = bar.add_task(name, total=total, pace="")

            def draw(count: int) -> None:
                bar.advance(task, count)
                bar.update(task, pace=pace(int(bar.tasks[0].completed), total, clock() - start, things))

            yield draw
        return

    done, told = 0, start

    def tell(count: int) -> None:
        nonlocal done, told
        done += count
        now = clock()
        if now - told >= _EVERY or done == total:
            told = now
            said = pace(done, total, now - start, things)
            print(f"{name}: {done:,} of {total:,} {things}, {said}", file=place.file, flush=True)

    yield tell


@contextmanager
def unseen(name: str, total: int) -> Generator[Callable[[int], None]]:
    """Show nothing."""
    yield lambda count: None


def pace(done: int, total: int, seconds: float, things: str = "captions") -> str:
    """The rate so far, and how long the rest takes at that rate.

    >>> pace(1200, 12000, 60)
    '20 captions/s, 9 min left'
    """
    rate = done / seconds if seconds else 0.0
    if not rate:
        return ""
    said = f"{rate:,.0f} {things}/s" if rate >= 10 else f"{rate:.2g} {things}/s"
    return said if done >= total else f"{said}, {duration((total - done) / rate)} left"


def duration(seconds: float) -> str:
    """A length of time in the unit in which it is easily read.

    >>> duration(0.2), duration(90), duration(5400), duration(200_000)
    ('1 s', '90 s', '90 min', '56 h')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 6000 else f"{round(seconds / 3600):,} h"
