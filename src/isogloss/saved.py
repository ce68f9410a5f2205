"""Reading what was saved as JSON, such that a file that is missing, damaged or incomplete is named in one sentence."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from isogloss.errors import UserError


def check_model(folder: Path, example: str = "runs/demo/seed-0/parallel") -> None:
    """Refuse a folder without a saved model, whose name would else be asked for on the Hub.

    Args:
        example: of a folder with one, for the message.

    Raises:
        UserError: there is none.
    """
    if not any((folder / name).is_file() for name in ("config.json", "model_index.json")):
        raise UserError(f"{folder} holds no saved model; name the folder of a finished run, such as {example}.")


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        UserError: the file is missing, cannot be read, or is not JSON.
    """
    text = _read(path)
    try:
        return json.loads(text)
    except ValueError as error:
        raise UserError(
            f"{path} is not valid JSON ({error}); restore it or make it again with the command that made its folder."
        ) from None


def read_object(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object.

    Raises:
        UserError: as for read_json, or the file holds something else.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} should hold a JSON object, not a {type(content).__name__}; restore it.")
    return content


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that has one JSON object a line; blank lines, and a last one that a kill cut short, are left out.

    Raises:
        UserError: the file is missing or cannot be read, or another line is not a JSON object.
    """
    rows: list[dict[str, Any]] = []
    # Not by splitlines(), for which signs that JSON may hold as they are, such as U+2028, end a line too.
    lines = _read(path).split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            if number == len(lines):
                break
            row = None
        if not isinstance(row, dict):
            raise UserError(f"Line {number:,} of {path} is not a JSON object; remove the line or restore the file.")
        rows.append(row)
    return rows


@contextmanager
def fields_of(path: Path) -> Generator[None, None, None]:
    """Turn what goes wrong while a file's fields are taken apart into a sentence that names the file.

    Raises:
        UserError: a field was missing, or held something of another kind.
    """
    try:
        yield
    except KeyError as error:
        raise UserError(
            f"{path} lacks the field {error}; restore it or make it again with the command that made its folder."
        ) from error
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise UserError(
            f"{path} has a field of the wrong kind ({error}); restore it or make it again with the command that made its folder."
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} is missing; restore it or finish the command that makes its folder.") from None
    except UnicodeDecodeError:
        raise UserError(
            f"{path} is not UTF-8 text; restore it or make it again with the command that made its folder."
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); make it readable.") from error
