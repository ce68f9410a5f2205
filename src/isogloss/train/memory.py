"""How much memory a process has."""

import os
from collections.abc import Sequence
from pathlib import Path

# Where Linux says how much a container may take, in both of its versions of control groups.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_each(processes: int, limits: Sequence[Path] = _LIMITS) -> int:
    """Bytes of memory for each of some processes that share this machine, or the container that they run in.

    Args:
        processes: in all; those that torchrun or Accelerate started here are counted where they say so.
        limits: files with the bytes that a container may take.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    here = int(os.environ.get("LOCAL_WORLD_SIZE", processes))
    return min([machine, *(limit for limit in map(_limit, limits) if limit is not None)]) // max(1, here)


def _limit(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such file, or "max" for none
        return None
