"""An export that is stopped, repeated, or made of pictures that are no longer what they were."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.export.pictures import KEYS, build, caption, encoded, row
from data.small_dataset import everything, nameless
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.data.dataset import Dataset
from isogloss.data.export.job import FORMATS, export_dataset
from isogloss.data.export.prepared import Shard, prepare
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.writing import write_captions, write_dataset
from isogloss.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return build(tmp_path / "nine")


def many_pictures(root: Path, count: int) -> Dataset:
    contents = {f"{number:04}": encoded(number) for number in range(count)}
    rows = [row(key, ("train", "test")[int(key) % 4 == 0], content, f"{key}.png") for key, content in contents.items()]
    return write_dataset(
        root,
        name="many",
        description="",
        licence="",
        sources=[],
        images=pa.Table.from_pylist(rows, schema=IMAGES),
        captions={"en": pa.Table.from_pylist([caption(key, f"picture {key}") for key in contents], schema=CAPTIONS)},
        notes={},
        files=((f"{key}.png", content) for key, content in contents.items()),
    )


@pytest.mark.parametrize(("kind", "moments"), [("webdataset", (2, 20)), ("parquet", (9,))])
def test_killed_at_any_moment_the_same_command_ends_with_the_same_files(
    kind: str, moments: tuple[int, ...], tmp_path: Path
) -> None:
    dataset = many_pictures(tmp_path / "many", 120)
    size = 1000
    export_dataset(dataset.root, tmp_path / "whole", kind, shard_bytes=size, jobs=1)
    target, work = tmp_path / "killed", tmp_path / ".killed.export"
    command = [sys.executable, "-m", "isogloss.cli", "data", "export", dataset.root, target, "--format", kind]
    command += ["--shard-megabytes", str(size / 1_000_000), "--jobs", "2"]
    kept: dict[Path, int] = {}
    for wanted in moments:
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list((work / "done").glob("*.json"))) < wanted:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it was killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not target.exists()
        for path, when in kept.items():
            assert path.stat().st_mtime_ns == when, "what is finished is not written again"
        kept = {path: path.stat().st_mtime_ns for path in (work / "done").glob("*.json")}
        assert len(kept) < len(list((tmp_path / "whole").rglob(f"*.{'tar' if kind == 'webdataset' else 'parquet'}")))
    assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    assert everything(target) == everything(tmp_path / "whole")
    assert not work.exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_pictures_that_are_missing_or_changed_are_left_out_with_a_reason(
    kind: str, dataset: Dataset, tmp_path: Path
) -> None:
    (dataset.root / "images" / "0.bin").unlink()
    changed = dataset.root / "images" / "1.bin"
    changed.write_bytes(encoded(99))
    short = dataset.root / "images" / "2.bin"
    short.write_bytes(short.read_bytes()[:-9])
    exported = export_dataset(dataset.root, tmp_path / "out", kind, jobs=1)
    assert (exported.pictures, exported.rejected) == (6, 3)
    reasons = {one["key"]: one["reason"] for one in pq.read_table(tmp_path / "out" / "rejected.parquet").to_pylist()}
    assert sorted(reasons) == sorted(KEYS[:3])
    assert "cannot be read (No such file" in reasons[KEYS[0]]
    assert "has other bytes than when it was listed" in reasons[KEYS[1]]
    assert "ends after" in reasons[KEYS[2]]
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| train | 4 |" in card and "| test_dev | 2 |" in card


def test_bytes_that_are_no_picture_are_left_out(tmp_path: Path) -> None:
    rows = [row("a", "train", encoded(1), "a"), {**row("b", "train", encoded(2), "b")}]
    text = b"no picture at all"
    rows[1] |= {"length": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    dataset = nameless(
        tmp_path / "d",
        pa.Table.from_pylist(rows, schema=IMAGES),
        {"en": pa.Table.from_pylist([caption("a", "x")], schema=CAPTIONS)},
        [("a", encoded(1)), ("b", text)],
    )
    assert export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1).rejected == 1
    (one,) = pq.read_table(tmp_path / "out" / "rejected.parquet").to_pylist()
    assert (one["key"], one["reason"]) == ("b", "b is not a picture (no format that is known).")


def test_nothing_is_written_where_no_picture_is_left(dataset: Dataset, tmp_path: Path) -> None:
    for path in (dataset.root / "images").iterdir():
        path.unlink()
    with pytest.raises(
        UserError, match=r"None of 9 pictures in .* can be given away\. The first: The picture .*cannot be read"
    ):
        export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    assert not (tmp_path / "out").exists()


def test_a_finished_export_is_not_repeated_and_another_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    first = export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
    with pytest.raises(UserError, match="exists already and is left as it is"):
        export_dataset(dataset.root, tmp_path / "out", "parquet", jobs=1)
    table = dataset.captions("hi").slice(0, 1)
    write_captions(dataset.root, "hi", table)
    with pytest.raises(UserError, match="exists already and is left as it is"):
        export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    assert not (tmp_path / ".out.export").exists()


class StoppedError(Exception):
    """As a kill would, it ends an export."""


def test_pictures_that_are_back_are_exported_by_the_same_command(dataset: Dataset, tmp_path: Path) -> None:
    pictures = list((dataset.root / "images").iterdir())
    for path in pictures:
        path.rename(path.with_suffix(f"{path.suffix}.away"))
    with pytest.raises(UserError, match="can be given away"):
        export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    assert not (tmp_path / ".out.export").exists()
    for path in pictures:
        path.with_suffix(f"{path.suffix}.away").rename(path)
    assert export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1).pictures == 9


def test_a_dataset_that_changed_while_its_export_was_stopped_is_exported_anew(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / ".out.export"
    for path in (dataset.root / "images").iterdir():
        path.rename(path.with_suffix(".away"))

    def stop(*arguments: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patched, pytest.raises(StoppedError):
        patched.setattr("isogloss.data.export.job._finish", stop)
        export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1)
    assert len(list((work / "done").iterdir())) == 2
    for path in (dataset.root / "images").iterdir():
        path.rename(path.with_suffix(".tar" if path.stem == "shard" else ".bin"))
    write_captions(dataset.root, "zh-Hant", dataset.captions("zh-Hant"))
    information = json.loads((dataset.root / "dataset.json").read_text())
    (dataset.root / "dataset.json").write_text(json.dumps(information | {"name": "ten"}))
    assert export_dataset(dataset.root, tmp_path / "out", "webdataset", jobs=1).pictures == 9


@settings(max_examples=40)
@given(
    pictures=st.lists(st.tuples(st.sampled_from(["train", "test"]), st.integers(1, 50)), min_size=1, max_size=40),
    size=st.integers(1, 120),
)
def test_shards_follow_each_other_and_are_as_full_as_they_may_be(
    pictures: list[tuple[str, int]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("plan")
    rows = [
        {**row(str(number), split, encoded(0), "x"), "length": length}
        for number, (split, length) in enumerate(pictures)
    ]
    dataset = nameless(
        root / "d",
        pa.Table.from_pylist(rows, schema=IMAGES),
        {"en": pa.Table.from_pylist([caption("0", "x")], schema=CAPTIONS)},
    )
    found = prepare(dataset, root / "prepared", size).shards
    naive: list[Shard] = []
    start = 0
    for split in dataset.splits:
        lengths = [length for name, length in pictures if name == split]
        parts: list[list[int]] = []
        for length in lengths:
            if parts and sum(parts[-1]) + length <= size:
                parts[-1].append(length)
            else:
                parts.append([length])
        for number, part in enumerate(parts):
            naive.append(Shard(split, number, len(parts), start, start + len(part)))
            start += len(part)
    assert list(found) == naive


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "parket"}, "no format 'parket'; did you mean 'parquet'"),
        ({"main": "hy"}, "no caption table for the language 'hy'; did you mean 'hi'"),
        ({"shard_bytes": 0}, "give a size above 0"),
    ],
)
def test_what_is_mistyped_is_told(arguments: dict[str, Any], message: str, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        export_dataset(dataset.root, tmp_path / "out", **{"kind": "parquet", **arguments})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nine"]


def test_splits_that_would_share_their_files_are_refused(tmp_path: Path) -> None:
    rows = [row(name, f"a{name}b", encoded(1), name) for name in "-."]
    dataset = nameless(
        tmp_path / "d",
        pa.Table.from_pylist(rows, schema=IMAGES),
        {"en": pa.Table.from_pylist([caption("-", "x")], schema=CAPTIONS)},
    )
    with pytest.raises(UserError, match="The splits a-b, a.b would have the same file names"):
        export_dataset(dataset.root, tmp_path / "out", "webdataset")
