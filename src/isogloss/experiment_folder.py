"""An experiment's folder: whether it holds the experiment that is asked for, how long that took so far, and where it runs."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.saved import fields_of, read_object


def same_experiment(record: dict[str, Any], folder: Path, names: Sequence[str]) -> tuple[dict[str, Any], float]:
    """What the folder says of the experiment that it holds already, and its seconds; empty and none for a new one.

    Args:
        record: what experiment.json will say.
        folder: of the experiment.
        names: the fields that are alike in two descriptions of one experiment.

    Raises:
        UserError: it holds another experiment, or experiment.json is damaged.
    """
    path = folder / "experiment.json"
    if not path.exists():
        return {}, 0.0
    before = read_object(path)
    with fields_of(path):
        spent = float(before.get("duration_seconds", 0.0))
        for name in names:
            if before[name] != json.loads(json.dumps(record[name])):
                raise UserError(
                    f"{folder} holds another experiment, with other {name}; name another folder or remove it."
                )
    return before, spent


def machine() -> dict[str, Any]:
    """What experiment.json says of the machine."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}
