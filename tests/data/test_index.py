"""The index of a large dataset: the same split as from its tables, whatever happened to the files."""

import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, make, rewrite
from faults.limits import largest_file
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.data import index, mapped
from isogloss.data.dataset import Dataset, Split
from isogloss.data.mapped import open_mapped, release_pages, write_mapped
from isogloss.data.tables import IMAGES
from isogloss.data.writing import write_captions
from isogloss.errors import UserError

# What a process needs to make an index of the smallest dataset.
PROGRAM = (
    "import os, sys; from isogloss.data import index; from isogloss.data.dataset import Dataset; index.IN_MEMORY = 0;"
)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every dataset counts as a large one."""
    monkeypatch.setattr(index, "IN_MEMORY", 0)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


def content(split: Split) -> dict[str, object]:
    """Everything that a split has."""
    captions = {
        language: (found.offsets.tolist(), found.texts.to_pylist(), found.sources.to_pylist())
        for language, found in split.captions.items()
    }
    return {"name": split.name, "images": split.images.to_pylist(), "captions": captions}


def in_memory(root: Path, name: str, languages: Sequence[str], sources: set[str] | None = None) -> dict[str, object]:
    """The content of a split that is read from the tables."""
    before, index.IN_MEMORY = index.IN_MEMORY, 10**9
    try:
        return content(Dataset.open(root).split(name, languages, sources, complete=False))
    finally:
        index.IN_MEMORY = before


def index_of(dataset: Dataset) -> list[Path]:
    return sorted((dataset.root / ".index").glob("*.arrow"))


def times(dataset: Dataset) -> dict[str, int]:
    """Which file of the index is which: a new one is another inode."""
    return {path.name.split("-")[0]: path.stat().st_ino for path in index_of(dataset)}


Row = tuple[str, str, str]


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, list[Row]]]:
    """The split of each picture, and any captions in any order."""
    keys = draw(st.lists(st.text("abcé字", min_size=1, max_size=3), min_size=1, max_size=8, unique=True))
    splits = {key: draw(st.sampled_from(["train", "test"])) for key in keys}
    text = st.text("xyzé字🦊 ", max_size=6).map(lambda text: text + ".")
    row = st.tuples(st.sampled_from(keys), text, st.sampled_from(["name", "keyword"]))
    return splits, {language: draw(st.lists(row, max_size=12)) for language in ("en", "es")}


def naive(splits: Mapping[str, str], rows: Sequence[Row], name: str, sources: set[str] | None) -> list[list[str]]:
    """The captions of each picture of a split, in order."""
    return [
        [text for owner, text, source in rows if owner == key and (sources is None or source in sources)]
        for key, split in splits.items()
        if name in (split, "all")
    ]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Path]]:
    root, numbers = tmp_path_factory.mktemp("many"), iter(range(1_000_000))
    return lambda: root / str(next(numbers))


@settings(max_examples=20)
@given(made=tables(), sources=st.sampled_from([None, {"name"}, {"name", "keyword"}, set()]), chance=st.randoms())
def test_the_index_gives_the_split_of_the_tables(
    made: tuple[dict[str, str], dict[str, list[Row]]],
    sources: set[str] | None,
    chance: random.Random,
    places: Callable[[], Path],
) -> None:
    """Nothing waits for the disk here, which would take the most of the time."""
    splits, captions = made
    written = make(places(), splits, {language: [] for language in captions})
    for language, rows in captions.items():
        table = caption_table([(key, text) for key, text, _ in rows])
        rewrite(written, language, table.set_column(2, "source", pa.array([row[2] for row in rows], pa.string())))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(index, "IN_MEMORY", 0)
        patched.setattr(os, "fsync", lambda _: None)
        for name in (chance.choice(list(splits.values())), "all"):
            wanted = in_memory(written.root, name, ("en", "es"), sources)
            for _ in range(2):  # made, then opened
                split = Dataset.open(written.root).split(name, ("en", "es"), sources, complete=False)
                assert content(split) == wanted
                for language, found in split.captions.items():
                    expected = naive(splits, captions[language], name, sources)
                    assert [found.of(image) for image in range(len(split))] == expected
                    rows = [chance.randrange(len(found)) for _ in range(5 if len(found) else 0)]
                    assert found.file is not None
                    assert found.take(np.array(rows, dtype=np.int64)) == [found.texts[row].as_py() for row in rows]


def test_a_small_dataset_has_none(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = len(SPLITS) + sum(map(len, CAPTIONS_OF.values()))
    monkeypatch.setattr(index, "IN_MEMORY", rows)
    assert dataset.split("train", ["en", "es"]).captions["en"].file is None
    assert not (dataset.root / ".index").exists()
    monkeypatch.setattr(index, "IN_MEMORY", rows - 1)
    assert dataset.split("train", ["en", "es"]).captions["en"].file is not None
    assert len(index_of(dataset)) == 3
    dataset.split("train", ["en"])
    assert len(index_of(dataset)) == 3, "one language alone is small"


@pytest.mark.usefixtures("large")
def test_what_is_in_the_index_is_not_read_from_the_tables(dataset: Dataset) -> None:
    wanted = content(dataset.split("train", ["en", "es"]))
    for file in (dataset.root / "images.parquet", *(dataset.root / "captions").iterdir()):
        stamp = file.stat()
        whole = bytearray(file.read_bytes())
        footer = 8 + int.from_bytes(whole[-8:-4], "little")
        whole[4:-footer] = bytes(len(whole) - footer - 4)
        file.write_bytes(whole)
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert content(Dataset.open(dataset.root).split("train", ["en", "es"])) == wanted
    with pytest.raises(UserError, match="cannot be read"):
        Dataset.open(dataset.root).split("test", ["en"])


@pytest.mark.usefixtures("large")
def test_a_table_that_changed_is_read_again_and_no_other(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    dataset.split("train", ["en", "es"])
    assert [line.split(" of ")[1] for line in capsys.readouterr().err.splitlines()] == [
        f"{dataset.root / table}, once" for table in ("images.parquet", "captions/en.parquet", "captions/es.parquet")
    ]
    first = times(dataset)
    write_captions(dataset.root, "es", caption_table([("a", "otra hormiga"), ("c", "un gato")]))
    split = Dataset.open(dataset.root).split("train", ["en", "es"])
    assert split.captions["es"].texts.to_pylist() == ["otra hormiga", "un gato"]
    second = times(dataset)
    assert [name for name in first if first[name] != second[name]] == ["es"]
    images = dataset.images().to_pylist()
    images[2]["split"] = "test"
    pq.write_table(pa.Table.from_pylist(images, schema=IMAGES), dataset.root / "images.parquet")
    split = Dataset.open(dataset.root).split("train", ["en", "es"])
    assert split.keys == ["a", "d"] and split.captions["es"].texts.to_pylist() == ["otra hormiga"]
    third = times(dataset)
    assert all(second[name] != third[name] for name in second)
    assert content(Dataset.open(dataset.root).split("train", ["en", "es"])) == content(split)
    assert times(dataset) == third


def test_splits_and_sources_have_their_own(dataset: Dataset, large: None) -> None:
    asked: list[tuple[str, set[str] | None]] = [("train", None), ("test", None), ("all", None), ("train", {"test"})]
    for name, sources in asked:
        dataset.split(name, ["en"], sources)
    assert len(index_of(dataset)) == 2 * len(asked)
    for name, sources in asked:
        split = Dataset.open(dataset.root).split(name, ["en"], sources)
        assert content(split) == in_memory(dataset.root, name, ["en"], sources)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "its beginning": lambda whole: whole[: len(whole) // 2],
    "all but the last byte": lambda whole: whole[:-1],
    "nothing but zeros": lambda whole: bytes(len(whole)),
    "one other byte": lambda whole: whole[: len(whole) // 2] + b"\xff" + whole[len(whole) // 2 + 1 :],
    "something else": lambda whole: b"key,text\na,b\n",
    "more": lambda whole: whole + b"more",
}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_anew(damage: str, dataset: Dataset) -> None:
    wanted = content(dataset.split("train", ["en", "es"]))
    for path in index_of(dataset):
        whole = path.read_bytes()
        path.write_bytes(DAMAGES[damage](whole))
        assert content(Dataset.open(dataset.root).split("train", ["en", "es"])) == wanted
        assert len(path.read_bytes()) == len(whole), "it is whole again"


def test_a_file_cut_short_is_no_table_even_where_its_time_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "table.arrow"
    write_mapped(path, pa.table({"a": pa.array(range(100))}), "mark")
    whole, stamp = path.read_bytes(), path.stat()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert open_mapped(path, "mark") is None
    path.write_bytes(whole)
    assert open_mapped(path, "mark") is None, "it was written to since"
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert open_mapped(path, "other") is None
    found = open_mapped(path, "mark")
    assert found is not None and found.table["a"].to_pylist() == list(range(100))


@pytest.mark.usefixtures("large")
def test_faults_of_the_tables_are_told_as_ever_and_leave_no_file(dataset: Dataset) -> None:
    rewrite(dataset, "es", caption_table([("a", "x"), ("b", ""), ("q", "y")]))
    with pytest.raises(UserError, match=r"captions/es.parquet has 1 empty caption, the first for picture 'b'"):
        dataset.split("train", ["es"])
    rewrite(dataset, "es", caption_table([("a", "x"), ("q", "y")]))
    with pytest.raises(UserError, match=r"captions/es.parquet has 1 caption for pictures.*'q'"):
        dataset.split("train", ["es"])
    assert [path.name.split("-")[0] for path in index_of(dataset)] == ["images"]
    rewrite(dataset, "es", caption_table([("b", "una abeja")]))
    with pytest.raises(UserError, match=r"es.parquet holds no caption for the split 'train'"):
        dataset.split("train", ["es"])
    (dataset.root / "captions" / "es.parquet").unlink()
    with pytest.raises(UserError, match=r"es.parquet (cannot be read|is missing)"):
        dataset.split("train", ["es"])


@pytest.mark.usefixtures("large")
def test_where_it_cannot_be_written_the_split_is_in_memory(dataset: Dataset) -> None:
    wanted = in_memory(dataset.root, "train", ["en", "es"])
    (dataset.root / ".index").write_text("mine")
    with pytest.warns(UserWarning, match=r"\.index.* cannot be written .*Until then 3 rows stay in memory"):
        split = dataset.split("train", ["en", "es"])
    assert content(split) == wanted and split.captions["en"].file is None
    assert (dataset.root / ".index").read_text() == "mine"
    (dataset.root / ".index").unlink()
    rewrite(dataset, "en", caption_table([("a", "a very long caption " * 400), ("c", "a long caption " * 600)]))
    wanted = in_memory(dataset.root, "train", ["en", "es"])
    with pytest.warns(UserWarning, match="The disk is full, so .*/en-.*was not written"), largest_file(12_000):
        split = dataset.split("train", ["en", "es"])
    assert content(split) == wanted and split.captions["en"].file is None
    assert sorted(path.name.split("-")[0] for path in (dataset.root / ".index").iterdir()) == ["es", "images", "lock"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert content(dataset.split("train", ["en", "es"])) == wanted
    assert len(index_of(dataset)) == 3


def test_a_folder_that_may_only_be_read(dataset: Dataset) -> None:
    """Where this is the superuser, who may write anywhere, another user opens it."""
    dataset.root.chmod(0o555)
    # numpy's masked arrays are imported when they are first asked for, and the other user may not read the environment.
    program = "import numpy.ma; os.geteuid() or os.seteuid(65534); print(Dataset.open('.').split('train', ['en']).captions['en'].of(0))"
    done = subprocess.run([sys.executable, "-c", PROGRAM + program], cwd=dataset.root, capture_output=True, text=True)
    dataset.root.chmod(0o755)
    assert done.stdout == "['an ant', 'another ant']\n", done.stderr
    assert "cannot be written (Permission denied)" in done.stderr
    assert not (dataset.root / ".index").exists()


@pytest.mark.usefixtures("large")
def test_kills_while_it_is_made_leave_nothing_that_is_used(dataset: Dataset) -> None:
    """Processes that are killed with a file half-written, the first and the second of three."""
    wanted = in_memory(dataset.root, "train", ["en", "es"])
    for whole in range(2):
        stuck = (
            "import time; from isogloss.data import mapped\n"
            "mapped.os.utime = lambda path, times: (os.truncate(path, 100), time.sleep(1000))\n"
            "Dataset.open('.').split('train', ['en', 'es'])"
        )
        process = subprocess.Popen([sys.executable, "-c", PROGRAM + stuck], cwd=dataset.root)
        while not any(path.stat().st_size == 100 for path in dataset.root.glob(".index/.*.partial")):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert len(index_of(dataset)) == whole
        dataset.split("train", [])
    assert content(dataset.split("train", ["en", "es"])) == wanted
    assert sorted(path.name.split("-")[0] for path in (dataset.root / ".index").iterdir()) == [
        "en",
        "es",
        "images",
        "lock",
    ]


def test_several_processes_make_it_once(dataset: Dataset) -> None:
    go = dataset.root.parent / "go"
    program = f"""
import time
print("ready", flush=True)
while not os.path.exists({str(go)!r}): pass
split = Dataset.open('.').split('train', ['en', 'es'])
print(split.images.to_pylist(), [(c.offsets.tolist(), c.texts.to_pylist()) for c in split.captions.values()])
"""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM + program],
            cwd=dataset.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    go.touch()
    said = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert len({output for output, _ in said}) == 1
    assert sum(errors.count("making the index") for _, errors in said) == 3, "each of the three tables by one of them"
    assert len(index_of(dataset)) == 3


def resident(path: Path) -> int:
    """The bytes of a mapped file that this process has in memory."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    return sum(
        next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:"))
        for head in lines
        if head.endswith(str(path))
    )


@pytest.mark.usefixtures("large")
def test_pages_are_given_back_and_come_again(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset.split("train", ["en"])
    split = dataset.split("train", ["en"])
    wanted = content(split)
    (path,) = (dataset.root / ".index").glob("en-*")
    release_pages()
    assert resident(path) > 0, "there is room"
    monkeypatch.setattr(mapped, "LARGEST_RESIDENT", 0)
    release_pages()
    assert resident(path) == 0
    assert content(split) == wanted
    assert resident(path) > 0
