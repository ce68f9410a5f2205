"""Curves from metrics.jsonl: what a run wrote while training, thinned to what a figure can show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.saved import fields_of, read_rows

# More points than this are closer together than a pixel on a phone.
MOST_POINTS = 160


@dataclass(frozen=True)
class Metrics:
    """The rows of one run, by split and in order of step; of a step that was run twice, the later row."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    @classmethod
    def read(cls, path: Path) -> "Metrics":
        """Read a run's metrics.jsonl.

        Raises:
            UserError: the file is missing, damaged, or a row has no step or split.
        """
        latest: dict[str, dict[int, Mapping[str, Any]]] = {}
        with fields_of(path):
            for row in read_rows(path):
                latest.setdefault(str(row["split"]), {})[int(row["step"])] = row
                for name in ("loss", "floor", "loss_above_floor", "english_loss"):
                    float(row.get(name, 0.0))
        return cls({split: [rows[step] for step in sorted(rows)] for split, rows in latest.items()})

    def points(self, split: str, field: str) -> list[tuple[float, float]]:
        """(step, value) of a field, without rows that lack it and without values that are not finite."""
        rows = self.rows.get(split, ())
        found = [(float(row["step"]), float(row[field])) for row in rows if field in row]
        return [point for point in found if math.isfinite(point[1])]


@dataclass(frozen=True)
class Curve:
    """One quantity of one arm: the mean over seeds, and each seed's own line.

    points: (step, value); seeds: the same for each seed, empty where there is one; steps: the last recorded.
    """

    points: tuple[tuple[float, float], ...]
    steps: float
    seeds: tuple[tuple[tuple[float, float], ...], ...] = ()


def curve(runs: Sequence[Metrics], split: str, field: str) -> Curve | None:
    """The curve of an arm over its seeds, or None where no run recorded the field.

    Steps are put into at most MOST_POINTS equal bins; a point is the mean of its bin, and the mean over seeds
    takes only bins that every seed has.
    """
    lines = [line for run in runs if (line := run.points(split, field))]
    if not lines:
        return None
    binned = _binned(lines)
    shared = sorted(set.intersection(*(set(bins) for bins in binned)))
    # Seeds that share no step have no mean; the first stands for them.
    averaged = binned if shared else binned[:1]
    mean = tuple(_mean([bins[number] for bins in averaged]) for number in shared or sorted(binned[0]))
    each = tuple(tuple(bins[number] for number in sorted(bins)) for bins in binned)
    steps = max(line[-1][0] for line in lines)
    return Curve(mean, steps, each if len(each) > 1 else ())


def _binned(lines: Sequence[Sequence[tuple[float, float]]]) -> list[dict[int, tuple[float, float]]]:
    """For every line the mean point of every bin that has one, by number; all lines have the same bins."""
    steps = sorted({step for line in lines for step, _ in line})
    first, width = steps[0], (steps[-1] - steps[0]) / MOST_POINTS
    places = {step: place for place, step in enumerate(steps)}
    binned: list[dict[int, tuple[float, float]]] = []
    for line in lines:
        members: dict[int, list[tuple[float, float]]] = {}
        for step, value in line:
            place = places[step] if len(steps) <= MOST_POINTS else min(int((step - first) / width), MOST_POINTS - 1)
            members.setdefault(place, []).append((step, value))
        binned.append({place: _mean(points) for place, points in members.items()})
    return binned


def _mean(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(step for step, _ in points) / len(points), sum(value for _, value in points) / len(points)
