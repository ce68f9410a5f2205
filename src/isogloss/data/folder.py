"""A folder that appears whole or not at all."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from isogloss.errors import UserError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Libraries in Rust (safetensors, tokenizers) put the number into words; torch says only that its archive is incomplete.
_RUST = re.compile(r"\(os error (\d+)\)")
_TORCH = ("PytorchStreamWriter", "inline_container.cc", "iostream error")


def refuse_existing(root: Path) -> None:
    """Refuse a place where something lies already, before any work is done for it.

    Raises:
        UserError: something exists at `root`.
    """
    if root.exists() or root.is_symlink():
        raise UserError(f"{root} exists already and is left as it is; name another folder or remove it first.")


@contextmanager
def new_folder(root: Path) -> Generator[Path]:
    """A temporary folder beside `root` that takes its name when the block ends, and vanishes when the block fails.

    Raises:
        UserError: something exists at `root`, or the disk is full, or the place cannot be written.
    """
    refuse_existing(root)
    # Beside and not in the system's temporary place: only within one file system is a rename one step.
    folder = root.parent / f".{root.name}.{secrets.token_hex(4)}.partial"
    try:
        with writing(root):
            folder.mkdir(parents=True)
            yield folder
            _settle(folder)
            folder.rename(root)
            _settle_directory(root.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(root: Path) -> None:
    """Remove what a killed process left beside `root`, of which no other process may be writing now."""
    for folder in root.parent.glob(f".{root.name}.*.partial"):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(place: Path) -> Generator[None]:
    """Tell of a full disk, or of a place that cannot be written, in one sentence, whichever library was writing.

    Raises:
        UserError: the block failed for one of these reasons; any other error is left as it is.
    """
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        raise _cannot_write(place, error) from error
    except Exception as error:
        number = _RUST.search(str(error))
        if number is None and not any(sign in str(error) for sign in _TORCH):
            raise
        code = int(number[1]) if number else errno.ENOSPC
        raise _cannot_write(place, OSError(code, os.strerror(code))) from error


def _cannot_write(root: Path, error: OSError) -> UserError:
    if error.errno in _NO_SPACE:
        return UserError(f"The disk is full, so {root} was not written; free some space and run this again.")
    if error.errno in (errno.EEXIST, errno.ENOTEMPTY) and root.exists():
        return UserError(f"{root} was made by another process meanwhile and is left as it is; name another folder.")
    reason = error.strerror or str(error)
    return UserError(f"{root} cannot be written ({reason}); choose a place that can be.")


def _settle(folder: Path) -> None:
    """Flush the files at the top of the folder and the tables below it to the disk.

    Pictures are left to the system: a flush each would take longer than drawing them, and a damaged one is found by
    its hash.
    """
    for file in (*folder.iterdir(), *folder.rglob("*.parquet")):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
    _settle_directory(folder)


def _settle_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
