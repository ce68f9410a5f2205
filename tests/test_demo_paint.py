"""The demo of paint: its arms, and the experiment that it runs."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from small_demos import noted

from isogloss import demo_paint
from isogloss.cli import dispatch
from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.world import LANGUAGES
from isogloss.demo_paint import MAIN, PAINTING, SHARES, SIDE, SIDES, TEXTS_BY_NAME, TRANSLATOR, paint_arms
from isogloss.paint_experiment import PaintExperiment
from isogloss.recipes.paint_shapes import recipe as paint
from isogloss.train.text_recipe import TextRecipe

OTHERS = tuple(tag for tag in LANGUAGES if tag != "en")
PIVOT = ["english", "translated"]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[PaintExperiment, Path, int]]:
    """The experiments that would be run, where, and how many arms at a time."""
    return noted("demo-paint", tmp_path, monkeypatch)


def test_the_pivot_has_english_captions_alone_and_translation_beside() -> None:
    english, translated = paint_arms(("pivot",))
    assert english.recipe == replace(paint, reading=SIDES[MAIN].reading, adapter=SIDES[MAIN].adapter)
    assert english.recipe.data.languages == ("en",)
    assert (english.experiment, english.text, english.taught) == ("pivot", SIDES[MAIN].text, ())
    assert (translated.experiment, translated.recipe) == ("translated", None)


def test_every_way_of_reading_is_compared_once() -> None:
    arms = paint_arms(("layers",))
    assert [arm.name for arm in arms[:2]] == PIVOT, "the pivot is in all experiments"
    assert [arm.name for arm in arms[2:]] == [name for name in SIDES if name != MAIN]
    made = [(arm.text, arm.recipe.reading, arm.recipe.adapter) for arm in arms if arm.recipe]
    assert all(made.count(one) == 1 for one in made)
    assert {arm.text for arm in arms} == set(TEXTS_BY_NAME)
    into = TEXTS_BY_NAME[TRANSLATOR]
    assert isinstance(into, TextRecipe) and (into.pivot, TRANSLATOR) == ("en", SIDES[MAIN].text)


@pytest.mark.parametrize("name", SIDES)
def test_what_is_read_is_there(name: str) -> None:
    side = SIDES[name]
    text = TEXTS_BY_NAME[side.text]
    assert side.reading.slots in (0, getattr(text, "slots", 0))
    positions, layers = (text.config[field] for field in ("max_position_embeddings", "num_hidden_layers"))
    assert isinstance(positions, int) and side.reading.tokens <= positions - 2
    assert isinstance(layers, int) and (side.reading.layer or 0) <= layers


def test_how_little_is_enough() -> None:
    arms = paint_arms(("little",))[2:]
    assert [arm.share for arm in arms] == list(SHARES)
    for arm in arms:
        assert arm.recipe is not None
        assert (arm.taught, arm.recipe.data.languages) == (OTHERS, ("en", *OTHERS))
        assert arm.recipe.data.shares == dict.fromkeys(OTHERS, arm.share)
        assert arm.recipe.reading == SIDES[MAIN].reading
    assert arms[0].label == "0.1% of captions in 9 more languages"


def test_all_experiments_together_have_each_arm_once() -> None:
    arms = paint_arms(demo_paint.EXPERIMENTS)
    assert len({arm.name for arm in arms}) == len({arm.label for arm in arms}) == len(arms)
    assert not {arm.name for arm in arms} & set(TEXTS_BY_NAME), "they lie in one folder"


def test_what_the_command_runs(asked: list[tuple[PaintExperiment, Path, int]]) -> None:
    typed = ["demo-paint", "--folder", "a place", "--experiments", "pivot", "little", "--seeds", "2", "--jobs", "3"]
    dispatch([*typed, "--pictures", "1"])
    ((experiment, folder, jobs),) = asked
    assert (folder, jobs) == (Path("a place"), 3)
    assert (experiment.seeds, experiment.split, experiment.pictures) == ((0, 1), "test", 1)
    assert (experiment.languages, experiment.painting, experiment.translator) == (LANGUAGES, PAINTING, TRANSLATOR)
    assert [arm.name for arm in experiment.arms] == [*PIVOT, *(f"many-{share:g}" for share in SHARES)]
    assert {arm.recipe.data.dataset for arm in experiment.arms if arm.recipe} == {str(folder / "shapes")}
    assert {name: recipe.data.dataset for name, recipe in experiment.texts.items()} == {
        "encoder": str(folder / "shapes-parallel"),
        "language_model": str(folder / "shapes-text"),
    }
    shapes = Dataset.open(folder / "shapes")
    assert shapes.splits == {"train": 3, "validation": 1, "test": 2, "test_pairs": 2}
    assert set(shapes.images(columns=["width"])["width"].to_pylist()) == {SIDE}
    # Another number of arms at a time measures the same.
    told = ["--folder", "a place", "--seeds", "2", "--experiments", "pivot", "little", "--pictures", "1"]
    assert shlex.split(experiment.command) == ["isogloss", "demo-paint", *told]
