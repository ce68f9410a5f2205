"""What the demos of chat and paint are asked for on the command line."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from isogloss.errors import UserError


def check_demo(*, seeds: int, jobs: int, pictures: int | None) -> None:
    """Check the numbers that a demo is given.

    Raises:
        UserError: one of them is too small.
    """
    if seeds < 1:
        raise UserError(f"seeds is {seeds}; give at least 1.")
    if jobs < 0:
        raise UserError(f"jobs is {jobs}; give a whole number of at least 1, or 0 for one on each core.")
    if pictures is not None and pictures < 1:
        raise UserError(f"pictures is {pictures}; give a whole number of at least 1.")


def demo_command(
    name: str, folder: Path, *, experiments: Sequence[str], seeds: int, split: str, pictures: int | None
) -> str:
    """The command line that repeats a demo's figures; how many arms it trains at a time changes none of them."""
    words = [name, "--folder", shlex.quote(str(folder)), "--seeds", str(seeds), "--experiments", *experiments]
    if split != "test":
        words += ["--split", split]
    if pictures is not None:
        words += ["--pictures", str(pictures)]
    return " ".join(("isogloss", *words))
