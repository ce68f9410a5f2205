"""What shares of translated instructions lead to, as geometry: lines over a logarithmic axis with nought set apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from isogloss.report.axis import Axis
from isogloss.report.chat_claims import FIDELITY
from isogloss.report.chat_content import ChatContent, Point, ShareCurve
from isogloss.report.chat_figures import PERCENT, TITLES
from isogloss.report.judged import percent
from isogloss.report.measures import Interval
from isogloss.report.words import listed, number

# Percent of the width: where a share of nought lies, and where the logarithmic part starts after it and ends.
_NOUGHT, _START, _END = 3.0, 16.0, 98.0
_HALF = Axis(0.0, 100.0, (0.0, 50.0, 100.0))


@dataclass(frozen=True)
class ShareSpot:
    """A point of a line in percent of the panel, its band's ends, and all of it in words."""

    x: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class ShareLine:
    """A line with its band, over all shares but nought; bridge: from nought to the first of them."""

    mark: str
    label: str
    path: str
    band: str
    bridge: str
    spots: tuple[ShareSpot, ...]


@dataclass(frozen=True)
class SharePanel:
    """Lines over shares; ticks: (percent of the width, label, whether a narrow panel shows it); bound: a height, in percent.

    language: tag and direction of the title, where the panel is of one language.
    """

    title: str
    note: str
    ticks: tuple[tuple[float, str, bool], ...]
    y: Axis
    lines: tuple[ShareLine, ...]
    bound: float | None
    nought: bool
    description: str
    language: tuple[str, str] | None = None


# What a line shows at a point.
_Shown = Mapping[float, Interval]


def mean_panels(content: ChatContent) -> list[SharePanel]:
    """Exactness and fidelity over shares: means over languages with their intervals, and what was taught alone."""
    panels: list[SharePanel] = []
    for name in ("exact", "fidelity"):
        lines: list[tuple[str, str, _Shown]] = []
        for curve in content.curves:
            others = [tag for tag in content.others if tag != curve.taught]
            if curve.taught is None:
                lines.append(("b", f"all taught: mean of {len(others)}", _mean(curve, others, name)))
                if "en" in content.trained:
                    lines.append(("e", "all taught: English", _single(curve, "en", name)))
            elif curve.taught in content.languages:
                taught = content.languages[curve.taught].name
                lines.append(("a", f"{taught} taught: {taught}", _single(curve, curve.taught, name)))
                lines.append(("f", f"{taught} taught: mean of {len(others)} others", _mean(curve, others, name)))
        panel = _panel(TITLES[name], "", content.curves, lines, PERCENT, FIDELITY if name == "fidelity" else None)
        panels.extend([panel] if panel else [])
    return panels


def language_panels(content: ChatContent, name: str) -> list[SharePanel]:
    """A measure over shares in each language that had no captions, with its intervals."""
    panels: list[SharePanel] = []
    for tag in content.others:
        language = content.languages[tag]
        lines: list[tuple[str, str, _Shown]] = []
        for curve in content.curves:
            if curve.taught is None:
                lines.append(("b", "all taught", _single(curve, tag, name)))
            elif curve.taught in content.languages:
                taught = content.languages[curve.taught].name
                lines.append(("a", f"{taught} alone taught", _single(curve, tag, name)))
        note = language.name if language.name != language.endonym else ""
        panel = _panel(
            language.endonym,
            note,
            content.curves,
            lines,
            _HALF,
            FIDELITY if name == "fidelity" else None,
            (language.tag, language.direction),
        )
        panels.extend([panel] if panel else [])
    return panels


def place_of(share: float, least: float, *, nought: bool) -> float:
    """Where a share lies, in percent of the width.

    Args:
        least: the smallest share above nought.
        nought: whether there is one of nought too, which needs room on the left.
    """
    if share == 0:
        return _NOUGHT
    start = _START if nought else _NOUGHT
    if least >= 1:
        return (start + _END) / 2
    return round(start + (_END - start) * (1 - math.log(share) / math.log(least)), 2)


def _single(curve: ShareCurve, tag: str, name: str) -> _Shown:
    return {point.share: value for point in curve.points if (value := _value(point, tag, name))}


def _mean(curve: ShareCurve, tags: Sequence[str], name: str) -> _Shown:
    """The mean over languages where all were measured, with its interval where that was saved."""
    shown: dict[float, Interval] = {}
    for point in curve.points:
        values = [value.value for tag in tags if (value := _value(point, tag, name))]
        if values and len(values) == len(tags):
            saved = point.means.measures.get(name) if point.means else None
            shown[point.share] = saved or Interval(mean(values))
    return shown


def _value(point: Point, tag: str, name: str) -> Interval | None:
    figures = point.figures.get(tag)
    return figures.measures.get(name) if figures else None


def _panel(
    title: str,
    note: str,
    curves: Sequence[ShareCurve],
    lines: Sequence[tuple[str, str, _Shown]],
    y: Axis,
    bound: float | None,
    language: tuple[str, str] | None = None,
) -> SharePanel | None:
    """A panel of the lines that have points; all panels of an experiment have one axis of shares."""
    drawn = [line for line in lines if line[2]]
    if not drawn:
        return None
    shares = sorted({point.share for curve in curves for point in curve.points})
    least, nought = min([share for share in shares if share] or [1.0]), shares[0] == 0
    places = {share: place_of(share, least, nought=nought) for share in shares}
    ticks = tuple((places[share], f"{number(100 * share)}", _round(share)) for share in shares)
    ends = listed(f"{label} ends at {percent(shown[max(shown)])}" for _, label, shown in drawn)
    return SharePanel(
        title=title,
        note=note,
        ticks=ticks,
        y=y,
        lines=tuple(_line(mark, label, shown, places, y) for mark, label, shown in drawn),
        bound=None if bound is None else round(100 - y.percent(bound), 2),
        nought=nought and len(shares) > 1,
        description=f"{note or title} over the share of translated instructions: {ends}.",
        language=language,
    )


def _round(share: float) -> bool:
    """Whether a share is nought or a power of ten, which is what there is room for in a narrow panel."""
    return share == 0 or math.isclose(math.log10(share), round(math.log10(share)), abs_tol=1e-9)


def _line(mark: str, label: str, shown: _Shown, places: Mapping[float, float], y: Axis) -> ShareLine:
    def height(value: float) -> float:
        return round(100 - y.percent(value), 2)

    spots = [
        ShareSpot(
            places[share],
            height(value.value),
            None if value.low is None else height(value.low),
            None if value.high is None else height(value.high),
            f"{label}, {number(100 * share)} %: {percent(value)}",
        )
        for share, value in sorted(shown.items())
    ]
    after = [spot for spot, share in zip(spots, sorted(shown), strict=True) if share]
    banded = [(spot.x, spot.low, spot.high) for spot in after if spot.low is not None and spot.high is not None]
    around = [(x, high) for x, _, high in banded] + [(x, low) for x, low, _ in reversed(banded)]
    return ShareLine(
        mark=mark,
        label=label,
        path=_path([(spot.x, spot.y) for spot in after]),
        band=f"{_path(around)}Z" if len(banded) > 1 else "",
        bridge=_path([(spot.x, spot.y) for spot in spots[:2]]) if after and len(spots) > len(after) else "",
        spots=tuple(spots),
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if points else ""
