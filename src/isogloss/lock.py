"""One process at a time: a lock on a file, which the system takes back when its process dies, however it dies."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from isogloss.errors import UserError
from isogloss.saving import writing


@contextmanager
def only_one(path: Path, refusal: str = "") -> Generator[None]:
    """Hold the lock of a file, which is made if need be and stays; who holds it may take it again.

    refusal: what to tell when another process holds it; without one, wait for it.

    Raises:
        UserError: another process holds it, or the file cannot be made or locked.
    """
    lock = FileLock(path.resolve(), is_singleton=True)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=not refusal)
        except Timeout:
            raise UserError(refusal) from None
    try:
        yield
    finally:
        lock.release()
