"""A JSON file is read entry by entry, whatever its size, and where it is damaged the place is told."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.sources import json_values as module
from isogloss.data.sources.json_values import json_values
from isogloss.data.sources.rows import TableFile
from isogloss.errors import UserError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def pieces(path: Path, size: int) -> list[Any]:
    before, module._PIECE = module._PIECE, size  # pyright: ignore[reportPrivateUsage]
    try:
        return list(json_values(TableFile(str(path))))
    finally:
        module._PIECE = before  # pyright: ignore[reportPrivateUsage]


@given(found=st.lists(values, max_size=6), size=st.integers(1, 9), indent=st.sampled_from([None, 1]))
def test_a_list_has_its_elements(
    tmp_path_factory: pytest.TempPathFactory, found: list[Any], size: int, indent: int | None
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(found, indent=indent, ensure_ascii=False), encoding="utf-8")
    assert pieces(path, size) == found
    path.write_text("\n".join(json.dumps([one]) for one in found), encoding="utf-8")
    if len(found) != 1:  # one list alone is the list
        with pytest.raises(UserError) if found else pytest.MonkeyPatch.context():
            pieces(path, size)
    path.write_text("\n".join(json.dumps({"k": one}) for one in found), encoding="utf-8")
    assert pieces(path, size) == [{"k": one} for one in found]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_in_front_is_no_fault(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.json").write_text('[{"é": 1}, 2]\n', encoding=encoding)
    assert pieces(tmp_path / "a.json", 3) == [{"é": 1}, 2]


def test_a_compressed_file_and_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b"[1, [2]]"))
    assert pieces(tmp_path / "a.json.gz", 100) == [1, [2]]
    (tmp_path / "b.json").write_text(" \n")
    assert pieces(tmp_path / "b.json", 100) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}, {"a": ', "no JSON after its first 1 entries"),
        ('[{"a": 1}, {"a": 2}', "first 2 entries .a comma or the end of the list is missing"),
        ('[{"a": 1}, {"a": 2},', "first 2 entries .the end of the list is missing"),
        ('[{"a": 1} {"a": 2}]', "first 1 entries .a comma"),
        ('[{"a": 1}] 2', "first 1 entries .something stands after"),
        ("<html>404</html>", "first 0 entries .Expecting value"),
        ("{'a': 1}", "first 0 entries"),
        ("[" * 100_000, "go too deep"),
    ],
)
def test_damage_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=message):
        pieces(tmp_path / "a.json", 7)


def test_a_lost_quotation_mark_does_not_read_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 1000)
    (tmp_path / "a.json").write_text('[{"a": "' + "x" * 100_000)
    read = 0

    def counted(file: TableFile, size: int) -> Any:
        nonlocal read
        with (tmp_path / "a.json").open() as text:
            while piece := text.read(size):
                read += len(piece)
                yield piece

    monkeypatch.setattr(TableFile, "text", counted)
    with pytest.raises(UserError, match="Unterminated string"):
        pieces(tmp_path / "a.json", 100)
    assert read < 4000


def test_what_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'["\xff\xfe\xfa"]')
    with pytest.raises(UserError, match="is not UTF-8 text"):
        pieces(tmp_path / "a.json", 100)
    with pytest.raises(UserError, match=r"b.json is missing"):
        pieces(tmp_path / "b.json", 100)
