"""Drawn pictures and their table are there whole or not at all, and say what is wrong with them."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isogloss.errors import UserError
from isogloss.evaluate.drawn import DRAWN, add_drawn, drawn_file, read_drawn, read_pictures, write_drawn

WRITER = """
import sys
from pathlib import Path
import numpy as np
from isogloss.evaluate.drawn import add_drawn
for number in range(1000):
    rows = 1 + number % 7
    pictures = np.full((rows, 8, 8, 3), number % 256, np.uint8)
    keys = [f"key {number % 256}"] * rows
    add_drawn(Path(sys.argv[1]), "en", keys=keys, prompts=keys, seeds=list(range(rows)), pictures=pictures)
    print(number, flush=True)
"""


def pictures(count: int, seed: int = 0, side: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3)).astype(np.uint8)


def add(path: Path, language: str, drawn: np.ndarray) -> pa.Table:
    keys = [f"scene {number}" for number in range(len(drawn))]
    prompts = [f"{key} in {language}" for key in keys]
    return add_drawn(path, language, keys=keys, prompts=prompts, seeds=[7] * len(drawn), pictures=drawn)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = drawn_file(tmp_path, "test")
    assert path == tmp_path / "evaluation" / "drawings-test.parquet"
    english, german = pictures(3), pictures(3, 1)
    add(path, "en", english)
    table = add(path, "de", german)
    assert read_drawn(path).equals(table)
    assert table["file"].to_pylist()[::3] == ["drawings-test/en/0000.png", "drawings-test/de/0000.png"]
    assert table["prompt"][4].as_py() == "scene 1 in de"
    assert np.array_equal(read_pictures(path, table), np.concatenate([english, german]))
    assert np.array_equal(read_pictures(path, table.take([4, 0])), [german[1], english[0]])


def test_other_datasets_and_other_ways_have_files_of_their_own(tmp_path: Path) -> None:
    other = drawn_file(tmp_path, "test", tmp_path / "emoji", "drawings-through-english")
    assert other == tmp_path / "evaluation" / "drawings-through-english-emoji-test.parquet"


def test_a_language_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "drawings-test.parquet"
    english, fewer = pictures(3), pictures(2, 1)
    add(path, "en", english)
    add(path, "de", pictures(4, 2))
    table = add(path, "de", fewer)
    assert table["language"].to_pylist() == ["en"] * 3 + ["de"] * 2
    assert np.array_equal(read_pictures(path, table.slice(3)), fewer)
    left = sorted(file.name for file in (tmp_path / "drawings-test" / "de").iterdir())
    assert left == ["0000.png", "0001.png"], "pictures without a row are removed"


def test_rows_whose_pictures_are_being_replaced_are_gone_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "drawings-test.parquet"
    english = pictures(3)
    add(path, "en", english)
    add(path, "de", pictures(3, 1))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("isogloss.evaluate.drawn.Image.fromarray", stopped)
    with pytest.raises(KeyboardInterrupt):
        add(path, "de", pictures(3, 2))
    table = read_drawn(path)
    assert table["language"].to_pylist() == ["en"] * 3
    assert np.array_equal(read_pictures(path, table), english)


def test_a_kill_leaves_rows_whose_pictures_are_theirs(tmp_path: Path) -> None:
    path = tmp_path / "drawings-test.parquet"
    for wait in (0.0, 0.05, 0.11):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None and writer.stdout.readline() == "0\n"
            time.sleep(wait)
            writer.send_signal(signal.SIGKILL)
        table = read_drawn(path)
        for row in range(len(table)):
            number = int(table["key"][row].as_py().split()[1])
            assert (read_pictures(path, table.slice(row, 1)) == number).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda good: good.drop_columns("seed"), "no single column 'seed'"),
        (lambda good: good.set_column(3, "seed", pa.array(["a", "b", "c"])), "'seed' of .* holds string"),
        (lambda good: good.set_column(2, "prompt", pa.array(["a", None, "b"])), "1 row without 'prompt'"),
        (lambda good: good.set_column(4, "file", pa.array(["a", "b", "a"])), "a picture twice"),
    ],
)
def test_what_is_no_such_table_is_neither_written_nor_read(tmp_path: Path, changed, message: str) -> None:
    path = tmp_path / "drawings-test.parquet"
    good = add(path, "en", pictures(3))
    with pytest.raises(UserError, match=message):
        write_drawn(path, changed(good))
    assert read_drawn(path).equals(good), "what was there stays"
    pq.write_table(changed(good), path)
    with pytest.raises(UserError, match=message):
        read_drawn(path)


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    path = tmp_path / "drawings-test.parquet"
    table = add(path, "en", pictures(3))
    first, second, third = (path.parent / name for name in table["file"].to_pylist())
    second.write_bytes(second.read_bytes()[:-30])
    with pytest.raises(UserError, match=re.escape(str(second))):
        read_pictures(path, table)
    first.unlink()
    with pytest.raises(UserError, match=re.escape(str(first))):
        read_pictures(path, table)
    add(path, "de", pictures(1, side=16))
    with pytest.raises(UserError, match="of 16 × 16 pixels, and the first picture of 8 × 8"):
        read_pictures(path, read_drawn(path).slice(2))
    assert third.exists()


def test_pictures_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run" / "drawings-test.parquet"
    table = add(path, "en", pictures(1))
    (path.parent / table["file"][0].as_py()).rename(tmp_path / "0000.png")
    outside = table.set_column(4, "file", pa.array(["../0000.png"]))
    with pytest.raises(UserError, match="outside its folder"):
        read_pictures(path, outside)


def test_a_missing_table_is_named_and_columns_of_other_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing"):
        read_drawn(tmp_path / "drawings-test.parquet")
    with pytest.raises(ValueError, match="1 keys, 1 prompts and 1 seeds of 2 pictures"):
        add_drawn(tmp_path / "d.parquet", "en", keys=["a"], prompts=["a"], seeds=[0], pictures=pictures(2))
    assert DRAWN.names == ["key", "language", "prompt", "seed", "file"]
