"""On which device a neural engine computes."""

import re

from isogloss.errors import UserError


def choose_device(asked: str, gpus: int, library: str) -> str:
    """The device that is meant: a GPU for "auto" where there is one.

    Args:
        asked: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
        gpus: how many the library sees here.

    Raises:
        UserError: there is no such device.
    """
    if asked == "auto":
        return "cuda" if gpus else "cpu"
    named = re.fullmatch(r"cpu|cuda(?::(\d+))?", asked)
    if named is None:
        raise UserError(f"There is no device '{asked}'; choose auto, cpu, cuda or one GPU of several, as cuda:1.")
    if asked != "cpu" and int(named[1] or 0) >= gpus:
        have = "no GPU" if not gpus else "one GPU" if gpus == 1 else f"{gpus} GPUs, counted from 0"
        raise UserError(f"There is no device '{asked}': {library} sees {have} here; choose another, or auto.")
    return asked
