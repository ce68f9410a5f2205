"""Files of JSON lines are read as JSON means them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.errors import UserError
from isogloss.saved import read_rows


@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\u2028\u2029\x85\x0b\x1c\n\r"))),
    end=st.sampled_from(["", "\n", "\n\n", '\n{"text": "cut sh']),
    line=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_comes_back(texts: list[str], end: str, line: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [{"text": text} for text in texts]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + end
    path.write_text(content, encoding="utf-8", newline=line)
    assert read_rows(path) == rows


def test_a_line_that_is_damaged_within_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2\n{"a": 3}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"Line 2 of .*rows.jsonl is not a JSON object"):
        read_rows(path)
    path.write_text('{"a": 1}\n[2]', encoding="utf-8")
    with pytest.raises(UserError, match="Line 2"):
        read_rows(path)
