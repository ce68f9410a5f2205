"""Whether a process goes on."""

from pathlib import Path


def alive(process: int) -> bool:
    """One that has ended waits, perhaps, for its parent to ask."""
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
