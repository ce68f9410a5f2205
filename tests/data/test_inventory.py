"""What is in a dataset is counted as one would count it row by row."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from data.scripts import COLOURS, PICTURES, TRANSLATED, build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isogloss.data import inventory
from isogloss.data.dataset import Dataset
from isogloss.data.inventory import Rejected, sampled, take_inventory
from isogloss.errors import UserError

__all__ = ["isogloss"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build(tmp_path_factory.mktemp("scripts") / "dogs")


def test_pictures_are_counted(dataset: Dataset) -> None:
    pictures = take_inventory(dataset).pictures
    rows = dataset.images().to_pylist()
    assert pictures.splits == Counter(row["split"] for row in rows) == dataset.splits
    for tally, name in ((pictures.width, "width"), (pictures.height, "height")):
        assert dict(enumerate(tally.counts.tolist())) | Counter(row[name] for row in rows) == dict(
            enumerate(tally.counts.tolist())
        )
        assert tally.total == PICTURES
    assert pictures.bytes == sum(row["length"] for row in rows)
    assert (pictures.endings, pictures.places) == ({"jpg": PICTURES}, {"images": PICTURES})


@pytest.mark.parametrize("batch", [1, 7, 1 << 17])
def test_languages_are_counted_in_batches_of_any_size(
    batch: int, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "_BATCH", batch)
    split = dict(zip(*(dataset.images()[name].to_pylist() for name in ("key", "split")), strict=True))
    counted = {one.tag: one for one in take_inventory(dataset).languages}
    assert set(counted) == set(COLOURS)
    for tag, one in counted.items():
        rows = dataset.captions(tag).to_pylist()
        assert one.captions == len(rows)
        having = Counter(split[key] for key in {row["key"] for row in rows})
        assert one.pictures == {name: having[name] for name in dataset.splits}
        lengths = Counter(len(row["text"]) for row in rows)
        assert {length: count for length, count in enumerate(one.lengths.counts.tolist()) if count} == lengths
        assert one.sources == Counter(row["source"] for row in rows)
        assert sum(one.translated.values()) == (len(rows) if tag in TRANSLATED else 0)
        assert one.strangers == 0
        if tag not in TRANSLATED:
            assert one.scores is None
            continue
        assert one.scores
        assert one.scores.count == len(rows)
        assert one.scores.quartiles == pytest.approx(np.quantile([row["score"] for row in rows], [0.25, 0.5, 0.75]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(st.integers(0, 25), max_size=40), batch=st.integers(1, 9))
def test_captions_in_any_order_find_their_pictures(
    keys: list[int], batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys of 20 pictures and six strangers, looked up in windows of a few rows."""
    monkeypatch.setattr(inventory, "_BATCH", batch)
    owners = inventory._Owners(pa.chunked_array([[str(key) for key in range(20)]], pa.large_string()))  # pyright: ignore
    for start in range(0, len(keys), batch):
        owners.add(pa.array([str(key) for key in keys[start : start + batch]], pa.large_string()))
    owners.settle()
    assert np.flatnonzero(owners.seen).tolist() == sorted({key for key in keys if key < 20})
    assert owners.strangers == sum(key >= 20 for key in keys)


def test_what_was_left_out_is_counted_by_reason(dataset: Dataset) -> None:
    found = take_inventory(dataset)
    assert found.translations == (Rejected("bn", "engine:small", {"copy of the source": 3, "loop": 1}),)
    assert found.added == (Rejected("hi", "t.csv", {"unknown picture": 1}),)
    assert found.imported == {"missing picture": 2, "zero bytes": 1}


def test_samples_are_drawn_by_the_seed_among_pictures_with_captions(dataset: Dataset) -> None:
    assert take_inventory(dataset, 5, 1).sample == take_inventory(dataset, 5, 1).sample
    assert take_inventory(dataset, 5, 1).sample != take_inventory(dataset, 5, 2).sample
    assert take_inventory(dataset, 99).sample == tuple(range(PICTURES))
    rows = (0, 1, 39)
    images = dataset.images().to_pylist()
    for row, one in zip(rows, sampled(dataset, rows), strict=True):
        assert {name: one[name] for name in images[row]} == images[row]
        for tag in dataset.languages:
            texts = [caption["text"] for caption in dataset.captions(tag).to_pylist() if caption["key"] == one["key"]]
            assert [caption["text"] for caption in one["captions"].get(tag, [])] == texts


def test_captions_of_pictures_that_are_not_listed_are_counted(tmp_path: Path) -> None:
    dataset = build(tmp_path / "d")
    table = dataset.captions("es")
    more = table.slice(0, 2).set_column(0, "key", pa.array(["nobody", "no one"]))
    pq.write_table(pa.concat_tables([more, table]), dataset.root / "captions" / "es.parquet")
    (counted,) = [one for one in take_inventory(dataset).languages if one.tag == "es"]
    assert (counted.strangers, sum(counted.pictures.values())) == (2, PICTURES)


def test_a_damaged_table_is_told(tmp_path: Path) -> None:
    dataset = build(tmp_path / "d")
    path = dataset.root / "captions" / "hi.parquet"
    content = bytearray(path.read_bytes())
    content[4:60] = bytes(56)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"hi.parquet cannot be read"):
        take_inventory(dataset)


def test_the_command_prints_it_and_writes_the_page(dataset: Dataset, isogloss: Program, tmp_path: Path) -> None:
    done = isogloss("data", "show", dataset.root, "--html", tmp_path / "page.html", "--samples", "3")
    assert (done.code, done.errors) == (0, "")
    lines = done.output.splitlines()
    assert lines[0] == f"{dataset.root}: 40 pictures (train 30, test 10)"
    assert lines[-1] == str(tmp_path / "page.html")
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert [
        "bn",
        "Bengali",
        "Beng",
        "14",
        "train 33.3 %, test 40.0 %",
        "30 (30–30)",
        "0.49",
        "22.22 %",
    ] in cells
    assert ["engine:small", "68", "68", "bn ta ur"] in cells
    assert ["hi", "t.csv", "1", "unknown picture 1"] in cells
    samples = [row for row in cells if len(row) == 2 and row[0] in dataset.languages]
    assert samples
    assert all(text in dataset.captions(tag)["text"].to_pylist() for tag, text in samples)
    assert "Left out by the import: missing picture 2, zero bytes 1" in lines
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<article") == 3
    assert isogloss("data", "show", dataset.root).output.startswith(lines[0])
