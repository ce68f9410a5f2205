"""The loss curves as geometry: SVG paths over a square of 100 by 100, stretched to any width."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isogloss.report.axis import Axis, linear
from isogloss.report.content import Arm, Run
from isogloss.report.curves import curve
from isogloss.report.marks import marked
from isogloss.report.words import listed, number


@dataclass(frozen=True)
class Line:
    """A curve as SVG path data over a square of 100 by 100, with one fainter path for each seed."""

    mark: str
    label: str
    path: str
    seeds: tuple[str, ...]
    end: tuple[float, float]
    last: str


@dataclass(frozen=True)
class CurvePanel:
    """Curves over steps."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    description: str


def loss_figure(arms: Sequence[Arm], runs: Sequence[Run], split: str) -> list[CurvePanel]:
    """A split's losses: as they are, above their floor where an arm has one, and on English where recorded.

    split: "train" or "validation".
    """
    title = "Training loss" if split == "train" else "Validation loss"
    floors = [floor for run in runs for _, floor in run.metrics.points(split, "floor")]
    panels = [
        _panel(title, arms, runs, split, "loss"),
        _panel(f"{title} above its floor", arms, runs, split, "loss_above_floor", low=0.0) if any(floors) else None,
        _panel(f"{title} on English alone", arms, runs, split, "english_loss"),
    ]
    return [panel for panel in panels if panel]


def _panel(
    title: str, arms: Sequence[Arm], runs: Sequence[Run], split: str, field: str, low: float | None = None
) -> CurvePanel | None:
    """One field's curves, or None where no run recorded it; low: where the axis of the values starts."""
    found = [
        (mark, arm, line)
        for mark, arm in marked(arms)
        if (line := curve([run.metrics for run in runs if run.arm == arm.name], split, field))
    ]
    if not found:
        return None
    values = [value for *_, line in found for points in (line.points, *line.seeds) for _, value in points]
    steps = max(1.0, *(line.steps for *_, line in found))
    y = linear(values, low=None if low is None else min(low, *values))
    # The steps end where training ended, not at the next round number.
    x = Axis(0.0, steps, tuple(tick for tick in linear([steps], low=0.0, wanted=4).ticks if tick <= steps))
    lines = tuple(
        Line(
            mark=mark,
            label=arm.label,
            path=_path(line.points, x, y),
            seeds=tuple(_path(points, x, y) for points in line.seeds),
            end=(x.percent(line.points[-1][0]), 100 - y.percent(line.points[-1][1])),
            last=f"{line.points[-1][1]:.2f}",
        )
        for mark, arm, line in found
    )
    ends = listed(f"{line.label} ends at {line.last}" for line in lines)
    return CurvePanel(title, x, y, lines, f"{title} over {number(steps)} steps: {ends}.")


def _path(points: Iterable[tuple[float, float]], x: Axis, y: Axis) -> str:
    return "M" + "L".join(f"{x.percent(step):g} {100 - y.percent(value):.4g}" for step, value in points)
