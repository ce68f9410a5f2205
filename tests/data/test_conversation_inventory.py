"""What conversations are in a dataset is counted as one would count it one by one, and shown."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.program import Program, isogloss
from data.small_dataset import CAPTIONS_OF, SPLITS, make
from data.spoken import ALL, ANT, BEE, TALK, TEXT

from isogloss.data import conversation_inventory
from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import table_of
from isogloss.data.conversations import Turn
from isogloss.data.dataset import Dataset
from isogloss.data.inventory import Rejected, take_inventory
from isogloss.data.tables import IMAGES
from isogloss.data.writing import write_conversations, write_dataset
from isogloss.report.dataset import write_dataset_page
from isogloss.translate.outcome import REJECTED

__all__ = ["isogloss"]
FRENCH = [replace(one, language="fr") for one in (ANT, TEXT)]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    root = make(tmp_path / "small", SPLITS, CAPTIONS_OF).root
    write_conversations(root, "en", ALL, source="people", splits={"talk": "test"})
    write_conversations(root, "en", [replace(BEE, key="other")], source="more")
    write_conversations(root, "fr", FRENCH, source="engine")
    path = root / "rejected" / "conversations" / "fr.parquet"
    path.parent.mkdir(parents=True)
    row = {"key": "bee", "text": "A bee.", "translation": "A bee.", "source": "engine", "reason": "copy of the source"}
    pq.write_table(pa.Table.from_pylist([row], REJECTED), path)
    return Dataset.open(root)


@pytest.mark.parametrize("batch", [1, 4, 1 << 15])
def test_conversations_are_counted_in_batches_of_any_size(
    batch: int, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_inventory, "_BATCH", batch)
    inventory = take_inventory(dataset)
    assert [one.tag for one in inventory.spoken] == ["en", "fr"]
    for one in inventory.spoken:
        told = list(read_conversations(dataset.root, one.tag))
        assert one.conversations == len(told)
        assert one.turns == sum(len(each.turns) for each in told)
        assert one.pictures == len({key for each in told for key in each.images})
        assert one.pictureless == sum(not each.images for each in told)
        splits = {name: len(read_conversations(dataset.root, one.tag, name)) for name in dataset.splits}
        assert one.splits == {name: count for name, count in splits.items() if count}
        replies = [turn.text for each in told for turn in each.turns if turn.role in ("assistant", "text")]
        counted = {length: count for length, count in enumerate(one.lengths.counts.tolist()) if count}
        assert counted == Counter(map(len, replies))
        assert (one.scores, one.strangers) == (None, 0)
    assert [one.sources for one in inventory.spoken] == [{"people": 5, "more": 1}, {"engine": 2}]
    assert inventory.unspoken == (Rejected("fr", "engine", {"copy of the source": 1}),)


def test_conversations_are_drawn_with_their_translations(dataset: Dataset) -> None:
    (one,) = take_inventory(dataset, 1, seed=3).talks
    assert one == take_inventory(dataset, 1, seed=3).talks[0]
    drawn = {next(iter(take_inventory(dataset, 1, seed).talks[0].values())).key for seed in range(20)}
    assert len(drawn) > 2
    every = {talk["en"].key: talk for talk in take_inventory(dataset, 9).talks}
    assert set(every) == {"ant", "bee", "both", "talk", "text", "other"}
    assert every["ant"] == {"en": ANT, "fr": FRENCH[0]}
    assert every["talk"] == {"en": TALK}


def test_a_picture_that_is_not_listed_is_counted(dataset: Dataset) -> None:
    table = table_of([replace(BEE, images=("nobody",), language="fr")], "fr", "engine")
    pq.write_table(table, dataset.root / "conversations" / "fr.parquet")
    assert take_inventory(dataset).spoken[1].strangers == 1


def test_the_command_prints_them(dataset: Dataset, isogloss: Program) -> None:
    done = isogloss("data", "show", dataset.root)
    assert (done.code, done.errors) == (0, "")
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.output.splitlines() if "│" in line]
    assert ["fr", "2", "6", "1", "1", "7 (4–15)", "train 2", "engine 2"] in [row[:8] for row in cells]
    assert ["fr", "engine", "1", "copy of the source 1"] in cells


def test_a_folder_of_text_alone_has_no_pictures_to_tell_of(tmp_path: Path, isogloss: Program) -> None:
    said = replace(TALK, language="ja", turns=(Turn("user", "<b>&"), Turn("assistant", "はい。")))
    root = write_dataset(
        tmp_path / "text",
        name="",
        description="",
        licence="",
        sources=[],
        images=IMAGES.empty_table(),
        captions={},
        notes={},
        conversations={"ja": table_of([said], "ja", "made up")},
    ).root
    done = isogloss("data", "show", root, "--html", tmp_path / "page.html")
    assert (done.code, done.errors) == (0, "")
    lines = done.output.splitlines()
    assert lines[0] == f"{root}: no pictures"
    assert lines[1].strip() == "Conversations: train 1; made up 1"
    assert any("assistant" in line and "はい。" in line for line in lines)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;" in html and "<b>&" not in html
    assert '<section id="conversations">' in html
    assert '<section id="pictures">' not in html and "#pictures" not in html
    assert "There is no caption, but there are conversations." in html


def test_the_page_shows_them_beside_captions(dataset: Dataset, tmp_path: Path) -> None:
    write_dataset_page(dataset, take_inventory(dataset, 6), tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    part = html[html.index('<section id="conversations">') : html.index('<section id="pictures">')]
    assert "people 5, more 1" in part
    assert part.count("<dl ") == 8
    assert part.count("An ant.") == 2
    assert "Translations of conversations" in html and "copy of the source 1" in html
