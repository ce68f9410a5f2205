"""The figures as geometry: what lies where, in percent of a panel's width and pixels of its height.

The template draws them as inline SVG whose horizontal positions are percentages, so that a panel takes any
width while its text keeps its size. The browser shapes the text, in every script and direction, and colours
come from the page's variables.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import combining, east_asian_width

from isogloss.report.axis import Axis, linear, logarithmic
from isogloss.report.content import Arm, Content, ReportedLanguage
from isogloss.report.marks import marked
from isogloss.report.measures import Average, Interval, Measure, cutoffs
from isogloss.report.words import listed, rank_text, share_text

# Pixels: a lane holds one arm's mark, a row its label's two lines, a heading one line with air above.
_LANE, _ROW, _HEADING = 12, 36, 34


# A value with its interval, and what each seed measured.
Value = tuple[Interval, tuple[float, ...]]


@dataclass(frozen=True)
class Spot:
    """One arm's mark in a row: value, interval and seeds as percentages, y in pixels, and it all in words."""

    mark: str
    y: float
    value: float
    low: float | None
    high: float | None
    seeds: tuple[float, ...]
    text: str


@dataclass(frozen=True)
class Row:
    """A row of a dot panel, and its label in its own language; y is its middle."""

    y: float
    label: str
    note: str
    language: str
    direction: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class DotPanel:
    """Rows of dots with whiskers over one axis; headings are (y, text), chance a percentage."""

    title: str
    axis: Axis
    height: float
    rows: tuple[Row, ...]
    headings: tuple[tuple[float, str], ...]
    description: str
    chance: float | None = None


def accuracy_figure(content: Content) -> list[DotPanel]:
    """Accuracy@k of caption→image per language by the compared arms: a panel for each k, on one axis."""

    def measure(language: ReportedLanguage, arm: Arm) -> Measure | None:
        return content.measure(language.tag, arm.name)

    measures = [
        found
        for language in content.languages.values()
        for arm in content.compared
        if (found := measure(language, arm))
    ]
    axis = _accuracy_axis(measures)
    panels: list[DotPanel] = []
    for k in cutoffs(measures):

        def spot(language: ReportedLanguage, arm: Arm, k: int = k) -> Value | None:
            found = measure(language, arm)
            return (found.accuracy[k], found.seeds.get(k, ())) if found and k in found.accuracy else None

        panels.append(_panel(f"accuracy@{k}", content, axis, spot, share_text, _chance(content.pictures, k)))
    return panels


def rank_figure(content: Content) -> DotPanel | None:
    """Quartiles of the ranks of caption→image per language, on a logarithmic axis; None without any."""

    def spot(language: ReportedLanguage, arm: Arm) -> Value | None:
        found = content.measure(language.tag, arm.name)
        if not found or not found.quartiles:
            return None
        first, median, third = found.quartiles
        return Interval(median, first, third), ()

    spots = [spot(language, arm) for language in content.languages.values() for arm in content.compared]
    thirds = [found[0].high or 1.0 for found in spots if found]
    if not thirds:
        return None
    axis = logarithmic(max(float(content.pictures or 0), *thirds, 10.0))
    chance = (content.pictures + 1) / 2 if content.pictures else None
    return _panel("rank of the right picture", content, axis, spot, rank_text, chance)


def average_figure(content: Content) -> list[DotPanel]:
    """The averages over groups of languages, one panel for each k, with every arm, ablations too."""
    measures = [measure for average in content.averages for measure in average.arms.values()]
    axis = _accuracy_axis(measures)
    lanes = max(
        (len([arm for arm in content.arms if arm.name in average.arms]) for average in content.averages),
        default=0,
    )
    pitch = max(_ROW, lanes * _LANE + 14)

    def row(average: Average, k: int, y: float) -> Row:
        values = [
            (mark, arm, average.arms[arm.name].accuracy[k], average.arms[arm.name].seeds.get(k, ()))
            for mark, arm in marked(content.arms)
            if arm.name in average.arms and k in average.arms[arm.name].accuracy
        ]
        spots = _lanes(values, axis, y, lambda arm, value: f"{average.name}, {arm.label}: {share_text(value)}")
        count = len(average.languages)
        return Row(y, average.name, "1 language" if count == 1 else f"{count} languages", "en", "ltr", spots)

    names = listed(average.name for average in content.averages)
    return [
        DotPanel(
            title=f"accuracy@{k}",
            axis=axis,
            height=pitch * len(content.averages),
            rows=tuple(row(average, k, pitch * (place + 0.5)) for place, average in enumerate(content.averages)),
            headings=(),
            description=f"Mean accuracy@{k} over groups of languages: {names}.",
            chance=_at(axis, _chance(content.pictures, k)),
        )
        for k in cutoffs(measures)
    ]


def label_width(languages: Mapping[str, ReportedLanguage]) -> int:
    """Pixels that the widest label may take: an estimate, as only the browser knows."""
    widths = [max(text_width(language.endonym, 13.5), text_width(language.name, 11)) for language in languages.values()]
    return round(min(max([90.0, *widths]) + 14, 190))


def language_panel(
    title: str,
    groups: Sequence[tuple[str, Sequence[ReportedLanguage]]],
    arms: Sequence[tuple[str, Arm]],
    axis: Axis,
    value: Callable[[ReportedLanguage, Arm], Value | None],
    words: Callable[[Interval], str],
    chance: float | None = None,
) -> DotPanel:
    """A panel with a row for each language under the heading of its group, and in it a mark for each arm.

    Args:
        arms: each with the letter of its mark.
        value: of an arm in a language, None where there is none.
        words: of a value.
        chance: where guessing is, on the axis.
    """
    rows: list[Row] = []
    headings: list[tuple[float, str]] = []
    shown = {
        language.tag: [(mark, arm, *spot) for mark, arm in arms if (spot := value(language, arm))]
        for _, languages in groups
        for language in languages
    }
    pitch = max(_ROW, max(map(len, shown.values()), default=0) * _LANE + 10)
    y = 0.0
    for group, languages in groups:
        if group:
            headings.append((y + _HEADING - 12, group))
            y += _HEADING
        for language in languages:
            note = language.name if language.name != language.endonym else ""
            spots = _lanes(shown[language.tag], axis, y + pitch / 2, _says(language, words))
            rows.append(Row(y + pitch / 2, language.endonym, note, language.tag, language.direction, spots))
            y += pitch
    labels = listed(arm.label for _, arm in arms)
    description = f"{title} in {len(rows)} languages, for {labels}; the table of all figures has the numbers."
    return DotPanel(title, axis, y, tuple(rows), tuple(headings), description, _at(axis, chance))


def _panel(
    title: str,
    content: Content,
    axis: Axis,
    value: Callable[[ReportedLanguage, Arm], Value | None],
    words: Callable[[Interval], str],
    chance: float | None,
) -> DotPanel:
    return language_panel(title, content.groups(), marked(content.compared), axis, value, words, chance)


def _says(language: ReportedLanguage, words: Callable[[Interval], str]) -> Callable[[Arm, Interval], str]:
    return lambda arm, value: f"{language.name}, {arm.label}: {words(value)}"


def _lanes(
    values: Sequence[tuple[str, Arm, Interval, tuple[float, ...]]],
    axis: Axis,
    middle: float,
    says: Callable[[Arm, Interval], str],
) -> tuple[Spot, ...]:
    """The marks of a row, each arm in a lane of its own so that no whisker hides another."""
    top = middle - _LANE * (len(values) - 1) / 2
    return tuple(
        Spot(
            mark=mark,
            y=top + _LANE * lane,
            value=axis.percent(value.value),
            low=_at(axis, value.low),
            high=_at(axis, value.high),
            seeds=tuple(axis.percent(seed) for seed in seeds),
            text=says(arm, value),
        )
        for lane, (mark, arm, value, seeds) in enumerate(values)
    )


def _accuracy_axis(measures: Sequence[Measure]) -> Axis:
    found = [value for measure in measures for value in measure.accuracy.values()]
    axis = linear([0.0, *(value.value for value in found), *(value.high or 0.0 for value in found)], low=0.0)
    ticks = tuple(tick for tick in axis.ticks if tick <= 1.0)
    return Axis(0.0, min(axis.high, 1.0), ticks)


def _chance(pictures: int | None, k: int) -> float | None:
    return min(1.0, k / pictures) if pictures else None


def _at(axis: Axis, value: float | None) -> float | None:
    return None if value is None else axis.percent(value)


def text_width(text: str, size: float) -> float:
    """About how wide a text is: Chinese, Japanese and Korean letters are square, others half of that."""
    letters = [letter for letter in text if not combining(letter)]
    return size * sum(1.0 if east_asian_width(letter) in "WF" else 0.58 for letter in letters)
