"""The command `isogloss translate`."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.table import Column, Table

from isogloss.errors import UserError

if TYPE_CHECKING:
    from isogloss.translate.job import Job
    from isogloss.translate.outcome import Judge
    from isogloss.translate.several import Jobs


def translate(
    directory: tyro.conf.Positional[Path],
    from_: Annotated[str, tyro.conf.arg(name="from")] = "en",
    to: tuple[str, ...] = (),
    engine: str = "",
    device: str = "auto",
    precision: str = "auto",
    beams: int = 1,
    threads: int = 0,
    split: str = "all",
    limit: int = 0,
    checks: bool = True,
    skip: tuple[str, ...] = (),
    encoder: str = "",
    dry_run: bool = False,
    on: str = "local",
    what: str = "",
) -> None:
    """Translate a dataset's captions and conversations into other languages.

    A job that is stopped, in whatever way, goes on with the same command.

    Args:
        directory: the dataset folder.
        from_: the language that is translated from.
        to: the languages that are translated into, as in es,ja,hi.
        engine: what translates, and with which model: ctranslate2:MODEL, transformers:MODEL, google:PROJECT, apertium or
            table:FILE.
        device: of a neural engine: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
        precision: of a neural engine's weights: "auto", "float32", "float16", "bfloat16" or "int8".
        beams: of a neural engine's search; 1 is greedy.
        threads: of the processor; 0 for all its cores.
        split: whose pictures' captions are translated; "all" for every one.
        limit: translate so many different captions at most; 0 for all.
        checks: throw away translations that fail in one of the known ways.
        skip: checks to leave out, as in "leak,wrong language"; rejected/<language>.parquet names the check that failed.
        encoder: a sentence encoder, by which translations of another meaning are thrown away too.
        dry_run: only tell how much there is to do, what it costs and how long it takes.
        on: where it runs: "local", or "ray" for every machine of a Ray cluster: the one that RAY_ADDRESS names or that runs
            on this machine, or else this machine alone.
        what: "captions" or "conversations"; without it whichever of them the dataset has.
    """
    from isogloss.translate.engines import ENGINES, choose_engine
    from isogloss.translate.several import prepare

    tags = [tag for word in to for tag in word.split(",") if tag]
    if not tags:
        raise UserError("Name the languages to translate into with --to, as in --to es,ja,hi.")
    if not engine:
        raise UserError(
            f"Name what translates with --engine: {', '.join(ENGINES)}; docs/guides/translate.md says which suits."
        )
    choice = choose_engine(engine, device=device, precision=precision, beams=beams, threads=threads)
    jobs = prepare(directory, from_, tags, choice, split=split, limit=limit, on=on, what=what)
    if dry_run:
        _print_estimates(jobs)
    else:
        _print_results(jobs, _judge(skip, encoder) if checks else None)


def _print_estimates(jobs: "Jobs") -> None:
    from isogloss.translate.progress import duration

    table = _table("language", "captions", "different", "to do", "characters", "cost", "time")
    bases: list[str] = []
    for job, todo, found in jobs.estimates():
        counts = (f"{count:,}" for count in (todo.captions, todo.distinct, len(todo.texts), todo.characters))
        table.add_row(_named(job), *counts, f"${found.dollars:,.2f}", duration(found.seconds))
        bases.append(f"{_named(job)} {found.basis}")
    _print(table)
    print(f"Time: {'; '.join(bases)}.")


def _named(job: "Job") -> str:
    """The language, and what is translated where it is not captions."""
    return job.target.tag if job.what == "captions" else f"{job.target.tag} {job.what}"


def _judge(skip: tuple[str, ...], encoder: str) -> "Judge":
    from isogloss.translate.progress import progress

    # Language identification takes a second to import.
    try:
        from isogloss.translate.quality import Checks, judge
    except ImportError as error:
        raise UserError(
            f"The checks of translations need the package {error.name}; install it with "
            '`pip install "isogloss[translate]"`, or leave them out with --no-checks.'
        ) from error

    reasons = tuple(reason.strip() for word in skip for reason in word.split(",") if reason.strip())
    return partial(judge, checks=Checks(skip=reasons, encoder=encoder), shown=progress)


def _print_results(jobs: "Jobs", judge: "Judge | None") -> None:
    if jobs.engine.price:
        characters = sum(job.pending().characters for job in jobs.jobs)
        dollars = characters * jobs.engine.price / 1_000_000
        print(f"{characters:,} characters are translated, for about ${dollars:,.2f}.", file=sys.stderr)
    table = _table("language", "captions", "rejected", "not translated", "why rejected")
    beside: list[str] = []
    try:
        for job, result in jobs.results(judge):
            why = ", ".join(f"{reason} {count:,}" for reason, count in result.rejected.items())
            counts = (result.captions, sum(result.rejected.values()), result.waiting)
            table.add_row(_named(job), *(f"{count:,}" for count in counts), why)
            beside += [
                f"{count:,} translations of {engine} stay beside them; `isogloss data remove {job.dataset.root} --language "
                f"{job.target.tag} --source {engine} --what {job.what}` takes them out."
                for engine, count in result.beside.items()
            ]
    finally:  # what is done is told, also where a later language fails
        if table.row_count:
            _print(table)
        for sentence in beside:
            print(sentence)


def _table(*names: str) -> Table:
    return Table(*(Column(name, overflow="fold") for name in names))


def _print(table: Table) -> None:
    Console(markup=False, emoji=False, highlight=False).print(table)
