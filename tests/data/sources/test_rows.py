"""Tables in every kind of file, clean and not."""

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isogloss.data.sources.rows import BadRow, TableFile
from isogloss.errors import UserError

CAPTIONS = ["a dog,\ta cat", "two\r\nlines", 'she said "no"', "naïve", "一只狗", "كلب"]


def rows(path: Path, **options: object) -> list[object]:
    return list(TableFile(str(path), **options).rows())  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
def test_separated(tmp_path: Path, suffix: str, separator: str, ending: str, encoding: str) -> None:
    path = tmp_path / f"t{suffix}"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=ending)
        writer.writerows([("image", "caption"), *((f"{n}.jpg", text) for n, text in enumerate(CAPTIONS))])
    table = TableFile(str(path))
    assert table.names() == ("image", "caption")
    assert list(table.rows()) == [{"image": f"{n}.jpg", "caption": text} for n, text in enumerate(CAPTIONS)]


def test_a_compressed_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress("image,caption\na.jpg,一只狗\n".encode()))
    assert rows(path) == [{"image": "a.jpg", "caption": "一只狗"}]


def test_rows_of_other_lengths_are_told_and_empty_lines_are_none(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("image,caption\na.jpg,one,two\n\nb.jpg\nc.jpg,three\n")
    assert rows(path) == [
        BadRow(2, "3 cells instead of 2"),
        BadRow(4, "1 cells instead of 2"),
        {"image": "c.jpg", "caption": "three"},
    ]


def test_a_table_without_a_header_or_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text('"the sign" says stop\thttps://example.org/a.jpg\n"open\thttps://example.org/b.jpg\n')
    found = rows(path, columns=("caption", "url"), quotes=False)
    assert [row["caption"] for row in found] == ['"the sign" says stop', '"open']  # type: ignore[index]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = [json.dumps({"image": "a.jpg", "captions": ["one", "two"]}), "", "{broken", "[1]", '{"image": "b.jpg"}']
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())
    found = rows(path)
    assert [row for row in found if isinstance(row, dict)] == [
        {"image": "a.jpg", "captions": ["one", "two"]},
        {"image": "b.jpg"},
    ]
    assert [row.number for row in found if isinstance(row, BadRow)] == [3, 4]
    assert TableFile(str(path)).names() == ("image", "captions")


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"image": ["a.jpg", None], "captions": [["one"], None]}), path)
    assert TableFile(str(path)).names() == ("image", "captions")
    assert rows(path) == [{"image": "a.jpg", "captions": ["one"]}, {"image": None, "captions": None}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", None, "t.csv is missing; name the file of a table"),
        ("t.csv", "image,caption\na.jpg,una señal\n".encode("latin-1"), "is not UTF-8 text.*give its --encoding"),
        ("t.parquet", b"PAR1 but no more", "cannot be read as"),
        ("t.csv.gz", b"no gzip", "cannot be read as a table"),
        ("t.xlsx", b"PK", "is no table by its name; it should end in one of .csv"),
        ("t.csv", b'image,caption\na.jpg,"' + b"x" * (2**24 + 10), "cannot be read as a table .*field larger"),
    ],
)
def test_what_is_no_table(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        rows(tmp_path / name)


def test_an_encoding_that_is_given(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("image,caption\na.jpg,una señal\n".encode("latin-1"))
    assert rows(path, encoding="latin-1") == [{"image": "a.jpg", "caption": "una señal"}]
    with pytest.raises(UserError, match="There is no encoding 'latin-99'; name one such as latin-1"):
        rows(path, encoding="latin-99")


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS).filter(any)))
def test_what_python_writes_comes_back(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([("image", "caption"), *pairs])
    assert rows(path) == [{"image": one, "caption": other} for one, other in pairs]


@pytest.mark.parametrize("separator", [";", "|"])
def test_a_table_of_another_separator(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(separator.join(("image", "caption")) + "\n" + separator.join(("a.jpg", "one, two")) + "\n")
    assert TableFile(str(path)).names() == ("image", "caption")
    assert rows(path) == [{"image": "a.jpg", "caption": "one, two"}]
