"""The file that keeps every verdict as it comes, so that no kill costs more than the questions that were on their way."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from isogloss.evaluate.judge.verdict import Verdict
from isogloss.saved import fields_of, read_rows
from isogloss.saving import write_text, writing


def read_verdicts(path: Path) -> dict[str, Verdict]:
    """The last verdict on each request, by its hash; none where the file is not there yet.

    Raises:
        UserError: a line is damaged, unless it is the last one, which a kill may have cut short.
    """
    if not path.exists():
        return {}
    with fields_of(path):
        return {str(row["request"]): Verdict(**row) for row in read_rows(path)}


def mend(path: Path) -> None:
    """Take away a last line that was cut short, to which the next one would else be added."""
    if path.exists():
        whole, end, rest = path.read_bytes().rpartition(b"\n")
        if rest:
            write_text(path, (whole + end).decode())


def add(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Add verdicts to the file, in ASCII, of which no letter can be cut in two.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    with writing(path), path.open("a", encoding="ascii") as file:
        file.write("".join(json.dumps(asdict(verdict)) + "\n" for verdict in verdicts))
