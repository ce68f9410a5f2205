"""What the report of a paint run, or of an experiment on paint models, tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isogloss.report.content import Arm, ReportedLanguage, Run, grouped
from isogloss.report.measures import Interval

# Every measure that has an interval, as results.json names it, and what it is multiplied by to be shown.
MEASURES: Mapping[str, float] = {
    "attributes": 100,
    "relative_attributes": 100,
    "all_right": 100,
    "colours": 100,
    "shapes": 100,
    "relation": 100,
    "sizes": 100,
    "numbers": 100,
    "attributes_of_others": 100,
    "clip_score": 1,
    "clip_score_in_english": 1,
    "prompt_found": 100,
}


@dataclass(frozen=True)
class PaintFigures:
    """What one arm's pictures of prompts in one language, or in several, are worth.

    measures: those of MEASURES that were measured, shares in percent. pictures: how many a seed. languages: of a mean.
    """

    measures: Mapping[str, Interval]
    pictures: int | None = None
    languages: tuple[str, ...] = ()

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "PaintFigures":
        """From a language's entry in results.json, or that of an average.

        Raises:
            TypeError, ValueError: a field is of another kind.
        """
        pictures = saved.get("pictures")
        return cls(
            measures={
                name: Interval.of(saved[name]).times(factor)
                for name, factor in MEASURES.items()
                if saved.get(name) is not None
            },
            pictures=None if pictures is None else int(pictures),
            languages=tuple(str(tag) for tag in saved.get("languages", ())),
        )


@dataclass(frozen=True)
class PaintArm:
    """One way of making pictures of prompts.

    experiment: "pivot", "layers", "little" or "translated". share: of the captions in each of the languages `taught` beside
    English, None where there are none.
    """

    name: str
    label: str
    experiment: str = "pivot"
    share: float | None = None
    taught: tuple[str, ...] = ()

    @property
    def arm(self) -> Arm:
        """Its name and label, as figures take them."""
        return Arm(self.name, self.label)


@dataclass(frozen=True)
class Painted:
    """A picture that was painted, as a data URI where it can be read, and how much of it is right where that was read.

    right: whether everything is. attributes: the share of them, in percent.
    """

    language: ReportedLanguage
    prompt: str
    uri: str | None
    right: bool | None = None
    attributes: float | None = None


@dataclass(frozen=True)
class PaintedScene:
    """A real picture, and what was painted of its captions."""

    key: str
    uri: str | None
    painted: tuple[Painted, ...]


@dataclass(frozen=True)
class PaintContent:
    """Everything that the report tells.

    main: the arm that the claims are about. trained: the languages of the captions that it learnt from. languages: by group,
    and within one by the main arm's attributes. scores: by arm and language. averages: by arm and group of languages.
    chance: in percent. distances: of the main arm, as of `paint_figures.distances`. runs: of the main arm, each seed's, with
    their curves. how: settings of what was measured. recipes: by the name of the arm, of its first seed.
    """

    folder: Path
    title: str
    experiment: bool
    main: PaintArm
    arms: tuple[PaintArm, ...]
    trained: tuple[str, ...]
    languages: Mapping[str, ReportedLanguage]
    scores: Mapping[str, Mapping[str, PaintFigures]]
    averages: Mapping[str, Mapping[str, PaintFigures]]
    chance: float | None = None
    scenes: tuple[PaintedScene, ...] = ()
    distances: Mapping[str, Any] = field(default_factory=dict[str, Any])
    runs: tuple[Run, ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict[str, Any])
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    split: str = "test"
    seeds: int = 1
    command: str = ""
    created: str = ""
    seconds: float | None = None
    machine: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def others(self) -> tuple[str, ...]:
        """The languages that no caption was in."""
        return tuple(tag for tag in self.languages if tag not in self.trained)

    def of(self, *experiments: str) -> tuple[PaintArm, ...]:
        """The arms of some experiments that were measured."""
        return tuple(arm for arm in self.arms if arm.experiment in experiments and arm.name in self.scores)

    def measure(self, tag: str, arm: str, name: str) -> Interval | None:
        """A measure of an arm's pictures in a language."""
        found = self.scores.get(arm, {}).get(tag)
        return found.measures.get(name) if found else None

    def mean(self, group: str, arm: str, name: str) -> Interval | None:
        """A measure of an arm's pictures over a group of languages, such as "unseen"."""
        found = self.averages.get(arm, {}).get(group)
        return found.measures.get(name) if found else None

    def groups(self) -> list[tuple[str, list[ReportedLanguage]]]:
        """The languages by group, from what was trained on outwards."""
        return grouped(self.languages.values())
