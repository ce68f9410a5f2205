"""What the benches of chat models measure by, and how their results are kept."""

import os
import platform
import shlex
import statistics
import sys
import time
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from train_step import processor_name

# By the clock and by the processor.
MEASURES = ("seconds", "processor_seconds")


def parser(description: str | None, out: str, rounds: int) -> ArgumentParser:
    """The options that all benches have."""
    found = ArgumentParser(
        description=(description or "").split("\n\n")[0], formatter_class=ArgumentDefaultsHelpFormatter
    )
    found.add_argument("--out", type=Path, default=Path(out), help="the results")
    found.add_argument("--threads", type=int, default=1, help="processor cores")
    found.add_argument("--rounds", type=int, default=rounds, help="of all sides")
    return found


class Watch:
    """What has been spent since it was started, by measure."""

    def __init__(self) -> None:
        self._since = (time.perf_counter(), time.process_time())

    def spent(self) -> dict[str, float]:
        now = (time.perf_counter(), time.process_time())
        return {name: after - before for name, before, after in zip(MEASURES, self._since, now, strict=True)}


def over_rounds(ratios: Sequence[float]) -> dict[str, float]:
    """The median over rounds, and the least and the greatest."""
    return {"median": statistics.median(ratios), "least": min(ratios), "greatest": max(ratios)}


class Session:
    """One call of a bench, on processors alone: when it began, and what the machine was doing then."""

    def __init__(self, threads: int) -> None:
        self._threads, self._started, self._load = threads, time.perf_counter(), os.getloadavg()
        os.environ |= {"OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
        os.environ |= {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}  # both halves see the same machine

    def save(self, out: Path, packages: Sequence[str], precision: str, results: Mapping[str, Any]) -> None:
        """Write results with what they were measured by and on."""
        from isogloss.saving import write_json

        write_json(
            out,
            {
                "command": shlex.join(["python", *sys.argv]),
                "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "duration_seconds": time.perf_counter() - self._started,
                **results,
                "machine": {
                    "system": platform.platform(),
                    "python": platform.python_version(),
                    "processor": processor_name(),
                    "cores": os.cpu_count(),
                    "threads": self._threads,
                    "precision": precision,
                    "load": {"before": self._load, "after": os.getloadavg()},
                },
                "versions": {name: version(name) for name in packages},
            },
        )
