"""Files and folders that appear whole or not at all."""

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
    folder = _beside(root)
    try:
        with writing(root):
            folder.mkdir(parents=True)
            yield folder
            _settle(folder)
            folder.rename(root)
            _settle_one(root.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(path: Path) -> Path:
    """A place for what is not whole yet: only within one file system is a rename one step."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def remove_abandoned(folder: Path) -> None:
    """Remove what a killed process left half-written in a folder, where no other process may be writing now."""
    for partial in folder.glob(".*.partial"):
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


@contextmanager
def new_file(path: Path) -> Generator[Path]:
    """A temporary file beside `path` that replaces it when the block ends, and vanishes when the block fails.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    partial = _beside(path)
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            _settle_one(partial)
            partial.replace(path)
    finally:
        with suppress(OSError):  # as where its folder is a file
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: what was there stays until the new one is whole.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    with new_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


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
            _settle_one(file)
    _settle_one(folder)


def _settle_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
