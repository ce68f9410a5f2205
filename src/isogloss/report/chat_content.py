"""What the report of a chat experiment, or of a chat run, tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isogloss.report.content import Arm, ReportedLanguage, Run, grouped
from isogloss.report.measures import Interval

# Every measure of replies that has an interval, as results.json names it, and what it is multiplied by to be shown.
MEASURES: Mapping[str, float] = {
    "exact": 100,
    "relative_exact": 100,
    "attributes": 100,
    "fidelity": 100,
    "unsure": 100,
    "cider": 1,
    "chrf": 1,
}


@dataclass(frozen=True)
class Figures:
    """What one arm's replies in one language are worth.

    measures: those of MEASURES that were measured, shares in percent. replied: how many replies are in each language,
    the most frequent first. captions: how many replies a seed. kinds: of each kind of question, exactly right in percent.
    """

    measures: Mapping[str, Interval]
    captions: int | None = None
    replied: Mapping[str, int] = field(default_factory=dict[str, int])
    kinds: Mapping[str, Interval] = field(default_factory=dict[str, Interval])

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "Figures":
        """From a language's entry in results.json.

        Raises:
            TypeError, ValueError: a field is of another kind.
        """
        captions = saved.get("captions")
        return cls(
            measures={
                name: Interval.of(saved[name]).times(factor)
                for name, factor in MEASURES.items()
                if saved.get(name) is not None
            },
            captions=None if captions is None else int(captions),
            replied={str(tag): int(count) for tag, count in saved.get("replied", {}).items()},
            kinds={str(kind): Interval.of(found["exact"]).times(100) for kind, found in saved.get("kinds", {}).items()},
        )

    @classmethod
    def each(cls, saved: Mapping[str, Any]) -> "dict[str, Figures]":
        """Those of several languages."""
        return {str(tag): cls.of(fields) for tag, fields in saved.items()}


@dataclass(frozen=True)
class Average:
    """What an arm's replies are worth on average over some languages."""

    languages: tuple[str, ...]
    figures: Figures

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "Average":
        """From an entry of "averages" in results.json.

        Raises:
            KeyError, TypeError, ValueError: a field is missing or of another kind.
        """
        return cls(tuple(str(tag) for tag in saved["languages"]), Figures.of(saved))

    @classmethod
    def each(cls, saved: Mapping[str, Any]) -> "dict[str, Average]":
        """Those of several groups of languages."""
        return {str(name): cls.of(fields) for name, fields in saved.items()}


@dataclass(frozen=True)
class ChatArm:
    """One way of making a chat model.

    experiment: "pivot", "little", "native" or "translated". share: of the instructions that is translated, None where
    there is nothing to translate. taught: the languages of its instructions. instructed: whether it had any, in whatever
    language, and is not the aligned model as it is.
    """

    name: str
    label: str
    experiment: str
    share: float | None = None
    taught: tuple[str, ...] = ()
    instructed: bool = True

    @property
    def arm(self) -> Arm:
        """Its name and label, as figures take them."""
        return Arm(self.name, self.label)


@dataclass(frozen=True)
class Point:
    """A share of translated instructions, how many they are, and what it led to in each language.

    means: over the languages that had no captions, and that are not taught alone.
    """

    share: float
    conversations: int | None
    figures: Mapping[str, Figures]
    means: Figures | None = None


@dataclass(frozen=True)
class ShareCurve:
    """What shares of translated instructions lead to, in ascending order; taught: the language that they are in.

    Without one they are in all languages.
    """

    points: tuple[Point, ...]
    taught: str | None = None


@dataclass(frozen=True)
class Reply:
    """What was replied in a language, what would have been right, and whether they are the same.

    right: None where a reply may be right and yet no reference. question: none for the request of a description.
    """

    language: ReportedLanguage
    text: str
    reference: str
    right: bool | None
    question: str = ""


@dataclass(frozen=True)
class Example:
    """A picture, as a data URI where it can be read, and the replies about it."""

    key: str
    uri: str | None
    replies: tuple[Reply, ...]


@dataclass(frozen=True)
class ChatContent:
    """Everything that the report of a chat experiment, or of a chat run, tells.

    main: the arm that the claims are about, or the run. trained: the languages of the captions that pictures were learnt
    with; of a run all that it learnt from, but those of which it had a share.
    languages: by group, and within one by the main arm's exactness. scores, answers: of descriptions and of answers, by
    arm and language. averages: of descriptions, by arm and group of languages. pairs: the main arm's descriptions of
    pictures that combine what was never shown together, by language, and pairs_split where these are. translated_share: of
    the main arm. one_right: whether a picture has one right description. recipes: by the name of the arm, of its first seed.
    stages: what each stage of a run has logged.
    """

    folder: Path
    title: str
    experiment: bool
    main: ChatArm
    arms: tuple[ChatArm, ...]
    trained: tuple[str, ...]
    languages: Mapping[str, ReportedLanguage]
    scores: Mapping[str, Mapping[str, Figures]]
    answers: Mapping[str, Mapping[str, Figures]]
    averages: Mapping[str, Mapping[str, Average]] = field(default_factory=dict[str, Mapping[str, Average]])
    pairs: Mapping[str, Figures] = field(default_factory=dict[str, Figures])
    pairs_averages: Mapping[str, Average] = field(default_factory=dict[str, Average])
    pairs_split: str = ""
    translated_share: float | None = None
    one_right: bool = True
    curves: tuple[ShareCurve, ...] = ()
    examples: tuple[Example, ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict[str, Any])
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    stages: tuple[Run, ...] = ()
    split: str = "test"
    seeds: int = 1
    command: str = ""
    created: str = ""
    seconds: float | None = None
    machine: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def beside(self) -> tuple[ChatArm, ...]:
        """The main arm and those that it is compared with, which are no points of a curve."""
        return (self.main, *(arm for arm in self.arms if arm.experiment != "little" and arm.name != self.main.name))

    @property
    def english(self) -> ChatArm | None:
        """The arm with English instructions alone, which otherwise had what the main arm has; None where there is none."""
        if self.translated_share == 0:
            return self.main
        pivots = (arm for arm in self.beside if arm.experiment == "pivot" and arm.instructed)
        return next((arm for arm in pivots if arm.share == 0 and arm.name in self.scores), None)

    def own(self, scores: Mapping[str, Mapping[str, Figures]]) -> dict[str, dict[str, Figures]]:
        """Scores in which arms with native pairs have the languages of these pairs alone, which they are there for."""
        native = {arm.name: set(arm.taught) for arm in self.arms if arm.experiment == "native" and arm.taught}
        return {
            name: {tag: figures for tag, figures in each.items() if tag in native.get(name, each)}
            for name, each in scores.items()
        }

    @property
    def question_kinds(self) -> tuple[str, ...]:
        """The kinds of questions of which the main arm's answers were counted by themselves."""
        answers = self.answers.get(self.main.name, {})
        return tuple(sorted({kind for figures in answers.values() for kind in figures.kinds}))

    @property
    def others(self) -> tuple[str, ...]:
        """The languages that had no captions."""
        return tuple(tag for tag in self.languages if tag not in self.trained)

    def measure(self, tag: str, arm: str, name: str) -> Interval | None:
        """A measure of an arm's descriptions in a language."""
        found = self.scores.get(arm, {}).get(tag)
        return found.measures.get(name) if found else None

    def groups(self) -> list[tuple[str, list[ReportedLanguage]]]:
        """The languages by group, from what was trained on outwards."""
        return grouped(self.languages.values())
