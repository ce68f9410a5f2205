"""A dataset with bad pictures or captions: a sentence that names them and says what to do, and nothing is lost."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from faults.working_folder import everything, place, told

__all__ = ["isogloss", "place"]

TABLE = r"data/captions/qaa\.parquet"


def rows(split: str) -> list[dict[str, Any]]:
    return [row for row in pq.read_table("data/images.parquet").to_pylist() if row["split"] == split]


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda file: file.unlink(), "No such file or directory"),
    "no picture": (
        lambda file: file.write_bytes(b"not a picture".ljust(file.stat().st_size, b".")),
        "can be decoded|has other bytes",
    ),
    "cut short": (lambda file: file.write_bytes(file.read_bytes()[:-20]), r"\d+ of \d+ bytes"),
    "empty": (lambda file: file.write_bytes(b""), r"0 of \d+ bytes"),
    "damaged inside": (
        lambda file: file.write_bytes(file.read_bytes()[:50] + bytes(20) + file.read_bytes()[70:]),
        "can be decoded|has other bytes",
    ),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "Is a directory"),
}
READERS = {
    "data check data": "train",
    "train recipe.py --run new --data.images-per-step 100": "train",
    "evaluate run": "test",
    "search run red": "test",
}


@pytest.mark.parametrize("typed", READERS)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_picture(damage: str, typed: str, place: Path, isogloss: Program) -> None:
    file = Path("data", rows(READERS[typed])[3]["file"])
    do, sentence = DAMAGE[damage]
    do(file)
    before = everything(place)
    done = isogloss(*typed.split())
    told(done, rf"{file}\b.*({sentence})")
    assert re.search("restore|replace", done.sentence)
    after = everything(place)
    assert {name: content for name, content in after.items() if not name.startswith("new")} == before
    assert {name for name in after if name.startswith("new")} <= {"new", "new/recipe.json", "new/metrics.jsonl"}


@pytest.mark.parametrize("typed", READERS)
def test_with_the_picture_restored_the_same_command_goes_on(typed: str, place: Path, isogloss: Program) -> None:
    file = Path("data", rows(READERS[typed])[3]["file"])
    file.rename("elsewhere")
    assert isogloss(*typed.split()).code == 2
    Path("elsewhere").rename(file)
    again = isogloss(*typed.split())
    assert again.code == 0, again.errors


def table_of(texts: list[str | None], keys: list[str]) -> pa.Table:
    return pa.Table.from_pydict(
        {"key": keys, "text": texts, "source": ["test"] * len(keys), "score": pa.nulls(len(keys), pa.float32())},
    )


def other_bytes(keys: list[str]) -> pa.Table:
    """Strings that are not UTF-8, as a program writes them that takes Latin-1 for it."""
    cells = pa.array(["un perro"] * (len(keys) - 1) + ["una señal"]).cast(pa.binary()).to_pylist()
    latin = pa.array([cell.decode().encode("latin-1") for cell in cells], pa.binary())
    texts = pa.Array.from_buffers(pa.string(), len(keys), latin.buffers())
    return table_of(["un perro"] * len(keys), keys).set_column(1, "text", texts)


def binary(keys: list[str]) -> pa.Table:
    table = table_of(["una señal"] * len(keys), keys)
    return table.set_column(1, "text", table["text"].cast(pa.binary()))


TABLES: dict[str, tuple[Callable[[list[str]], pa.Table], str]] = {
    "empty": (
        lambda keys: table_of(["x", "", "y"], keys),
        "1 empty caption, the first for picture '{second}'; remove or fill in",
    ),
    "blank": (
        lambda keys: table_of(["x", " \t\u3000", "\n"], keys),
        "2 empty captions, .*'{second}'; remove or fill in",
    ),
    "missing": (lambda keys: table_of(["x", None, "y"], keys), "1 row without 'text', .* row 2; fill in or remove"),
    "a megabyte": (
        lambda keys: table_of(["x", "y" * 2**20, "z"], keys),
        "1 caption of more than 10,000 characters, .*'{second}' with 1,048,576; shorten or remove",
    ),
    "not UTF-8": (other_bytes, "1 cell in 'text' whose bytes are not UTF-8, the first in row 3; write .* as UTF-8"),
    "unknown keys": (
        lambda keys: table_of(["x", "y", "z"], [keys[0], "nobody", "no one"]),
        "2 captions for pictures that images.parquet does not list, the first for 'nobody'; remove the rows or add",
    ),
    "binary": (binary, "should hold string"),
    "no captions": (lambda keys: table_of([], []), "holds no caption.*; (choose another|remove the file or fill it)"),
}
# Each with where it would leave something, were it to go on.
CAPTION_READERS = (
    "data check data",
    "train recipe.py --run new",
    "train text_emoji --run new --data.dataset data --training.steps 1",
    "evaluate run --languages en qaa",
    "search run red --names qaa",
)


@pytest.mark.parametrize("fault", TABLES)
def test_bad_captions(fault: str, place: Path, isogloss: Program) -> None:
    make, sentence = TABLES[fault]
    keys = [row["key"] for row in rows("test")[:3]]
    pq.write_table(make(keys), "data/captions/qaa.parquet")
    before = everything(place)
    for typed in CAPTION_READERS:
        done = isogloss(*typed.split())
        told(done, f"{TABLE}.*{sentence.format(second=keys[1])}")
        after = everything(place)
        assert set(after) - set(before) <= {"new", "new/recipe.json"}, typed
        assert before.items() <= after.items(), typed
        shutil.rmtree("new", ignore_errors=True)


@pytest.mark.parametrize("content", [None, b"", b"key,text\na,b\n", "half"])
def test_a_table_that_is_gone_or_no_table(content: bytes | str | None, place: Path, isogloss: Program) -> None:
    table = Path("data/captions/qaa.parquet")
    whole = table.read_bytes()
    table.unlink()
    if content is not None:
        table.write_bytes(whole[: len(whole) // 2] if isinstance(content, str) else content)
    before = everything(place)
    for typed in CAPTION_READERS:
        told(
            isogloss(*typed.split()), f"{TABLE} (is missing|cannot be read).*; restore it(,| or make the dataset again)"
        )
        shutil.rmtree("new", ignore_errors=True)
    assert everything(place) == before


def test_a_language_without_captions_where_they_are_needed(place: Path, isogloss: Program) -> None:
    """All its captions are of pictures that are for training: so it can be trained, and not measured."""
    keys = [row["key"] for row in rows("train")]
    pq.write_table(table_of([f"word {key}" for key in keys], keys), "data/captions/qaa.parquet")
    before = everything(place)
    for typed in ("evaluate run --languages en qaa", "search run red --names qaa"):
        told(
            isogloss(*typed.split()),
            f"{TABLE} holds no caption.*for the split 'test'; choose another language or split",
        )
        assert everything(place) == before
    told(isogloss("data", "check", "data"), r"dataset.json.*counts .*qaa")
    unnamed = isogloss("evaluate", "run")
    assert unnamed.code == 0
    assert unnamed.output.endswith("Left out, without a caption in this split: qaa\n")
    assert isogloss("train", "recipe.py", "--run", "new").code == 0
