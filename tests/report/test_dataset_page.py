"""The page of a dataset, read as HTML."""

import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from data.scripts import COLOURS, PICTURES, build
from data.small_dataset import make
from report.reading import Elements, part

from isogloss.data.dataset import Dataset
from isogloss.data.inventory import take_inventory
from isogloss.languages import LANGUAGES
from isogloss.report.dataset import write_dataset_page


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return build(tmp_path / "dogs")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, str]:
    """A dataset and its page with all pictures."""
    dataset = build(tmp_path_factory.mktemp("untouched") / "dogs")
    html, missing = page(dataset)
    assert missing == 0
    return dataset, html


def page(dataset: Dataset, samples: int = PICTURES) -> tuple[str, int]:
    path = dataset.root.with_name("page.html")
    missing = write_dataset_page(dataset, take_inventory(dataset, samples), path)
    return path.read_text(encoding="utf-8"), missing


def test_every_caption_bears_its_language_and_direction(untouched: tuple[Dataset, str]) -> None:
    dataset, html = untouched
    texts: dict[str, set[str]] = {}
    for attributes, text in Elements(part(html, "samples")).named("p"):
        if "lang" in attributes:
            texts.setdefault(attributes["lang"], set()).add(text)
            wanted = LANGUAGES[attributes["lang"]].direction if attributes["lang"] in LANGUAGES else "auto"
            assert attributes["dir"] == wanted
    assert set(texts) == set(COLOURS)
    for tag, found in texts.items():
        assert found == set(dataset.captions(tag)["text"].to_pylist())


def test_pictures_are_in_the_page_and_nothing_is_fetched(untouched: tuple[Dataset, str]) -> None:
    _, html = untouched
    sources = [attributes["src"] for attributes, _ in Elements(html).named("img")]
    assert len(sources) == PICTURES
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert not re.search(r"""<(script|link(?! rel="icon" href="data:,")|iframe)|url\(|@import|src="(?!data:)""", html)


def test_languages_have_their_counts_coverage_and_rates(untouched: tuple[Dataset, str]) -> None:
    _, html = untouched
    rows = re.findall(r'<tr><th class="sticky" scope="row".*?</tr>', part(html, "languages"), flags=re.S)
    bengali = re.sub(r"<title>.*?</title>|<[^>]*>", " ", rows[sorted(COLOURS).index("bn")])
    assert " ".join(bengali.split()) == (
        "বাংলা Bengali · bn Beng Indo-European 14 14 33.3 % 40.0 % 30 0.49 0.24–0.73 22.2 %"
    )
    assert len(rows) == len(COLOURS)


def test_lengths_are_drawn_where_they_lie(untouched: tuple[Dataset, str]) -> None:
    """The longest of all, 149 characters, decides the axis, from 0 to 150 in 30 bars."""
    dataset, html = untouched
    drawn = re.findall(r'<svg class="histogram spark".*?</svg>', part(html, "languages"), flags=re.S)
    for tag, svg in zip(sorted(COLOURS), drawn, strict=True):
        counts = Counter(len(text) // 5 for text in dataset.captions(tag)["text"].to_pylist())
        bars = {
            int(float(x)): float(height) for x, height in re.findall(r'<rect x="([\d.]+)".*? height="([\d.]+)"', svg)
        }
        assert bars == pytest.approx(
            {place: 100 * count / max(counts.values()) for place, count in counts.items()}, abs=0.01
        )


def test_what_was_left_out_stands_there_and_text_is_escaped(untouched: tuple[Dataset, str]) -> None:
    _, html = untouched
    left_out = part(html, "rejected")
    for words in ("copy of the source 3, loop 1", "22.22 %", "t.csv", "unknown picture 1", "zero bytes"):
        assert words in left_out
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in html
    assert "<b>&amp;</b>" not in html


def test_pictures_that_are_missing_or_damaged_are_noted(dataset: Dataset) -> None:
    (dataset.root / "images" / "003.jpg").unlink()
    (dataset.root / "images" / "004.jpg").write_bytes(b"no picture")
    html, missing = page(dataset)
    assert missing == 2
    assert "2 of them could not be read; isogloss data check looks at all." in html
    assert html.count("not there, or damaged") == 2


def test_a_page_without_samples(dataset: Dataset) -> None:
    html, _ = page(dataset, 0)
    assert "<article" not in html
    assert "#samples" not in html


def test_a_remote_picture_that_cannot_be_had_is_noted(dataset: Dataset) -> None:
    table = dataset.images()
    files = ["unheard-of://bucket/x.jpg", *table["file"].to_pylist()[1:]]
    pq.write_table(table.set_column(2, "file", [files]), dataset.root / "images.parquet")
    html, missing = page(dataset)
    assert missing == 1
    assert "unheard-of://bucket" in part(html, "pictures")


def test_many_captions_are_counted_and_many_languages_folded(tmp_path: Path) -> None:
    languages = sorted(LANGUAGES)[:15]
    dataset = make(
        tmp_path / "d", {"a": "train"}, {tag: [("a", f"word {place}") for place in range(7)] for tag in languages}
    )
    html, _ = page(dataset)
    assert html.count("and 2 more") == 15
    assert "<summary>3 more languages</summary>" in html
    assert Elements(part(html, "samples")).named("p", lang=languages[0])[4][1] == "word 4"


def test_a_dataset_without_captions(tmp_path: Path) -> None:
    html, missing = page(make(tmp_path / "d", {"a": "train", "b": "test"}, {}))
    assert missing == 0
    assert "There is no caption yet" in html
    assert html.count("<article") == 2
