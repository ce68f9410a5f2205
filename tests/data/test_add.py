"""A language is added by adding a file: clean or not, once or twice, beside what is there or in its place."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from data.small_dataset import CAPTIONS_OF, SPLITS, everything, make

from isogloss.data.add import Added, add_captions
from isogloss.data.dataset import Dataset
from isogloss.data.sources.rows import TableFile
from isogloss.data.validate import validate
from isogloss.errors import UserError

__all__ = ["isogloss"]

# A byte-order mark, CRLF, a quoted line end and tab, NFD, a doubled caption, keys, file names with and without an ending,
# a picture that is not there, no picture, blank captions, a row that is too long.
DIRTY = (
    "\ufeffimage,caption\r\n"
    'a.png,"una\thormiga\r\nroja"\r\n'
    "images/a.png,la pequen\u0303a\r\n"
    "b,una abeja\r\n"
    "b,una abeja\r\n"
    "zebra,una cebra\r\n"
    ",sin imagen\r\n"
    "c, \r\n"
    "c,\r\n"
    "d,un perro,y mas\r\n"
    "d,\U0001f436 perro\r\n"
)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def written(path: Path, content: str) -> TableFile:
    path.write_text(content, encoding="utf-8", newline="")
    return TableFile(str(path))


def captions(dataset: Dataset, language: str) -> list[tuple[str, str, str]]:
    table = Dataset.open(dataset.root).captions(language).to_pylist()
    return [(row["key"], row["text"], row["source"]) for row in table]


def rejected(dataset: Dataset, language: str) -> list[tuple[str, str, str]]:
    table = pq.read_table(dataset.root / "rejected" / "added" / f"{language}.parquet").to_pylist()
    assert {row["language"] for row in table} == {language}
    return [(row["key"], row["text"], row["reason"]) for row in table]


def test_a_dirty_table_is_added_and_what_cannot_be_used_is_listed(dataset: Dataset, tmp_path: Path) -> None:
    added = add_captions(dataset.root, "pt_br", written(tmp_path / "table.csv", DIRTY))
    assert added == Added(
        "pt",
        4,
        0,
        {"empty caption": 2, "unknown picture": 1, "row without a picture": 1, "row that cannot be read": 1},
    )
    assert captions(dataset, "pt") == [
        ("a", "una hormiga roja", "table"),
        ("a", "la pequeña", "table"),
        ("b", "una abeja", "table"),
        ("d", "\U0001f436 perro", "table"),
    ]
    assert rejected(dataset, "pt") == [
        ("zebra", "una cebra", "unknown picture"),
        ("", "sin imagen", "row without a picture"),
        ("c", " ", "empty caption"),
        ("c", "", "empty caption"),
        ("", "row 10: 3 cells instead of 2", "row that cannot be read"),
    ]
    again = Dataset.open(dataset.root)
    assert again.information["languages"]["pt"] == {"captions": 4, "images": 3}
    validate(again)


def test_adding_twice_is_adding_once(dataset: Dataset, tmp_path: Path) -> None:
    file = written(tmp_path / "table.csv", DIRTY)
    first = add_captions(dataset.root, "fr", file)
    before = everything(dataset.root)
    second = add_captions(dataset.root, "fr", file)
    assert (second.added, second.known, second.rejected) == (0, 4, first.rejected)
    assert everything(dataset.root) == before


def test_captions_join_those_that_are_there_or_replace_them(dataset: Dataset, tmp_path: Path) -> None:
    file = written(tmp_path / "more.csv", "key,text\na,una hormiga\nb,otra abeja\nc,un gato\n")
    added = add_captions(dataset.root, "es", file, source="human")
    assert (added.added, added.known) == (2, 1)
    assert captions(dataset, "es") == [
        ("a", "una hormiga", "test"),
        ("b", "una abeja", "test"),
        ("b", "otra abeja", "human"),
        ("c", "un gato", "human"),
    ]
    add_captions(dataset.root, "es", file, source="human", replace=True)
    assert captions(dataset, "es") == [
        ("a", "una hormiga", "human"),
        ("b", "otra abeja", "human"),
        ("c", "un gato", "human"),
    ]


def test_scores_and_originals_stay(dataset: Dataset, tmp_path: Path) -> None:
    from isogloss.data.writing import write_captions

    table = dataset.captions("es").set_column(3, "score", pa.array([0.5, 0.25], pa.float32()))
    write_captions(dataset.root, "es", table.set_column(4, "original", pa.array([1, 0], pa.int32())))
    add_captions(dataset.root, "es", written(tmp_path / "more.csv", "key,text\na,otra\n"))
    assert Dataset.open(dataset.root).captions("es").select(["score", "original"]).to_pydict() == {
        "score": [0.5, None, 0.25],
        "original": [1, None, 0],
    }


def test_what_one_table_left_out_stays_listed_beside_that_of_another(dataset: Dataset, tmp_path: Path) -> None:
    add_captions(dataset.root, "fr", written(tmp_path / "one.csv", "key,text\na,une fourmi\nz,un zèbre\n"))
    add_captions(dataset.root, "fr", written(tmp_path / "two.csv", "key,text\nb,une abeille\ny,un yak\n"))
    assert rejected(dataset, "fr") == [("z", "un zèbre", "unknown picture"), ("y", "un yak", "unknown picture")]
    add_captions(dataset.root, "fr", written(tmp_path / "one.csv", "key,text\na,une fourmi\n"))
    assert rejected(dataset, "fr") == [("y", "un yak", "unknown picture")]


ROWS: list[dict[str, Any]] = [
    {"id": "a", "one": "uno", "all": ["dos", "tres"]},
    {"id": "d", "one": None, "all": ["quatro", "quatro"]},
]


def test_json_lines_and_parquet_with_several_captions_a_row(dataset: Dataset, tmp_path: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    wanted = [("a", "uno", "by hand"), ("a", "dos", "by hand"), ("a", "tres", "by hand"), ("d", "quatro", "by hand")]
    for language, file in (
        ("gl", written(tmp_path / "t.jsonl", lines)),
        ("ca", TableFile(str(tmp_path / "t.parquet"))),
    ):
        add_captions(dataset.root, language, file, key="id", captions=("one", "all"), source="by hand")
        assert captions(dataset, language) == wanted


def test_halves_of_characters(dataset: Dataset, tmp_path: Path) -> None:
    lines = '{"key": "a", "text": "half \\ud83d"}\n{"key": "\\ud83d", "text": "x"}\n{"key": "b", "text": "whole \\ud83d\\udc36"}\n'
    added = add_captions(dataset.root, "de", written(tmp_path / "t.jsonl", lines))
    assert added.rejected == {"caption that is not Unicode": 1, "unknown picture": 1}
    assert captions(dataset, "de") == [("b", "whole \U0001f436", "t")]


@pytest.mark.parametrize(
    ("language", "content", "more", "message"),
    [
        ("klingon", "key,text\na,x\n", {}, "There is no language 'klingon'; did you mean"),
        ("fr", "key,text\na,x\n", {"key": "keys"}, "no column 'keys'; did you mean 'key'"),
        ("fr", "key,text\na,x\n", {"captions": ("txt",)}, "no column 'txt'; did you mean 'text'"),
        ("fr", "key,text\na,x\n", {"captions": ("de=text",)}, "Captions of 'de' cannot be added as 'fr'"),
        ("fr", "name,text\na,x\n", {}, "called as keys usually are, among name, text; name it with --key"),
        ("fr", "key,words\na,x\n", {}, "called as captions usually are, among key, words; name it with --captions"),
        ("fr", "key,text\nz,x\n", {}, "No caption of .* can be added to .*: the first is 'unknown picture'"),
        ("fr", "key,text\n", {}, "No caption of .* can be added"),
        ("fr", "key,text\na,\xff\n", {}, "is not UTF-8 text"),
    ],
)
def test_what_cannot_be_added_is_told_and_leaves_the_folder_as_it_was(
    language: str, content: str, more: dict[str, Any], message: str, dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_bytes(content.encode("latin-1"))
    before = everything(dataset.root)
    with pytest.raises(UserError, match=message):
        add_captions(dataset.root, language, TableFile(str(tmp_path / "t.csv")), **more)
    assert everything(dataset.root) == before


def test_a_language_is_not_emptied(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No caption"):
        add_captions(dataset.root, "es", written(tmp_path / "t.csv", "key,text\nz,x\n"), replace=True)
    assert len(captions(dataset, "es")) == 2


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ["--language", "fr", "--source", "human"],
            ["small: 4 captions of fr added", "Left out: empty caption 2, unknown picture 1,"],
        ),
        (
            ["--language", "fr", "--replace", "--key", "image", "--captions", "caption"],
            ["small: 4 captions of fr added"],
        ),
    ],
)
def test_the_command(
    arguments: Sequence[str],
    lines: Sequence[str],
    dataset: Dataset,
    isogloss: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "table.csv", DIRTY)
    done = isogloss("data", "add", "small", "--table", "table.csv", *arguments)
    assert done.code == 0, done.errors
    for line, start in zip(done.output.splitlines(), lines, strict=False):
        assert line.startswith(start)
    again = isogloss("data", "add", "small", "--table", "table.csv", *arguments[:2])
    assert again.output.startswith("small: 0 captions of fr added, 4 captions known already\n")


@pytest.mark.parametrize(("typed", "missing"), [("--language hi", "table"), ("--table t.csv", "language")])
def test_what_is_not_given_is_asked_for(typed: str, missing: str, dataset: Dataset, isogloss: Program) -> None:
    done = isogloss("data", "add", dataset.root, *typed.split())
    assert (done.code, done.sentence) == (
        2,
        f"isogloss: Nothing says which {missing} is added to {dataset.root}; give --{missing}.",
    )
