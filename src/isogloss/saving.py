"""Files that appear whole or not at all."""

import errno
import json
import os
import secrets
from pathlib import Path
from typing import Any

from isogloss.errors import UserError


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: what was there stays until the new one is whole.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        reason = "the disk is full" if full else error.strerror or str(error)
        raise UserError(f"{path} cannot be written ({reason}); free some space or choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        UserError: it is missing, damaged or cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing; restore it, or make it again with the command that made its folder."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} is no JSON that can be read ({error}); restore it or remove it and make it again."
        ) from error
