"""The command `isogloss judge`."""

import os
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Column, Table

from isogloss.errors import UserError


def judge(
    questions: tyro.conf.Positional[Path],
    ours: Path | None = None,
    reference: Path | None = None,
    judge: str = "",
    model: str = "",
    folder: Path | None = None,
    key: str = "OPENAI_API_KEY",
    pictures: bool = False,
    concurrency: int = 4,
    attempts: int = 3,
    timeout: float = 120.0,
    temperature: float = 0.0,
    retry: bool = False,
) -> None:
    """Score answers beside a reference's by a language model that judges, in both orders.

    What is stopped, in whatever way, goes on with the same command.

    Args:
        questions: JSON lines with id, language, category (conversation, detail or reasoning), question, context and image.
        ours: the answers that are judged: JSON lines with id, answer and language.
        reference: the answers that they are compared with.
        judge: the address of an OpenAI-compatible service, such as https://api.openai.com/v1.
        model: the judge's name there; one with a date stays the same.
        folder: of the verdicts and the result; without it, one beside the answers.
        key: the environment variable that holds the service's key; not needed where the service asks for none.
        pictures: show the judge the pictures too.
        concurrency: questions on their way at a time.
        attempts: how often a question is asked that gets no verdict.
        timeout: seconds for one reply.
        temperature: of the judge; 0, unless it takes no other than its own.
        retry: ask again what got no verdict before.
    """
    if not ours or not reference:
        raise UserError("Name the answers with --ours and those they are compared with with --reference.")
    if not judge or not model:
        raise UserError(
            "Name the judge with --judge and --model, as in --judge https://api.openai.com/v1 --model gpt-4.1-2025-04-14."
        )
    from isogloss.evaluate.judge.client import Endpoint
    from isogloss.evaluate.judge.job import judge_answers
    from isogloss.evaluate.judge.questions import read_comparisons

    secret = os.environ.get(key, "").strip()
    endpoint = Endpoint(judge, model, secret, key, timeout, temperature)
    place = folder or ours.with_name(f"{ours.stem}-judged")
    comparisons = read_comparisons(questions, ours, reference)
    result = judge_answers(
        comparisons,
        endpoint,
        place,
        pictures=pictures,
        attempts=attempts,
        concurrency=concurrency,
        retry=retry,
    )
    _print(result)
    print(place)


def _print(result: dict[str, Any]) -> None:
    categories = _categories(result["languages"].values())
    names = ("language", "questions", "judged", "ours", "reference", "relative", *categories, "flips")
    table = Table(*(Column(name, overflow="fold") for name in names))
    for tag, figures in result["languages"].items():
        if not figures["judged"]:
            table.add_row(tag, str(figures["questions"]), "0")
            continue
        table.add_row(
            *(tag, str(figures["questions"]), str(figures["judged"])),
            *(f"{figures[name][0]:.2f}" for name in ("ours", "reference")),
            _score(figures["relative"]),
            *(_score(figures["categories"].get(name, {}).get("relative", [])) for name in categories),
            f"{figures['flips'][0]:.0%}",
        )
    Console(markup=False, emoji=False, highlight=False).print(table)
    if "average" in result:
        print(f"Over {len(result['average']['languages'])} languages: {_score(result['average']['relative'])}")
    for version in result["answered_by"]:
        named = " ".join(word for word in (version["model"], version["system_fingerprint"]) if word)
        print(f"{version['verdicts']:,} verdicts by {named or 'a judge that does not tell its version'}")
    if result["without_verdict"]:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in result["without_verdict"].items())
        print(f"Without a verdict: {reasons}; --retry asks for them again.")


def _categories(languages: Any) -> list[str]:
    return list(dict.fromkeys(name for figures in languages for name in figures["categories"]))


def _score(figure: list[float]) -> str:
    return "{:.1f} [{:.1f}, {:.1f}]".format(*figure) if figure else ""
