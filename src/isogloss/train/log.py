"""What a run says: metrics.jsonl, the trackers, and a progress bar."""

import json
import logging
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from isogloss.saved import read_rows
from isogloss.saving import write_text, writing


class MetricsLog:
    """metrics.jsonl of a run: one JSON object a line, flushed as it is written.

    Args:
        path: of the file.
        step: rows after this step are dropped, because a resumed run writes them again.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        kept = [row for row in read_metrics(path) if row["step"] <= step]
        write_text(path, "".join(json.dumps(row) + "\n" for row in kept))

    def write(self, row: dict[str, Any]) -> None:
        """Add a row.

        Raises:
            UserError: the disk is full.
        """
        with writing(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics file, none where a run has not begun to write it.

    Raises:
        UserError: a line is no JSON object, unless it is the last one, which a kill may have cut short.
    """
    return read_rows(path) if path.exists() else []


def quiet_libraries() -> None:
    """Keep what libraries say of loading and saving off the terminal; errors stay."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("accelerate").setLevel(logging.ERROR)


def progress_bar(shown: bool) -> Progress:
    """A bar with the loss, examples a second and the time that remains, on standard error."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )
