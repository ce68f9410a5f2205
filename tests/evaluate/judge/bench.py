"""A small bench: questions of all categories in two languages, with both answers."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.evaluate.judge.questions import CATEGORIES, Comparison, Question


def comparisons(count: int = 6, languages: Sequence[str] = ("en", "ja")) -> list[Comparison]:
    """So many questions in each language, three about each picture."""
    return [
        Comparison(
            Question(
                f"q{number}", tag, CATEGORIES[number % 3], f"Question {number}?", f"Picture {number // 3}: two dogs."
            ),
            f"our answer {number} in {tag}",
            f"their answer {number} in {tag}",
        )
        for tag in languages
        for number in range(count)
    ]


@dataclass(frozen=True)
class Files:
    """The files of a bench."""

    questions: Path
    ours: Path
    reference: Path


def rows(path: Path, content: Iterable[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content), encoding="utf-8")
    return path


def files(folder: Path, found: Sequence[Comparison]) -> Files:
    """The bench as files."""
    asked = [
        {
            "id": one.question.id,
            "language": one.question.language,
            "category": one.question.category,
            "question": one.question.text,
            "context": one.question.context.split("\n"),
        }
        for one in found
    ]
    ids = [{"id": one.question.id, "language": one.question.language} for one in found]
    return Files(
        rows(folder / "questions.jsonl", asked),
        rows(folder / "ours.jsonl", [{**row, "answer": one.ours} for row, one in zip(ids, found, strict=True)]),
        rows(
            folder / "reference.jsonl", [{**row, "answer": one.reference} for row, one in zip(ids, found, strict=True)]
        ),
    )
