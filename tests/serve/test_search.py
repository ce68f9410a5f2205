"""Search by words of any language, with embeddings that are kept and never out of date."""

import os
import shutil
from pathlib import Path

import pytest
from train.squares import TEST, squares

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.serve.search import search


@pytest.fixture
def run(parallel: Path, tmp_path: Path) -> Path:
    shutil.copytree(parallel, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation", "embeddings"))
    return tmp_path / "run"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were embedded in each search that embedded any."""
    from isogloss.serve import search as module

    counts: list[int] = []
    embed = module.embed_images

    def counting(model, pictures, prepared, rows):
        counts.append(len(rows))
        return embed(model, pictures, prepared, rows)

    monkeypatch.setattr(module, "embed_images", counting)
    return counts


def keep(run: Path) -> Path:
    return run / "embeddings" / "test.safetensors"


@pytest.mark.parametrize("language", ["en", "qaa", "qab"])
def test_a_caption_finds_its_picture_in_any_language(run: Path, dataset: Path, language: str) -> None:
    split = Dataset.open(dataset).split("test", (language, "en"))
    first: list[bool] = []
    for image, key in enumerate(split.keys):
        (query,) = split.captions[language].of(image)
        found = search(run, query)
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        assert all(-1 <= one.score <= 1 for one in found)
        names = dict(zip(split.keys, (split.captions["en"].of(row)[0] for row in range(TEST)), strict=True))
        assert all(one.name == names[one.key] for one in found)
        assert all(Path(one.location) == dataset / "images" / f"{one.key}.png" for one in found)
        first.append(key in [one.key for one in found])
    assert sum(first) > 0.8 * TEST


def test_as_many_as_are_asked_for_and_no_more_than_there_are(run: Path) -> None:
    assert [len(search(run, "red", top=top)) for top in (1, 7, 1000)] == [1, 7, TEST]
    assert len({one.key for one in search(run, "red", top=1000)}) == TEST
    assert len(search(run, "red", top=1000, split="validation")) == 16
    everything = search(run, "red", top=1000, split="all")
    assert len({one.key for one in everything}) == len(everything) == 144
    assert {one.key for one in search(run, "red", top=1000)} < {one.key for one in everything}


def test_embeddings_are_made_once(run: Path, counted: list[int]) -> None:
    found = [search(run, "a small blue one") for _ in range(3)]
    assert found[0] == found[1] == found[2]
    assert counted == [TEST]
    assert [path.name for path in keep(run).parent.iterdir()] == ["test.safetensors"]


def test_embeddings_of_another_model_are_made_anew(run: Path, english_only: Path, counted: list[int]) -> None:
    before = search(run, "small blue middle centre")
    shutil.copy(english_only / "model" / "model.safetensors", run / "model" / "model.safetensors")
    after = search(run, "small blue middle centre")
    assert counted == [TEST, TEST]
    assert [one.score for one in after] != [one.score for one in before]
    shutil.rmtree(keep(run).parent)
    assert search(run, "small blue middle centre") == after


def test_embeddings_of_other_pictures_are_made_anew(
    run: Path, dataset: Path, tmp_path: Path, counted: list[int]
) -> None:
    search(run, "big red upper left")
    images = tmp_path / "moved" / "images.parquet"
    shutil.copytree(dataset, tmp_path / "moved")
    found = search(run, "big red upper left", dataset=str(tmp_path / "moved"))
    os.utime(images, ns=(images.stat().st_atime_ns, images.stat().st_mtime_ns + 1_000_000))
    assert search(run, "big red upper left", dataset=str(tmp_path / "moved")) == found
    assert counted == [TEST] * 3
    assert all(one.location.startswith(str(tmp_path / "moved")) for one in found)


@pytest.mark.parametrize("content", [b"", b"half of", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_damaged_embeddings_are_made_anew(run: Path, content: bytes, counted: list[int]) -> None:
    found = search(run, "green")
    keep(run).write_bytes(content)
    assert search(run, "green") == found
    assert search(run, "green") == found
    assert counted == [TEST, TEST]


def test_where_nothing_can_be_kept_it_searches_all_the_same(run: Path) -> None:
    found = search(run, "green")
    shutil.rmtree(keep(run).parent)
    keep(run).parent.write_text("a file where the folder would be")
    assert search(run, "green") == found


def test_another_dataset_with_names_in_its_language(run: Path, tmp_path: Path) -> None:
    squares(tmp_path / "more", ("en", "qaa", "qab", "qac"))
    found = search(run, "big red upper left", dataset=str(tmp_path / "more"), names="qac")
    split = Dataset.open(tmp_path / "more").split("test", ("qac",))
    for one in found:
        assert one.name == split.captions["qac"].of(split.keys.index(one.key))[0]
    assert [one.key for one in found] == [one.key for one in search(run, "big red upper left")]


def test_without_english_names_are_of_the_first_language_or_there_are_none(run: Path, tmp_path: Path) -> None:
    places = [squares(tmp_path / "other", ("qac", "qaa")), squares(tmp_path / "untold", ())]
    other, untold = (search(run, "big red upper left", dataset=str(place.root)) for place in places)
    assert other == search(run, "big red upper left", dataset=str(places[0].root), names="qaa")
    assert all(one.name for one in other)
    assert [(one.key, one.name) for one in untold] == [(one.key, "") for one in other]


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_query_is_told(run: Path, query: str) -> None:
    with pytest.raises(UserError, match="query is empty; say what the picture shows, in any language"):
        search(run, query)


def test_a_query_may_be_of_any_length_and_of_words_never_seen(run: Path) -> None:
    assert len(search(run, "red " * 300_000)) == 5
    assert len(search(run, "𓂀 zzz \x00 🦉")) == 5


def test_what_is_not_there_is_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="top is 0; ask for at least one picture"):
        search(run, "red", top=0)
    with pytest.raises(UserError, match="no split 'tset'; did you mean 'test'"):
        search(run, "red", split="tset")
    with pytest.raises(UserError, match="no caption table for the language 'eng'; did you mean 'en'"):
        search(run, "red", names="eng")
    with pytest.raises(UserError, match="nowhere is no dataset folder"):
        search(run, "red", dataset=str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="holds no saved model"):
        search(tmp_path / "nowhere", "red")
