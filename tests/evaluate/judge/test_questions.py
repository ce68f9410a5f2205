"""The files of a bench, and what may be wrong with them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluate.judge.bench import Files, comparisons, files, rows

from isogloss.errors import UserError
from isogloss.evaluate.judge.questions import Comparison, read_comparisons

BENCH = comparisons()


def read(found: Files) -> list[Comparison]:
    return read_comparisons(found.questions, found.ours, found.reference)


def edited(path: Path, row: int, **fields: Any) -> None:
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found[row] = {name: value for name, value in {**found[row], **fields}.items() if value is not ...}
    rows(path, found)


def test_files_are_read_as_they_are_meant(tmp_path: Path) -> None:
    assert read(files(tmp_path, BENCH)) == BENCH


def test_dirty_files_are_read_too(tmp_path: Path) -> None:
    """A byte-order mark, Windows' line ends, blank lines, line separators within a text, numbers as ids, other tags."""
    bench = [replace(BENCH[0], ours="one\u2028two\u0085three", reference="")]
    found = files(tmp_path, bench)
    for path in (found.questions, found.ours, found.reference):
        text = path.read_text(encoding="utf-8").replace('"q0"', "7").replace('"en"', '"EN_us"')
        path.write_bytes(b"\xef\xbb\xbf\r\n" + text.encode().replace(b"\n", b"\r\n\r\n"))
    (one,) = read(found)
    assert one == replace(bench[0], question=replace(bench[0].question, id="7"))


def test_languages_and_contexts_may_miss_and_other_answers_are_left_out(tmp_path: Path) -> None:
    bench = comparisons(2, ["de"])
    found = files(tmp_path, bench)
    edited(found.questions, 0, context=..., image="pictures/a.png")
    edited(found.ours, 0, language=...)
    with found.reference.open("a", encoding="utf-8") as file:
        file.write('{"id": "other", "language": "fr", "answer": "x"}\n')
    first, second = read(found)
    assert (first.question.image, first.question.context) == (tmp_path / "pictures" / "a.png", "")
    assert (first.ours, second) == (bench[0].ours, bench[1])


@pytest.mark.parametrize(
    ("file", "fields", "sentence"),
    [
        (
            "questions",
            {"category": "reasonin"},
            r"no category of question \(row 3 of .*\) 'reasonin'; did you mean 'reason",
        ),
        ("questions", {"language": "english"}, "no language 'english'; did you mean 'en'"),
        ("questions", {"language": ...}, "Row 3 of .*questions.jsonl lacks the text 'language'; add it"),
        ("questions", {"question": "  "}, "Row 3 .* lacks the text 'question'"),
        ("questions", {"id": None}, "Row 3 .* lacks the text 'id'"),
        ("questions", {"context": ...}, "Row 3 .* neither a context nor an image"),
        ("questions", {"context": [1]}, "Row 3 .* a context that is no text and no list of texts"),
        ("questions", {"id": "q0"}, r"questions.jsonl asks the question 'q0' \(en\) twice"),
        ("ours", {"answer": ...}, "Row 3 of .*ours.jsonl lacks the text 'answer'"),
        ("ours", {"answer": ["a"]}, "lacks the text 'answer'"),
        ("ours", {"language": ...}, "Row 3 of .*ours.jsonl lacks the text 'language'"),
        ("ours", {"id": "q1"}, r"ours.jsonl answers the question 'q1' \(en\) twice"),
        (
            "reference",
            {"id": "q9"},
            r"reference.jsonl has no answer to 1 of 12 questions, the first of them 'q2' \(en\)",
        ),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, file: str, fields: dict[str, Any], sentence: str) -> None:
    found = files(tmp_path, BENCH)
    edited(getattr(found, file), 2, **fields)
    with pytest.raises(UserError, match=sentence):
        read(found)


@pytest.mark.parametrize("name", ["questions", "ours", "reference"])
def test_files_that_are_missing_empty_or_damaged(tmp_path: Path, name: str) -> None:
    found = files(tmp_path, BENCH)
    path: Path = getattr(found, name)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(UserError, match=f"Row 12 of {path} cannot be read"):
        read(found)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="has no questions|has no answer to 12 of 12 questions"):
        read(found)
    path.unlink()
    with pytest.raises(UserError, match=f"{path} is missing"):
        read(found)
