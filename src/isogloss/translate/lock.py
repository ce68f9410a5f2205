"""One job at a time: a lock on a file, which the system takes back when its process dies, however it dies."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from isogloss.errors import UserError
from isogloss.saving import writing


@contextmanager
def only_one(path: Path, refusal: str = "") -> Generator[None]:
    """Hold the lock of a file, which is made if need be and stays.

    refusal: what to tell when another process holds it; without one, wait for it.

    Raises:
        UserError: another process holds it, or the file cannot be made.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise UserError(refusal) from None
        yield
