"""What was made so far of a folder that is not whole yet: kept beside it, for the process that goes on with it."""

import os
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.lock import only_one
from isogloss.saved import read_object
from isogloss.saving import remove_abandoned, write_json, writing

_LOCK, _IDENTITY = "lock", "identity.json"


@contextmanager
def unfinished(
    target: Path, work: str, identity: Mapping[str, Any], refusal: str, worth_keeping: Callable[[Path], bool]
) -> Generator[Path]:
    """The folder beside `target` with what the same work made before it was stopped; one process has it at a time.

    Args:
        work: "import" or "export", the ending of the folder's name.
        identity: what is made of what, as JSON; what is there of anything else is removed.
        refusal: what to tell when another process has it.
        worth_keeping: whether the folder holds any picture. Where none could be used, what was wrong may be mended and
            everything has to be read again, so the folder is removed when the block ends in a UserError.

    Raises:
        UserError: another process has it, or the place cannot be written.
    """
    folder = _folder(target, work)
    with only_one(folder / _LOCK, refusal):
        with writing(folder):
            _clear(folder, identity)
        try:
            yield folder
        except UserError:
            if not worth_keeping(folder):
                forget(target, work)
            raise


def _clear(folder: Path, identity: Mapping[str, Any]) -> None:
    """Remove what is of something else, and what was not whole when a process was killed."""
    saved = folder / _IDENTITY
    if not saved.exists() or read_object(saved) != identity:
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()
        write_json(saved, identity)
    for place, _, _ in os.walk(folder):
        remove_abandoned(Path(place))


def forget(target: Path, work: str) -> None:
    """Remove what is kept beside a folder that is whole."""
    shutil.rmtree(_folder(target, work), ignore_errors=True)


def _folder(target: Path, work: str) -> Path:
    return target.with_name(f".{target.name}.{work}")
