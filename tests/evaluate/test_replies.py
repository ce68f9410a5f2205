"""The table of replies is there whole or not at all, and says what is wrong with it."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.evaluate.replies import REPLIES, read_replies, reply_table, write_replies

WRITER = """
import sys
from pathlib import Path
from isogloss.evaluate.replies import reply_table, write_replies
for number in range(1000):
    size = 20000 if number else 1
    text = [f"{number} {row * 7919 % 104729}" for row in range(size)]
    table = reply_table(key=text, language=["en"] * size, instruction=text, reply=text, references=[[one] for one in text])
    write_replies(Path(sys.argv[1]), table)
    print(number, flush=True)
"""


def table(count: int = 3) -> pa.Table:
    return reply_table(
        key=[f"picture {row}" for row in range(count)],
        language=["en"] * count,
        asked=["ja"] * count,
        instruction=["What is this?"] * count,
        reply=["赤い円"] * count,
        references=[["赤い円", "円"]] * count,
    )


@given(st.lists(st.tuples(st.text(max_size=5), st.lists(st.text(max_size=5), min_size=1, max_size=3)), max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]) -> None:
    path = tmp_path_factory.mktemp("run") / "evaluation" / "replies.parquet"
    texts, references = [text for text, _ in rows], [each for _, each in rows]
    written = reply_table(key=texts, language=texts, instruction=texts, reply=texts, references=references)
    write_replies(path, written)
    assert read_replies(path).equals(written)
    assert written["asked"].to_pylist() == texts, "the language of the instruction, where no other is asked for"


def test_further_columns_are_left_out_and_the_order_of_columns_is_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "replies.parquet"
    mixed = table().append_column("seconds", pa.array([1.0, 2.0, 3.0])).select(["seconds", *reversed(REPLIES.names)])
    write_replies(path, mixed)
    assert read_replies(path).equals(table())
    pq.write_table(mixed, path)  # as another program may have written it
    assert read_replies(path).equals(table())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda good: good.drop_columns("reply"), "no single column 'reply'"),
        (lambda good: good.set_column(4, "reply", pa.array([1, 2, 3])), "'reply' of .* holds int64"),
        (lambda good: good.set_column(4, "reply", pa.array(["a", None, "b"])), "1 row without 'reply'"),
        (
            lambda good: good.set_column(5, "references", pa.array([["a"], [], []])),
            "2 rows without a reference, .* 'picture 1'",
        ),
        (
            lambda good: good.set_column(5, "references", pa.array([["a"], ["b", None], ["c"]])),
            "an empty cell among the ref",
        ),
        (lambda good: good.set_column(5, "references", pa.array(["a", "b", "c"])), "'references' of .* holds string"),
    ],
)
def test_what_is_no_table_of_replies_is_neither_written_nor_read(tmp_path: Path, changed, message: str) -> None:
    path = tmp_path / "replies.parquet"
    write_replies(path, table())
    with pytest.raises(UserError, match=message):
        write_replies(path, changed(table()))
    assert read_replies(path).equals(table()), "what was there stays"
    assert [file.name for file in tmp_path.iterdir()] == ["replies.parquet"]
    pq.write_table(changed(table()), path)
    with pytest.raises(UserError, match=message):
        read_replies(path)


def test_a_file_that_is_missing_or_cut_short_is_named(tmp_path: Path) -> None:
    path = tmp_path / "evaluation" / "replies.parquet"
    with pytest.raises(UserError, match=re.escape(f"{path} is missing")):
        read_replies(path)
    write_replies(path, table())
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match=re.escape(str(path))):
        read_replies(path)


def test_a_kill_leaves_a_whole_table(tmp_path: Path) -> None:
    path = tmp_path / "evaluation" / "replies.parquet"
    for wait in (0.0, 0.03, 0.07):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None and writer.stdout.readline() == "0\n"
            time.sleep(wait)
            writer.send_signal(signal.SIGKILL)
        assert read_replies(path).num_rows in (1, 20000)
