"""The questions of a LLaVA-bench (arXiv 2304.08485, section 5.1) and the two answers to each that are compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.data.sources.rows import BadRow, TableFile
from isogloss.errors import UserError, unknown
from isogloss.languages import language

# The three kinds of question; what the paper's figures call "complex" is the last.
CATEGORIES = ("conversation", "detail", "reasoning")


@dataclass(frozen=True)
class Question:
    """A question about a picture.

    Attributes:
        id: the same in all languages.
        language: its tag, in which the answers should be too.
        category: one of `CATEGORIES`.
        text: what is asked.
        context: the picture in words, as captions or boxes, for a judge that does not see it; may be empty.
        image: the picture's file, which tells which questions are about one picture; None where it is not known.
    """

    id: str
    language: str
    category: str
    text: str
    context: str = ""
    image: Path | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return f"'{self.id}' ({self.language})"


@dataclass(frozen=True)
class Comparison:
    """A question, our answer to it, and the reference's."""

    question: Question
    ours: str
    reference: str


def read_comparisons(questions: Path, ours: Path, reference: Path) -> list[Comparison]:
    """The questions of a file, each with its answer of two others.

    Rows of questions have the fields id, language, category, question, context (a text or a list of texts) and image (a
    path from the file's folder); one of the last two may miss. Rows of answers have id, answer and language, which may
    miss where all questions are in one. Files are JSON lines, or another table that `TableFile` reads.

    Raises:
        UserError: a file is missing or damaged, a row is not as it should be, or a question has no answer.
    """
    asked = _questions(questions)
    tags = sorted({question.language for question in asked})
    answers = [_answers(path, tags) for path in (ours, reference)]
    for path, found in zip((ours, reference), answers, strict=True):
        absent = [question for question in asked if (question.id, question.language) not in found]
        if absent:
            raise UserError(
                f"{path} has no answer to {len(absent):,} of {len(asked):,} questions, the first of them {absent[0].name}; "
                "add them, or take these questions out."
            )
    keys = [(question.id, question.language) for question in asked]
    return [Comparison(question, answers[0][key], answers[1][key]) for question, key in zip(asked, keys, strict=True)]


def _questions(path: Path) -> list[Question]:
    found: dict[tuple[str, str], Question] = {}
    for number, row in _rows(path):
        category = _text(row, "category", path, number)
        if category not in CATEGORIES:
            raise unknown(f"category of question (row {number:,} of {path})", category, CATEGORIES)
        image = row.get("image") and _text(row, "image", path, number)
        question = Question(
            _id(row, path, number),
            language(_text(row, "language", path, number)).tag,
            category,
            _text(row, "question", path, number),
            _context(row, path, number),
            path.parent / image if image else None,
        )
        if not question.context and question.image is None:
            raise UserError(
                f"Row {number:,} of {path} has neither a context nor an image, so no judge can know the picture; add one."
            )
        if (question.id, question.language) in found:
            raise UserError(f"{path} asks the question {question.name} twice; give each an id of its own.")
        found[question.id, question.language] = question
    if not found:
        raise UserError(f"{path} has no questions; name the file that has them.")
    return list(found.values())


def _answers(path: Path, tags: list[str]) -> dict[tuple[str, str], str]:
    """The answers of a file by the question's id and language; those to no question are left out by who reads them."""
    found: dict[tuple[str, str], str] = {}
    for number, row in _rows(path):
        if row.get("language") is None and len(tags) == 1:
            tag = tags[0]
        else:
            tag = language(_text(row, "language", path, number)).tag
        key = _id(row, path, number), tag
        answer = row.get("answer")
        if not isinstance(answer, str):  # it may be empty: a model that says nothing is judged for it
            raise UserError(f"Row {number:,} of {path} lacks the text 'answer'; add it.")
        if key in found:
            raise UserError(f"{path} answers the question '{key[0]}' ({tag}) twice; leave one answer.")
        found[key] = answer
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(TableFile(str(path)).rows(), start=1):
        if isinstance(row, BadRow):
            raise UserError(f"Row {row.number:,} of {path} cannot be read ({row.reason}); mend it or take it out.")
        yield number, row


def _text(row: dict[str, Any], name: str, path: Path, number: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"Row {number:,} of {path} lacks the text '{name}'; add it.")
    return value.strip()


def _id(row: dict[str, Any], path: Path, number: int) -> str:
    value = row.get("id")
    return str(value) if isinstance(value, int) else _text(row, "id", path, number)


def _context(row: dict[str, Any], path: Path, number: int) -> str:
    value: Any = row.get("context") or ""
    lines = value if isinstance(value, list) else [value]
    if not all(isinstance(line, str) for line in lines):
        raise UserError(f"Row {number:,} of {path} has a context that is no text and no list of texts; mend it.")
    return "\n".join(lines).strip()
