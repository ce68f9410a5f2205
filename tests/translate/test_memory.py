"""What was translated is there, whatever happened while it was written."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from translate.made_up_engine import ENGLISH, SPANISH

from isogloss.errors import UserError
from isogloss.translate.engine import Translation
from isogloss.translate.memory import MEMORY, Memory, memory_of

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=6, unique=True)


# Every part is flushed to the disk, which takes its time.
@settings(max_examples=30)
@given(st.lists(TEXTS, max_size=4))
def test_every_text_once_with_its_first_translation(parts: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, expected = Memory(Path(folder)), dict[str, Translation]()
        for number, texts in enumerate(parts):
            translations = [Translation(f"{number} {text}", 0.25, bool(number % 2)) for text in texts]
            memory.add(texts, translations)
            for text, translation in zip(texts, translations, strict=True):
                expected.setdefault(text, translation)
        found = memory.read()
        assert found.schema == MEMORY
        rows = found.to_pylist()
        assert [row.pop("text") for row in rows] == list(expected)
        assert [Translation(row["translation"], row["score"], row["complete"]) for row in rows] == list(
            expected.values()
        )
        assert memory.read(["text"]).column_names == ["text"]


def test_many_parts_become_one(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory")
    for number in range(70):
        memory.add([f"text {number}", "again"], [Translation(str(number)), Translation(f"again {number}", 0.5, False)])
    (tmp_path / "memory" / ".part-00000099.parquet.0a1b.partial").write_bytes(b"half")
    before = memory.read()
    memory.tidy()
    assert memory.read().equals(before)
    assert [path.name for path in (tmp_path / "memory").iterdir()] == ["part-00000071.parquet"]
    memory.add(["new"], [Translation("nuevo")])
    assert sorted(path.name for path in (tmp_path / "memory").iterdir())[1:] == ["part-00000072.parquet"]
    assert memory.read()["text"].to_pylist() == [*before["text"].to_pylist(), "new"]


def test_what_a_kill_between_the_two_steps_of_tidying_leaves_is_read_once(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add(["a", "b"], [Translation("A"), Translation("B")])
    memory.add(["a", "b", "c"], [Translation("A"), Translation("B"), Translation("C")])
    assert memory.read()["text"].to_pylist() == ["a", "b", "c"]


def test_few_parts_are_left_as_they_are(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.tidy()
    assert memory.read().num_rows == 0
    for number in range(64):
        memory.add([str(number)], [Translation("")])
    memory.tidy()
    assert len(list(tmp_path.iterdir())) == 64


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add(["a"], [Translation("A")])
    part = tmp_path / "part-00000001.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(UserError, match=f"{re.escape(str(part))} cannot be read .*remove it, and its texts"):
        memory.read()


def test_engines_directions_and_editions_are_kept_apart(tmp_path: Path) -> None:
    memories = {
        memory_of(tmp_path, source, target, engine, edition).folder
        for source, target in ((ENGLISH, SPANISH), (SPANISH, ENGLISH))
        for engine, edition in (("a:b/c", ""), ("a:b", "c"), ("a:b", ""), ("a", ""), ("../x", ""), ("..", ""))
    }
    assert len(memories) == 12
    for folder in memories:
        assert folder.resolve().is_relative_to(tmp_path / "translation")
        assert len(folder.relative_to(tmp_path).parts) == 4
        assert folder.parent.parent.name in ("en", "es")
