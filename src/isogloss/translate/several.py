"""Captions and conversations into several languages, one job after the other, by one engine."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import ALL, Dataset
from isogloss.errors import UserError, unknown
from isogloss.languages import language
from isogloss.translate.engine import Engine
from isogloss.translate.engines import NEURAL, EngineChoice, open_engine
from isogloss.translate.estimate import Estimate, estimate
from isogloss.translate.job import Job, Result, What, translate
from isogloss.translate.outcome import Judge
from isogloss.translate.patience import Patience
from isogloss.translate.pending import Pending
from isogloss.translate.runner import RUNNERS, Runner

WHAT: tuple[What, ...] = ("captions", "conversations")


@dataclass(frozen=True)
class Jobs:
    """A job for each language and kind of text, and the engine that they share.

    run: where they are translated; open_engine: how the engine is opened there, None where it is the one that is open.
    """

    jobs: tuple[Job, ...]
    engine: Engine
    run: Runner
    open_engine: Callable[[], Engine] | None

    def estimates(self) -> Iterator[tuple[Job, Pending, Estimate]]:
        """What each job will take; nothing is written."""
        for job in self.jobs:
            todo = job.pending()
            yield job, todo, estimate(todo, self.engine, job.source, job.target)

    def results(self, judge: Judge | None) -> Iterator[tuple[Job, Result]]:
        """Do the jobs; as each ends, its captions are written.

        Raises:
            UserError: as for `translate`.
        """
        for job in self.jobs:
            yield job, translate(job, self.engine, judge=judge, run=self.run, open_engine=self.open_engine)


def prepare(
    directory: Path,
    source: str,
    targets: Sequence[str],
    choice: EngineChoice,
    *,
    split: str = ALL,
    limit: int = 0,
    on: str = "local",
    what: str = "",
) -> Jobs:
    """The jobs, of which everything is checked that can be without translating.

    on: where they are translated, one of RUNNERS; what: "captions" or "conversations", or nothing for whichever of them
    the language that is translated from has.

    Raises:
        UserError: an unknown language or split, an engine that is absent or has not got one of the languages, or no dataset.
    """
    if on not in RUNNERS:
        raise unknown("place to translate", on, RUNNERS)
    one, others = language(source), tuple(dict.fromkeys(map(language, targets)))
    if one in others:
        raise UserError(f"--to names {one.tag}, which the captions are translated from; leave it out.")
    dataset = Dataset.open(directory)
    kinds = _kinds(dataset, one.tag, what)
    if split != ALL and split not in dataset.splits:
        raise unknown("split", split, [ALL, *dataset.splits])
    run = RUNNERS[on](choice)
    engine = open_engine(choice)
    edition = _edition(choice)
    jobs = tuple(
        Job(dataset, one, target, engine.name, edition, split, limit, kind) for target in others for kind in kinds
    )
    for target in others:
        Patience().ask(partial(engine.check, one, target))
    return Jobs(jobs, engine, run, None if on == "local" else partial(open_engine, choice))


def _kinds(dataset: Dataset, tag: str, what: str) -> tuple[What, ...]:
    """What is translated from a language: what was asked for, or whatever there is."""
    if what not in ("", *WHAT):
        raise unknown("kind of text to translate", what, WHAT)
    has: dict[What, bool] = {
        "captions": tag in dataset.languages,
        "conversations": tag in conversation_languages(dataset.root),
    }
    kinds: tuple[What, ...] = tuple(kind for kind in WHAT if what == kind or (not what and has[kind]))
    if not kinds or kinds[0] == "captions":
        dataset.counts(tag)  # which says what is wrong
    if what == "conversations" and not has["conversations"]:
        raise unknown("table of conversations for the language", tag, conversation_languages(dataset.root))
    return kinds


def _edition(choice: EngineChoice) -> str:
    """What an engine's translations depend on besides its name; the precision of its weights is not thought to matter."""
    if choice.name == "table":
        return hashlib.sha256(Path(choice.model).read_bytes()).hexdigest()[:16]
    return f"beams={choice.beams}" if choice.name in NEURAL and choice.beams > 1 else ""
