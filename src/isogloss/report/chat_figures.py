"""The dots of a chat experiment: how often replies are right, language by language and arm by arm."""

from collections.abc import Mapping, Sequence

from isogloss.report.axis import Axis
from isogloss.report.chat_content import ChatArm, ChatContent, Figures
from isogloss.report.content import Arm, ReportedLanguage
from isogloss.report.figures import DotPanel, Value, language_panel
from isogloss.report.judged import percent

PERCENT = Axis(0.0, 100.0, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0))
# Those of the curves over shares come last.
_LETTERS = "bcdaef"
TITLES: Mapping[str, str] = {
    "exact": "exactly right, %",
    "fidelity": "in the language asked for, %",
    "attributes": "right attributes, %",
}


def lettered(arms: Sequence[ChatArm]) -> list[tuple[str, ChatArm]]:
    """Every arm with the letter of its mark: the first has one of its own, which no figure gives to another."""
    return [(_LETTERS[place % len(_LETTERS)], arm) for place, arm in enumerate(arms)]


def dot_figure(
    content: ChatContent,
    arms: Sequence[tuple[str, ChatArm]],
    scores: Mapping[str, Mapping[str, Figures]],
    measures: Sequence[str],
) -> list[DotPanel]:
    """A panel for each measure that was measured, with the arms in each language.

    Args:
        arms: each with the letter of its mark.
        scores: by arm and language, of descriptions or of answers.
    """
    letters = [(letter, arm.arm) for letter, arm in arms]
    languages = {tag for _, arm in arms for tag in scores.get(arm.name, {})}
    groups = [
        (group, among)
        for group, every in content.groups()
        if (among := [language for language in every if language.tag in languages])
    ]
    panels: list[DotPanel] = []
    for name in measures:

        def value(language: ReportedLanguage, arm: Arm, name: str = name) -> Value | None:
            found = scores.get(arm.name, {}).get(language.tag)
            return (found.measures[name], ()) if found and name in found.measures else None

        if any(value(language, arm) for _, among in groups for language in among for _, arm in letters):
            panels.append(language_panel(TITLES[name], groups, letters, PERCENT, value, percent))
    return panels
