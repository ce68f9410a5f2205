"""A paint experiment: every arm of every seed, the figures of all of them, and whatever stops it, the same end."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from experiment_folders import copied, finish, read, stopped_before, written
from no_processes import environment, in_this_process
from small_paint_experiment import small_paint_experiment
from small_worlds import worlds
from train.fixtures import processor_only
from train.small_chat import LANGUAGES, PICTURES

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import scene_of_picture
from isogloss.errors import UserError
from isogloss.evaluate.drawings import chance
from isogloss.evaluate.drawn import DRAWINGS, THROUGH_ENGLISH, drawn_file, read_drawn
from isogloss.evaluate.paint_figures import paint_figures
from isogloss.evaluate.paint_measures import measures_file, read_measures
from isogloss.evaluate.prompts_in_english import translator_into_english
from isogloss.paint_experiment import PaintExperiment, run_paint_experiment
from isogloss.serve.painting import Painting

__all__ = ["environment", "in_this_process", "processor_only", "worlds"]

ARMS = ("english", "sentence", "es-0.5", "translated")
TRAINED = ("english", "sentence", "es-0.5")


@pytest.fixture(scope="module")
def finished(worlds: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds, in processes of their own."""
    folder = tmp_path_factory.mktemp("finished") / "experiment"
    return finish(run_paint_experiment, small_paint_experiment(*worlds, seeds=(0, 1)), folder)


def test_the_promised_shape_of_the_results(finished: Path, worlds: tuple[Path, Path]) -> None:
    results = read(finished / "results.json")
    assert (results["seeds"], results["split"], results["trained"]) == (2, "test", ["en"])
    assert set(results["languages"]) == set(LANGUAGES)
    for found in results["languages"].values():
        for figure in ("attributes", "all_right"):
            value, low, high = found[figure]
            assert 0 <= low <= value <= high <= 1
        assert found["pictures"] == PICTURES["test"]
    keys = sorted(Dataset.open(worlds[0]).images("test", ["key"])["key"].to_pylist())
    assert results["chance"] == chance([scene_of_picture(key) for key in keys])["attributes"]


def test_the_results_are_those_of_all_seeds_of_each_arm(finished: Path) -> None:
    results = read(finished / "results.json")
    assert tuple(results["arms"]) == ARMS
    for arm in ARMS:
        name, kind = ("english", THROUGH_ENGLISH) if arm == "translated" else (arm, DRAWINGS)
        tables = [read_measures(measures_file(finished / f"seed-{seed}" / name, "test", kind=kind)) for seed in (0, 1)]
        wanted = json.loads(json.dumps(paint_figures(tables, chance=results["chance"], trained=("en",))))
        if arm == "translated":
            del wanted["languages"]["en"]
        assert results["arms"][arm] == {part: wanted[part] for part in ("languages", "averages")}
    assert results["languages"] == results["arms"]["english"]["languages"]
    assert results["averages"] == results["arms"]["english"]["averages"]
    # Languages are compared by what the main arm learnt from, whatever another one did.
    assert results["arms"]["es-0.5"]["averages"]["unseen"]["languages"] == ["es"]


def test_the_baseline_is_painted_of_what_the_language_model_says_in_english(finished: Path) -> None:
    for seed in (0, 1):
        place = finished / f"seed-{seed}"
        own = read_drawn(drawn_file(place / "english", "test")).to_pylist()
        told = read_drawn(drawn_file(place / "english", "test", kind=THROUGH_ENGLISH)).to_pylist()
        spanish = [row for row in own if row["language"] == "es"]
        assert [(row["key"], row["language"], row["seed"]) for row in told] == [
            (row["key"], row["language"], row["seed"]) for row in spanish
        ]
        translate = translator_into_english(place / "language_model").translate
        assert [row["prompt"] for row in told] == list(translate([row["prompt"] for row in spanish], "es"))
    assert list(read(finished / "results.json")["arms"]["translated"]["languages"]) == ["es"]


def test_examples_are_pictures_that_are_there(finished: Path) -> None:
    examples = read(finished / "results.json")["examples"]
    assert len(examples) == PICTURES["test"]
    table = drawn_file(finished / "seed-0" / "english", "test")
    rows = {(row["key"], row["language"]): row for row in read_drawn(table).to_pylist()}
    for example in examples:
        assert (finished / example["picture"]).read_bytes().startswith(b"\x89PNG")
        assert set(example["painted"]) == set(LANGUAGES)
        for tag, painted in example["painted"].items():
            row = rows[example["key"], tag]
            assert painted["prompt"] == row["prompt"]
            assert (finished / painted["picture"]).read_bytes() == (table.parent / row["file"]).read_bytes()
            assert 0 <= painted["attributes"] <= 1 and isinstance(painted["right"], bool)


def test_what_each_run_starts_from(finished: Path) -> None:
    """The seeds share nothing, and the arms of one its text side."""
    for seed in (0, 1):
        place = finished / f"seed-{seed}"
        recipes = {path.parent.name: read(path) for path in place.glob("*/recipe.json")}
        assert set(recipes) == {"language_model", *TRAINED}, "and a text side that no arm reads is not trained"
        assert {recipe["training"]["seed"] for recipe in recipes.values()} == {seed}
        assert {recipes[name]["text"]["model"] for name in TRAINED} == {str(place / "language_model" / "model")}
        assert recipes["es-0.5"]["data"]["shares"] == {"es": 0.5}
    weights = {path.read_bytes() for path in finished.glob("seed-*/*/model/adapter/*.safetensors")}
    assert len(weights) == 2 * len(TRAINED)


def test_it_tells_what_it_was(finished: Path) -> None:
    told = read(finished / "experiment.json")
    assert (told["title"], told["command"], told["seeds"]) == ("Small shapes", "a small one", [0, 1])
    assert tuple(told["arms"]) == ARMS
    assert told["arms"]["es-0.5"] == {
        "label": "half of Spanish",
        "experiment": "little",
        "text": "language_model",
        "share": 0.5,
        "languages_taught": ["es"],
    }
    assert told["painting"] == {"steps": 2, "guidance": 2.0, "pictures": None}
    assert told["duration_seconds"] > 0
    page = (finished / "report.html").read_text(encoding="utf-8")
    for text in ("Small shapes", "a small one", "half of Spanish", "put into English", "one vector"):
        assert text in page


@pytest.mark.usefixtures("in_this_process")
def test_a_finished_one_trains_and_paints_nothing_again(
    finished: Path, worlds: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    before = written(finished)
    results, told = (finished / "results.json").read_text(), read(finished / "experiment.json")
    run_paint_experiment(small_paint_experiment(*worlds, seeds=(0, 1)), finished, jobs=1)
    assert written(finished) == before
    assert (finished / "results.json").read_text() == results
    again = read(finished / "experiment.json")
    assert again["created"] == told["created"]
    assert again["duration_seconds"] > told["duration_seconds"], "what it took before is counted in"
    printed = capsys.readouterr().out
    for text in ("All arms", "half of Spanish", "- does not hold: ", "through English", "Perfect pictures"):
        assert text in printed


@pytest.mark.usefixtures("in_this_process")
def test_a_stopped_one_goes_on_where_it_was(
    finished: Path, worlds: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before the second training and again before the fourth."""
    folder, experiment = tmp_path / "experiment", small_paint_experiment(*worlds)
    trained = stopped_before([1, 3], monkeypatch)
    for _ in range(2):
        with pytest.raises(UserError, match="stopped"):
            run_paint_experiment(experiment, folder, jobs=1)
        assert not (folder / "results.json").exists()
        assert not (folder / "report.html").exists()
    run_paint_experiment(experiment, folder, jobs=1)
    assert trained == ["language_model", *TRAINED]
    for name in TRAINED:
        one, other = (
            (place / "seed-0" / name / "model" / "unet" / "diffusion_pytorch_model.safetensors")
            for place in (folder, finished)
        )
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.usefixtures("in_this_process")
def test_pictures_that_are_lost_are_painted_again(finished: Path, worlds: tuple[Path, Path], tmp_path: Path) -> None:
    folder = copied(finished, tmp_path / "experiment")
    shutil.rmtree(folder / "seed-1" / "english" / "evaluation")
    run_paint_experiment(small_paint_experiment(*worlds, seeds=(0, 1)), folder, jobs=1)
    for part in ("arms", "examples", "chance"):
        assert read(folder / "results.json")[part] == read(finished / "results.json")[part]


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"languages": ("en",)}, "holds another experiment, with other languages; name another folder or remove it"),
        ({"split": "validation"}, "holds another experiment, with other split"),
        ({"pictures": 2}, "holds another experiment, with other painting"),
        ({"painting": Painting(3, 2.0)}, "holds another experiment, with other painting"),
    ],
)
def test_another_experiment_in_its_folder_is_refused(
    changed: dict[str, Any], told: str, finished: Path, worlds: tuple[Path, Path]
) -> None:
    before = (finished / "experiment.json").read_bytes()
    with pytest.raises(UserError, match=told):
        run_paint_experiment(small_paint_experiment(*worlds, seeds=(0, 1), **changed), finished, jobs=1)
    assert (finished / "experiment.json").read_bytes() == before


@pytest.mark.usefixtures("in_this_process")
def test_another_recipe_of_a_run_that_is_there_is_refused(finished: Path, worlds: tuple[Path, Path]) -> None:
    other: PaintExperiment = small_paint_experiment(*worlds, seeds=(0, 1))
    (main, *others) = other.arms
    assert main.recipe is not None
    longer = replace(main.recipe, training=replace(main.recipe.training, steps=4))
    with pytest.raises(UserError, match=r"english holds a run of another recipe \(they differ in training.steps\)"):
        run_paint_experiment(replace(other, arms=(replace(main, recipe=longer), *others)), finished, jobs=1)
