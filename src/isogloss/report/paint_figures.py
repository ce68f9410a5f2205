"""The dots of a paint report: how much of what was painted is right, language by language and arm by arm."""

from collections.abc import Mapping, Sequence

from isogloss.report.axis import Axis
from isogloss.report.content import Arm, ReportedLanguage
from isogloss.report.figures import DotPanel, Row, Spot, Value, language_panel, text_width
from isogloss.report.judged import percent
from isogloss.report.paint_content import PaintArm, PaintContent

PERCENT = Axis(0.0, 100.0, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0))
TITLES: Mapping[str, str] = {
    "attributes": "right attributes, %",
    "all_right": "everything right, %",
    "prompt_found": "own prompt the nearest, %",
}
_LETTERS = "bcdaef"
# Pixels of a row of arms, between its two marks, and of the text beside it.
_ROW, _LANE, _ROOM = 46, 12, 176
# The marks of the languages that were trained and of those that were not.
TRAINED, UNSEEN = "b", "d"


def lettered(arms: Sequence[PaintArm]) -> list[tuple[str, PaintArm]]:
    """Every arm with the letter of its mark; the first has always the same."""
    return [(_LETTERS[place % len(_LETTERS)], arm) for place, arm in enumerate(arms)]


def dot_figure(content: PaintContent, arms: Sequence[tuple[str, PaintArm]]) -> list[DotPanel]:
    """A panel for each of TITLES that was measured, with the arms in each language.

    Args:
        arms: each with the letter of its mark.
    """
    letters = [(letter, arm.arm) for letter, arm in arms]
    panels: list[DotPanel] = []
    for name, title in TITLES.items():

        def value(language: ReportedLanguage, arm: Arm, name: str = name) -> Value | None:
            found = content.measure(language.tag, arm.name, name)
            return None if found is None else (found, ())

        if any(value(language, arm) for language in content.languages.values() for _, arm in letters):
            by_chance = content.chance if name == "attributes" else None
            panels.append(language_panel(title, content.groups(), letters, PERCENT, value, percent, by_chance))
    return panels


def arm_figure(content: PaintContent, arms: Sequence[PaintArm]) -> list[DotPanel]:
    """A panel for each measure, with a row for each arm: trained languages, and the mean of those that no caption was in."""
    panels: list[DotPanel] = []
    for name in ("attributes", "all_right"):
        rows: list[Row] = []
        for place, arm in enumerate(arms):
            y = _ROW * (place + 0.5)
            spots: list[Spot] = []
            for mark, group, what in ((TRAINED, "trained", "trained"), (UNSEEN, "unseen", "mean of the others")):
                value = content.mean(group, arm.name, name)
                if value is not None:
                    spots.append(
                        Spot(
                            mark=mark,
                            y=y + (_LANE / 2 if mark == UNSEEN else -_LANE / 2),
                            value=PERCENT.percent(value.value),
                            low=None if value.low is None else PERCENT.percent(value.low),
                            high=None if value.high is None else PERCENT.percent(value.high),
                            seeds=(),
                            text=f"{arm.label}, {what}: {percent(value)}",
                        )
                    )
            label, note = two_lines(arm.label)
            rows.append(Row(y, label, note, "en", "ltr", tuple(spots)))
        if any(row.spots for row in rows):
            description = f"{TITLES[name]}, of {len(rows)} arms; the table of all figures has the numbers."
            by_chance = PERCENT.percent(content.chance) if name == "attributes" and content.chance is not None else None
            panels.append(
                DotPanel(TITLES[name], PERCENT, float(_ROW * len(rows)), tuple(rows), (), description, by_chance)
            )
    return panels


def arm_label_width(arms: Sequence[PaintArm]) -> int:
    """Pixels that the widest label of some arms may take."""
    lines = [two_lines(arm.label) for arm in arms]
    return round(max([90.0, *(max(text_width(one, 13.5), text_width(two, 11)) for one, two in lines)]) + 14)


def two_lines(label: str) -> tuple[str, str]:
    """A label in a line and a smaller one, each within its room; what is beyond is left out, for the table has all of it.

    >>> two_lines("English pairs, tokens of layer 1")
    ('English pairs, tokens', 'of layer 1')
    """
    first, rest = _fitting(label, 13.5)
    second, beyond = _fitting(rest, 11)
    return first, f"{second.rstrip(',')} …" if beyond else second


def _fitting(label: str, size: float) -> tuple[str, str]:
    """As many words as there is room for, at least one, and those after them."""
    words = label.split()
    count = len(words)
    while count > 1 and text_width(" ".join(words[:count]), size) > _ROOM:
        count -= 1
    return " ".join(words[:count]), " ".join(words[count:])
