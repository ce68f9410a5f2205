"""A file of existing translations, as people have them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isogloss.errors import UserError
from isogloss.languages import language
from isogloss.translate.engine import Engine
from isogloss.translate.engines import choose_engine, open_engine

ENGLISH, SPANISH, HINDI = (language(tag) for tag in ("en", "es", "hi"))
ROWS = [
    {"key": "1", "en": "a dog", "es": "un perro", "hi": "एक कुत्ता"},
    {"key": "2", "en": "a cat, asleep", "es": "un gato, dormido", "hi": ""},
    {"key": "3", "en": 'a "red"\nhouse', "es": "una casa\troja", "hi": "लाल घर"},
    {"key": "4", "en": "a dog", "es": "otro perro", "hi": "दूसरा कुत्ता"},
]


def cell(text: str, separator: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & {separator, '"', "\n"} else text


def separated(separator: str, rows: list[dict[str, str]], end: str = "\n") -> str:
    return "".join(
        separator.join(cell(text, separator) for text in line) + end for line in [rows[0], *map(dict.values, rows)]
    )


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    """In the format that the name's ending says."""
    match path.suffix:
        case ".csv":  # as spreadsheets save it
            path.write_bytes(separated(",", rows, "\r\n").encode("utf-8-sig"))
        case ".tsv":
            path.write_text(separated("\t", rows), encoding="utf-8")
        case ".jsonl":
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n\n" for row in rows), encoding="utf-8")
        case _:
            pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def table(path: Path) -> Engine:
    return open_engine(choose_engine(f"table:{path}"))


def texts(engine: Engine, captions: list[str], source: Any, target: Any) -> list[str]:
    engine.check(source, target)
    return [one.text for one in engine.translate(captions, source, target)]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_a_column_a_language_in_every_format(ending: str, tmp_path: Path) -> None:
    engine = table(write(tmp_path / f"captions{ending}", ROWS))
    assert engine.name == f"table:captions{ending}"
    asked = ["a cat, asleep", "unheard of", 'a "red" house', "a dog"]
    assert texts(engine, asked, ENGLISH, SPANISH) == ["un gato, dormido", "", "una casa\troja", "un perro"]
    assert texts(engine, asked, ENGLISH, HINDI) == ["", "", "लाल घर", "एक कुत्ता"]
    assert texts(engine, ["otro perro", "लाल घर"], SPANISH, ENGLISH) == ["a dog", ""]


def test_columns_are_known_by_any_tag_of_the_language(tmp_path: Path) -> None:
    rows = [{"eng_Latn": "a dog", "zh-TW": "一隻狗", "iw": "כלב", "notes": "fine"}]
    engine = table(write(tmp_path / "captions.csv", rows))
    assert texts(engine, ["a dog"], ENGLISH, language("zh-Hant")) == ["一隻狗"]
    assert texts(engine, ["a dog"], ENGLISH, language("he")) == ["כלב"]


def test_source_and_target(tmp_path: Path) -> None:
    engine = table(write(tmp_path / "one.tsv", [{"source": "a dog", "target": "un perro"}]))
    assert texts(engine, ["a dog"], ENGLISH, SPANISH) == ["un perro"]
    rows = [
        {"source": "a dog", "language": tag, "target": text} for tag, text in (("es-MX", "un perro"), ("hi", "कुत्ता"))
    ]
    several = table(write(tmp_path / "several.jsonl", rows))
    assert texts(several, ["a dog", "a cat"], ENGLISH, SPANISH) == ["un perro", ""]
    assert texts(several, ["a dog"], ENGLISH, HINDI) == ["कुत्ता"]
    with pytest.raises(UserError, match=r"several.jsonl has no row whose language is ja \(Japanese\); add some"):
        several.check(ENGLISH, language("ja"))


def test_spaces_and_forms_of_unicode_do_not_matter(tmp_path: Path) -> None:
    engine = table(write(tmp_path / "captions.csv", [{"en": " a  cafe\u0301 ", "es": "un café"}]))
    assert texts(engine, ["a caf\u00e9", "A café"], ENGLISH, SPANISH) == ["un café", ""]


def test_short_rows_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "captions.csv"
    path.write_text("en,es\n\na dog\na cat,un gato,more\n,\n", encoding="utf-8")
    assert texts(table(path), ["a dog", "a cat"], ENGLISH, SPANISH) == ["", "un gato"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("captions.csv", None, "There is no file .*captions.csv"),
        ("captions.xlsx", b"PK", "captions.xlsx is no table that can be read; give a file that ends in .csv"),
        ("captions.csv", b"", "captions.csv is empty; its first line should name the columns"),
        ("captions.csv", "en,es\na,\u00f1".encode("latin-1"), "captions.csv is not UTF-8 text; save it as UTF-8"),
        ("captions.jsonl", b'{"en": "a"}\n[1]\n', "Line 2 of .*captions.jsonl is not a JSON object"),
        ("captions.parquet", b"PAR1", "captions.parquet cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: bytes | None, sentence: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        table(tmp_path / name)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="wants the file of translations, as in --engine table:translations.csv"):
        open_engine(choose_engine("table"))
    engine = table(write(tmp_path / "captions.csv", ROWS))
    with pytest.raises(
        UserError, match=r"has no column 'ja' \(Japanese\); its columns are key, en, es, hi: name them by"
    ):
        engine.check(ENGLISH, language("ja"))
