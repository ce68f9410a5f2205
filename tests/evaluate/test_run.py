"""A run is evaluated from its saved model alone, and what is written says what a naive evaluation says."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from train.recipes import text_recipe
from train.squares import TEST, squares

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.evaluate.provenance import evaluated
from isogloss.evaluate.run import evaluate_run
from isogloss.models.towers import load_dual_encoder
from isogloss.train.run import train

LANGUAGES = ("en", "qaa", "qab")


@pytest.fixture
def run(parallel: Path, tmp_path: Path) -> Path:
    """A copy, so that each test finds a run that nobody has evaluated."""
    shutil.copytree(parallel, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation", "embeddings"))
    return tmp_path / "run"


@torch.no_grad()
def naive_scores(run: Path, dataset: Path, language: str) -> tuple[np.ndarray, list[str], list[str]]:
    """Similarities [caption, image] of the test split, by the saved processor, one picture and caption at a time."""
    model, processor = load_dual_encoder(run / "model")
    split = Dataset.open(dataset).split("test", (language,))
    images: list[torch.Tensor] = []
    captions: list[torch.Tensor] = []
    texts: list[str] = []
    for number, file in enumerate(split.images["file"].to_pylist()):
        picture = Image.open(dataset / file).convert("RGB")
        pixels = processor.image_processor(picture, return_tensors="pt")["pixel_values"]
        images.append(model(pixel_values=pixels).image_embeds[0])
        (text,) = split.captions[language].of(number)
        texts.append(text)
        captions.append(model(**processor.tokenizer(text, return_tensors="pt")).text_embeds[0])
    return (torch.stack(captions) @ torch.stack(images).T).numpy(), texts, split.keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_are_those_of_a_naive_evaluation(run: Path, dataset: Path, language: str) -> None:
    found = evaluate_run(run)["languages"][language]
    scores, _, _ = naive_scores(run, dataset, language)
    for direction, table in (("caption_to_image", scores), ("image_to_caption", scores.T)):
        ranks = 1 + (table > np.diag(table)[:, None]).sum(axis=1)
        for k in (1, 5, 10):
            value, low, high = found[direction][f"accuracy@{k}"]
            assert value == pytest.approx((ranks <= k).mean())
            assert low <= value <= high
        assert found[direction]["rank_quartiles"] == pytest.approx(np.quantile(ranks, [0.25, 0.5, 0.75]))
        assert found[direction]["ranks"]["better"] == (ranks - 1).tolist()


def test_what_is_written(run: Path) -> None:
    result = evaluate_run(run)
    saved = json.loads((run / "evaluation" / "test.json").read_text())
    assert saved == json.loads(json.dumps(result))
    assert (saved["split"], saved["images"], saved["left_out"]) == ("test", TEST, [])
    assert set(saved["languages"]) == set(LANGUAGES)
    figures = {"accuracy@1", "accuracy@5", "accuracy@10", "rank_quartiles", "ranks"}
    for one in saved["languages"].values():
        assert one["captions"] == TEST
        assert set(one["caption_to_image"]) == set(one["image_to_caption"]) == figures


def test_the_gallery_shows_the_same_pictures_in_every_language(run: Path, dataset: Path) -> None:
    evaluate_run(run)
    gallery: list[dict[str, Any]] = json.loads((run / "evaluation" / "gallery.json").read_text())
    by_language = {tag: [row for row in gallery if row["language"] == tag] for tag in LANGUAGES}
    assert {len(rows) for rows in by_language.values()} == {3}
    assert len({tuple(row["key"] for row in rows) for rows in by_language.values()}) == 1
    for language, rows in by_language.items():
        scores, texts, keys = naive_scores(run, dataset, language)
        for row in rows:
            query = texts.index(row["query"])
            assert keys[query] == row["key"]
            best = np.argsort(-scores[query])[:5]
            assert [one["key"] for one in row["found"]] == [keys[image] for image in best]
            assert [one["score"] for one in row["found"]] == pytest.approx(scores[query][best], abs=1e-4)
            assert row["rank"] == 1 + (scores[query] > scores[query][query]).sum()


def test_some_languages_and_then_the_others(run: Path) -> None:
    evaluate_run(run, languages=("qaa",))
    first = json.loads((run / "evaluation" / "test.json").read_text())["languages"]
    assert set(first) == {"qaa"}
    evaluate_run(run, languages=("en",))
    both = json.loads((run / "evaluation" / "test.json").read_text())["languages"]
    assert set(both) == {"qaa", "en"}
    assert both["qaa"] == first["qaa"]
    assert {row["language"] for row in json.loads((run / "evaluation" / "gallery.json").read_text())} == {"qaa", "en"}


def test_another_split_and_another_dataset_have_files_of_their_own(run: Path, tmp_path: Path) -> None:
    squares(tmp_path / "more", ("en", "qaa", "qab", "qac"), captions=3)
    evaluate_run(run)
    before = (run / "evaluation" / "test.json").read_bytes()
    assert evaluate_run(run, split="validation")["images"] == 16
    found = evaluate_run(run, dataset=str(tmp_path / "more"))
    assert set(found["languages"]) == {"en", "qaa", "qab", "qac"}
    for one in found["languages"].values():
        assert one["captions"] == 3 * TEST
        assert len(one["caption_to_image"]["ranks"]["better"]) == 3 * TEST
        assert len(one["image_to_caption"]["ranks"]["better"]) == TEST
    names = {"test.json", "gallery.json", "validation.json", "gallery-validation.json"}
    assert {path.name for path in (run / "evaluation").iterdir()} == names | {
        "more-test.json",
        "gallery-more-test.json",
    }
    assert (run / "evaluation" / "test.json").read_bytes() == before


def languages_saved(run: Path, file: str = "test") -> list[set[str]]:
    """Those of the figures, and those of the gallery."""
    figures = json.loads((run / "evaluation" / f"{file}.json").read_text())["languages"]
    shown = "gallery.json" if file == "test" else f"gallery-{file}.json"
    gallery = json.loads((run / "evaluation" / shown).read_text())
    return [set(figures), {row["language"] for row in gallery}]


def test_a_model_that_was_trained_anew_shares_no_figures_with_the_one_before(run: Path) -> None:
    evaluate_run(run, languages=("en", "qaa"))
    assert evaluated(run, "test", ("qaa", "en"))
    assert not evaluated(run, "test", LANGUAGES)
    assert not evaluated(run, "validation", ("en",))
    model, _ = load_dual_encoder(run / "model")
    with torch.no_grad():
        model.text_projection.weight[0, 0] += 1
    model.save_pretrained(run / "model")
    assert not evaluated(run, "test", ("en",))
    evaluate_run(run, languages=("en",))
    assert languages_saved(run) == [{"en"}, {"en"}]
    assert evaluated(run, "test", ("en",))


def test_captions_of_other_sources_share_no_figures(run: Path) -> None:
    evaluate_run(run, languages=("en", "qaa"))
    evaluate_run(run, languages=("en",), sources=("test",))
    assert languages_saved(run) == [{"en"}, {"en"}]
    assert evaluated(run, "test", ("en",), sources=("test",))
    assert not evaluated(run, "test", ("en",))


def test_datasets_of_one_name_share_no_figures(run: Path, tmp_path: Path) -> None:
    for place in ("one", "other"):
        squares(tmp_path / place / "more", ("en", "qaa"))
    evaluate_run(run, dataset=str(tmp_path / "one" / "more"))
    other = str(tmp_path / "other" / "more")
    assert not evaluated(run, "test", ("en",), other)
    evaluate_run(run, dataset=other, languages=("en",))
    assert languages_saved(run, "more-test") == [{"en"}, {"en"}]
    assert evaluated(run, "test", ("en",), other)
    assert not evaluated(run, "test", ("en",)), "the run's own dataset has not been asked"


def test_a_dataset_bears_its_name_from_wherever_it_is_named(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = squares(tmp_path / "more", ("en", "qaa")).root
    monkeypatch.chdir(root)
    evaluate_run(run, dataset=".", languages=("en",))
    monkeypatch.chdir(tmp_path)
    evaluate_run(run, dataset="more", languages=("qaa",))
    assert languages_saved(run, "more-test") == [{"en", "qaa"}] * 2
    assert {path.name for path in (run / "evaluation").iterdir()} == {"more-test.json", "gallery-more-test.json"}


def test_figures_that_do_not_say_what_they_measured_are_made_anew(run: Path) -> None:
    result = evaluate_run(run, languages=("en", "qaa"))
    older = {name: result[name] for name in ("split", "images", "languages")}
    (run / "evaluation" / "test.json").write_text(json.dumps(older))
    assert not evaluated(run, "test", ("en",))
    evaluate_run(run, languages=("en",))
    assert languages_saved(run) == [{"en"}, {"en"}]


def test_languages_without_a_caption_here_are_left_out_unless_they_are_named(run: Path, tmp_path: Path) -> None:
    root = squares(tmp_path / "more", ("en", "qaa", "qab")).root
    table = pq.read_table(root / "captions" / "qaa.parquet")
    inside = Dataset.open(root).split("test", ("en",)).keys
    kept = table.filter([key not in inside for key in table["key"].to_pylist()])
    pq.write_table(kept, root / "captions" / "qaa.parquet")
    result = evaluate_run(run, dataset=str(root))
    assert (set(result["languages"]), result["left_out"]) == ({"en", "qab"}, ["qaa"])
    assert languages_saved(run, "more-test") == [{"en", "qab"}] * 2
    with pytest.raises(UserError, match=r"qaa\.parquet holds no caption for the split 'test'"):
        evaluate_run(run, dataset=str(root), languages=("en", "qaa"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"languages": ("qaaa",)}, "no caption table for the language 'qaaa'; did you mean 'qaa'"),
        ({"split": "tset"}, "no split 'tset'; did you mean 'test'"),
        ({"sources": ("cldr:name",)}, "holds no caption of these sources"),
        ({"dataset": "nowhere"}, "nowhere is no dataset folder"),
    ],
)
def test_what_the_dataset_has_not_is_told(run: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        evaluate_run(run, **options)
    assert not (run / "evaluation").exists()


def test_a_run_that_cannot_be_evaluated_is_told(run: Path, dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none"):
        evaluate_run(tmp_path / "none")
    weights = run / "model" / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:1000])
    with pytest.raises(UserError, match="no dual encoder that can be loaded"):
        evaluate_run(run)
    shutil.rmtree(run / "model")
    with pytest.raises(UserError, match="holds no saved model; name the folder of a finished run"):
        evaluate_run(run)
    train(text_recipe(dataset, steps=1), tmp_path / "text", quiet=True)
    with pytest.raises(UserError, match="no dual encoder"):
        evaluate_run(tmp_path / "text")


def test_a_model_that_has_lost_its_numbers_has_no_figures(run: Path) -> None:
    """Nothing compares with what is not a number, and so it would pass for a model that knows everything."""
    model, _ = load_dual_encoder(run / "model")
    with torch.no_grad():
        model.text_projection.weight[0, 0] = float("nan")
    model.save_pretrained(run / "model")
    with pytest.raises(UserError, match="not finite numbers"):
        evaluate_run(run)
