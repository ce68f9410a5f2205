"""The emoji world, drawn with a miniature font."""

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from data.miniature_font import glyph_picture, miniature_font
from data.test_cldr import Words, write_json
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.data.worlds.emoji import build_emoji, key_of, split_of
from isogloss.data.worlds.emoji_names import LANGUAGES, fully_qualified, names
from isogloss.errors import UserError

# What the miniature font draws; the pig is drawn like the dog.
DRAWN = sorted(["🌾", "🐶", "👍", "👩", "😀", "❤\ufe0f", "👍🏽", "👩\u200d🌾"], key=fully_qualified().index)

RECORDED = {
    "🌾": "test",
    "🐶": "train",
    "👍": "train",
    "👩": "train",
    "😀": "test",
    "❤\ufe0f": "train",
    "👍🏽": "train",
    "👩\u200d🌾": "test",
}


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return miniature_font(tmp_path_factory.mktemp("font") / "miniature.ttf")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, font: Path) -> Dataset:
    return build_emoji(tmp_path_factory.mktemp("world") / "emoji", font=font, size=20)


def write_cldr(root: Path) -> Path:
    names_en = {
        "🌾": ("sheaf", ["ear", "grain"]),
        "🐶": ("dog face", ["dog", "Dog Face"]),
        "👍": ("thumbs up", []),
        "❤": ("red heart", []),
    }
    derived_en = {"👍🏽": ("thumbs up: medium", ["thumbs up"]), "👩‍🌾": ("farmer", [])}
    names_qu = {emoji: (f"{name} qu", keywords) for emoji, (name, keywords) in names_en.items()}
    words: Words = {
        "en": {"annotations": names_en, "annotationsDerived": derived_en},
        "qu": {"annotations": names_qu, "annotationsDerived": {"👍🏽": ("riru", []), "👩‍🌾": ("chakra", [])}},
        "tt": {"annotations": names_en, "annotationsDerived": {}},
        "es-419": {"annotations": names_en, "annotationsDerived": {}},
    }
    write_json(root / "cldr-annotations-full", words, "annotations")
    write_json(root / "cldr-annotations-derived-full", words, "annotationsDerived")
    return root


def test_pictures(dataset: Dataset) -> None:
    validate(dataset)
    images = dataset.images().to_pylist()
    assert [row["key"] for row in images] == [key_of(emoji) for emoji in DRAWN]
    for row in images:
        assert row["file"] == f"images/{row['key']}.png"
        assert (row["width"], row["height"], row["offset"]) == (20, 20, 0)
    with Image.open(dataset.locate("images/1f600.png")) as drawn:
        glyph = glyph_picture("#ffcc00")
        square = Image.new("RGB", (40, 40), "white")
        square.paste(glyph, (0, 4), glyph)
        assert drawn.mode == "RGB"
        assert drawn.tobytes() == square.resize((20, 20), Image.Resampling.LANCZOS).tobytes()


def test_keys_are_code_points() -> None:
    assert key_of("👩\u200d🌾") == "1f469-200d-1f33e"
    assert key_of("#\ufe0f\u20e3") == "23-fe0f-20e3"


def test_names_are_captions_in_fourteen_languages(dataset: Dataset) -> None:
    assert dataset.languages == tuple(sorted(LANGUAGES))
    for language in LANGUAGES:
        table = dataset.captions(language)
        assert table["key"].to_pylist() == [key_of(emoji) for emoji in DRAWN]
        assert table["text"].to_pylist() == [names(language)[emoji] for emoji in DRAWN]
        assert set(table["source"].to_pylist()) == {"emoji:name"}
        assert set(table["score"].to_pylist()) == {1.0}


def test_what_is_left_out_is_counted(dataset: Dataset) -> None:
    notes = dataset.information["notes"]
    assert notes["fully-qualified emoji"] == len(fully_qualified())
    assert notes["pictures"] == len(DRAWN)
    left_out = notes["left out"]
    assert left_out["drawn like an earlier one"] == 1
    # The farmer's other skin tones are a woman, a tone, a sheaf; so is the flag of France two letters.
    assert left_out["drawn as several glyphs"] >= 2
    assert sum(left_out.values()) + len(DRAWN) == len(fully_qualified())


def test_sources_and_licences_are_recorded(dataset: Dataset) -> None:
    sources = dataset.information["sources"]
    assert [source["licence"] for source in sources] == ["OFL-1.1", "BSD-3-Clause", "Unicode-3.0"]
    assert sources[0]["name"] == "Miniature Emoji"
    assert all(source["version"] and source["url"] for source in sources)
    assert "OFL-1.1" in dataset.information["licence"] and "Unicode-3.0" in dataset.information["licence"]


def test_building_again_gives_the_same_bytes(dataset: Dataset, font: Path, tmp_path: Path) -> None:
    again = build_emoji(tmp_path / "again", font=font, size=20)
    files = sorted(file.relative_to(dataset.root) for file in dataset.root.rglob("*") if file.is_file())
    assert files == sorted(file.relative_to(again.root) for file in again.root.rglob("*") if file.is_file())
    for file in files:
        assert (dataset.root / file).read_bytes() == (again.root / file).read_bytes()


def test_progress_is_told(font: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    build_emoji(tmp_path / "emoji", font=font, size=8, progress=lambda done, total: told.append((done, total)))
    total = len(fully_qualified())
    assert told == [(done, total) for done in range(1, total + 1)]


def test_splits_have_their_shares() -> None:
    counts = Counter(split_of(key_of(emoji)) for emoji in fully_qualified())
    total = sum(counts.values())
    for split, share in (("train", 0.70), ("validation", 0.10), ("test", 0.20)):
        assert abs(counts[split] / total - share) < 0.01


def test_a_picture_stays_in_its_split() -> None:
    """Recorded once: a change would put yesterday's test pictures into training."""
    assert {emoji: split_of(key_of(emoji)) for emoji in DRAWN} == RECORDED


def test_splits_do_not_depend_on_the_font_or_the_captions(dataset: Dataset, font: Path, tmp_path: Path) -> None:
    fewer = build_emoji(tmp_path / "fewer", font=font, cldr=write_cldr(tmp_path / "cldr"))
    splits = dict(zip(*dataset.images(columns=["key", "split"]).to_pydict().values(), strict=True))
    found = dict(zip(*fewer.images(columns=["key", "split"]).to_pydict().values(), strict=True))
    assert found == {key: splits[key] for key in found}
    assert len(found) == 6


def test_cldr_names_and_keywords(font: Path, tmp_path: Path) -> None:
    made = build_emoji(tmp_path / "emoji", font=font, cldr=write_cldr(tmp_path / "cldr"), size=20)
    validate(made)
    assert made.languages == ("en", "qu")
    english: dict[str, list[tuple[str, str, float]]] = {}
    for row in made.captions("en").to_pylist():
        english.setdefault(row["key"], []).append((row["text"], row["source"], row["score"]))
    assert english == {
        "1f33e": [("sheaf", "cldr:name", 1.0), ("ear", "cldr:keyword", 0.5), ("grain", "cldr:keyword", 0.5)],
        "1f436": [("dog face", "cldr:name", 1.0), ("dog", "cldr:keyword", 0.5)],
        "1f44d": [("thumbs up", "cldr:name", 1.0)],
        "2764-fe0f": [("red heart", "cldr:name", 1.0)],
        "1f44d-1f3fd": [("thumbs up: medium", "cldr:name", 1.0), ("thumbs up", "cldr:keyword", 0.5)],
        "1f469-200d-1f33e": [("farmer", "cldr:name", 1.0)],
    }
    notes = made.information["notes"]
    assert notes["left out"]["without a name"] == 2
    assert notes["share of the drawn pictures that is named"] == {"en": 0.75, "qu": 0.75}
    assert notes["languages left out, which name less than 67%"] == {"tt": 0.5}
    assert notes["regional varieties left out"] == ["es-419"]
    assert made.information["sources"][-1]["version"] == "48.2.0"


def test_too_few_names_in_every_language(font: Path, tmp_path: Path) -> None:
    words: Words = {"en": {"annotations": {"🐶": ("dog", [])}, "annotationsDerived": {}}}
    for part, package in (("annotations", "cldr-a"), ("annotationsDerived", "cldr-b")):
        write_json(tmp_path / "cldr" / package, words, part)
    with pytest.raises(UserError, match="too few"):
        build_emoji(tmp_path / "emoji", font=font, cldr=tmp_path / "cldr")
    assert not (tmp_path / "emoji").exists()


def test_damaged_annotations_write_nothing(font: Path, tmp_path: Path) -> None:
    cldr = write_cldr(tmp_path / "cldr")
    (cldr / "cldr-annotations-full" / "annotations" / "en" / "annotations.json").write_text("{")
    with pytest.raises(UserError, match=r"en/annotations.json is damaged"):
        build_emoji(tmp_path / "emoji", font=font, cldr=cldr)
    assert [place.name for place in tmp_path.iterdir()] == ["cldr"]


def test_an_existing_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(UserError, match="exists already"):
        build_emoji(tmp_path / "mine", font=tmp_path / "none.ttf")


def test_a_font_that_draws_no_emoji(tmp_path: Path) -> None:
    damaged = miniature_font(tmp_path / "damaged.ttf", damaged=True)
    with pytest.raises(UserError, match="is damaged"):
        build_emoji(tmp_path / "emoji", font=damaged)
    assert not (tmp_path / "emoji").exists()


def test_a_size_that_is_none(tmp_path: Path, font: Path) -> None:
    with pytest.raises(UserError, match="0 pixels"):
        build_emoji(tmp_path / "emoji", font=font, size=0)


def test_dataset_json_is_readable_text(dataset: Dataset) -> None:
    text = (dataset.root / "dataset.json").read_text(encoding="utf-8")
    assert json.loads(text)["format"] == "isogloss-dataset"
    assert "\\u" not in text
    assert io.StringIO(text).readline() == "{\n"
