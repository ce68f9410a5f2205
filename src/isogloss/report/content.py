"""What a report tells, whether it was read from an experiment's folder or from a single run's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.evaluate.figures import gallery_file
from isogloss.languages import LANGUAGES, group
from isogloss.report.curves import Metrics
from isogloss.report.measures import Average, Claim, Interval, Measure, Scores
from isogloss.saved import fields_of, read_json, read_object

# From what was trained on outwards: each group shares less with it than the one before.
GROUPS = ("trained", "family seen", "script seen", "family unseen")


@dataclass(frozen=True)
class Arm:
    """One way of training that the experiment compares.

    trained: the languages of its captions, None where it is not known; text_stage: whether its text tower had
    read text alone before.
    """

    name: str
    label: str
    trained: tuple[str, ...] | None = None
    text_stage: bool | None = None


@dataclass(frozen=True)
class ReportedLanguage:
    """A language and its part in the experiment; group is one of GROUPS, or "" where it is not known."""

    tag: str
    name: str
    endonym: str
    direction: str
    script: str = ""
    family: str = ""
    role: str = ""
    group: str = ""


@dataclass(frozen=True)
class Found:
    """A picture that a query found, and how well it fits."""

    key: str
    score: float


@dataclass(frozen=True)
class Answer:
    """A query of the gallery, the picture it is the caption of, its rank, and the first pictures found."""

    language: str
    query: str
    key: str
    rank: float
    found: tuple[Found, ...]


@dataclass(frozen=True)
class Run:
    """What one run left behind: one arm, one seed."""

    arm: str
    seed: int | None
    recipe: Mapping[str, Any]
    metrics: Metrics
    gallery: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Content:
    """Everything that a report tells.

    languages: in the order of the figures; scores: by language, then arm; runs: of the arms, every seed;
    text_runs: of the text-only stage; caveats: sentences on what the figures cannot say; split: whose pictures were searched;
    pictures: how many; duration: seconds.
    """

    folder: Path
    title: str
    arms: tuple[Arm, ...]
    languages: Mapping[str, ReportedLanguage]
    scores: Mapping[str, Mapping[str, Scores]]
    runs: tuple[Run, ...]
    text_runs: tuple[Run, ...] = ()
    averages: tuple[Average, ...] = ()
    claims: tuple[Claim, ...] = ()
    caveats: tuple[str, ...] = ()
    dataset: Dataset | None = None
    split: str = "test"
    pictures: int | None = None
    seeds: tuple[int, ...] = ()
    steps: int | None = None
    command: str = ""
    created: str = ""
    duration: float | None = None
    machine: Mapping[str, Any] | None = None
    versions: Mapping[str, Any] | None = None

    @property
    def compared(self) -> tuple[Arm, ...]:
        """The two arms that the experiment is about; a run has one."""
        return self.arms[:2]

    @property
    def ablations(self) -> tuple[Arm, ...]:
        """All other arms."""
        return self.arms[2:]

    def measure(self, tag: str, arm: str) -> Measure | None:
        """Caption→image in one language by one arm."""
        scores = self.scores.get(tag, {}).get(arm)
        return scores.caption_to_image if scores else None

    def groups(self) -> list[tuple[str, list[ReportedLanguage]]]:
        """The languages by group, from what was trained on outwards."""
        return grouped(self.languages.values())


def read_run(folder: Path, arm: str, seed: int | None, split: str = "test") -> Run:
    """Read a run's recipe, metrics and, where there is one, the gallery of a split.

    Raises:
        UserError: the recipe or the metrics are missing, or one of the three is damaged.
    """
    gallery = folder / "evaluation" / gallery_file(split)
    return Run(
        arm=arm,
        seed=seed,
        recipe=read_object(folder / "recipe.json"),
        metrics=Metrics.read(folder / "metrics.jsonl"),
        gallery=_read_gallery(gallery) if gallery.exists() else (),
    )


def named(tag: str) -> ReportedLanguage:
    """A language by its tag, or the tag alone where the table of languages has not got it."""
    known = LANGUAGES.get(tag)
    if known is None:
        return ReportedLanguage(tag, tag, tag, "auto")
    return ReportedLanguage(tag, known.name, known.endonym, known.direction, known.script, known.family)


def reported_language(tag: str, trained: Sequence[str]) -> ReportedLanguage:
    """A language and how far it is from those that were trained on; the latter is not known of one without a row."""
    try:
        return replace(named(tag), group=group(tag, trained))
    except UserError:
        return named(tag)


def grouped(languages: Iterable[ReportedLanguage]) -> list[tuple[str, list[ReportedLanguage]]]:
    """Languages by group, groups in the order in which they first come."""
    found: dict[str, list[ReportedLanguage]] = {}
    for language in languages:
        found.setdefault(language.group, []).append(language)
    return list(found.items())


def ordered(
    languages: Iterable[ReportedLanguage], values: Mapping[str, Interval | None]
) -> dict[str, ReportedLanguage]:
    """Languages by group, and within one by their values, greatest first; those without a value come last."""

    def place(language: ReportedLanguage) -> tuple[int, float, str]:
        outwards = GROUPS.index(language.group) if language.group in GROUPS else len(GROUPS)
        value = values.get(language.tag)
        return outwards, -value.value if value else 1.0, language.tag

    return {language.tag: language for language in sorted(languages, key=place)}


def _read_gallery(path: Path) -> tuple[Answer, ...]:
    content = read_json(path)
    with fields_of(path):
        return tuple(
            Answer(
                language=str(answer["language"]),
                query=str(answer["query"]),
                key=str(answer["key"]),
                rank=float(answer["rank"]),
                found=tuple(Found(str(found["key"]), float(found["score"])) for found in answer["found"]),
            )
            for answer in content
        )
