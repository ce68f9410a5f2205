"""Recipes by name, from files and as JSON; what is mistyped is told with the nearest known name."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from train.recipes import clip_recipe, text_recipe

from isogloss.errors import UserError
from isogloss.models.towers import Tower
from isogloss.recipes import recipe_names
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.optim import Optimisation
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.recipe import KINDS, different_fields, field_paths, load_recipe, to_json, with_later_fields
from isogloss.train.text_recipe import TextRecipe
from isogloss.train.training import Training

RECIPES = recipe_names()


def test_the_recipes_that_come_with_it() -> None:
    assert {"clip_emoji_english", "clip_emoji_parallel", "text_emoji"} <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_loads_and_is_the_same_after_json(name: str) -> None:
    recipe = load_recipe(name)
    saved = to_json(recipe)
    assert isinstance(recipe, KINDS[saved["family"]])
    assert json.loads(json.dumps(saved)) == saved, "nothing that JSON would change is left in it"
    assert different_fields(saved, to_json(load_recipe(name))) == []
    wanted = {path.split(".")[0].replace("-", "_") for path in field_paths(recipe)} | {"family"}
    assert saved.keys() == wanted


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_that_was_saved_before_a_field_was_there_has_its_default(name: str) -> None:
    recipe = load_recipe(name)
    saved = to_json(recipe)
    del saved["training" if "training" in saved else "instruct"]
    whole = with_later_fields(saved, recipe)
    assert whole.keys() == to_json(recipe).keys() and json.loads(json.dumps(whole)) == whole
    differing = different_fields(whole, to_json(recipe))
    assert differing, "the default is another"
    assert all(field.split(".")[0] in ("training", "instruct") for field in differing)
    assert with_later_fields(to_json(recipe), recipe) == to_json(recipe)


def test_a_field_within_a_stage_that_came_later_has_its_default() -> None:
    recipe = load_recipe("chat_shapes")
    saved = to_json(recipe)
    del saved["align"]["texts"], saved["instruct"]["excess"]
    assert different_fields(with_later_fields(saved, recipe), to_json(recipe)) == ["instruct.excess"]
    del saved["data"]["dataset"]
    assert "dataset" not in with_later_fields(saved, recipe)["data"], "of which there is no default"


def test_the_arms_differ_in_their_languages_alone() -> None:
    english, parallel = (to_json(load_recipe(f"clip_emoji_{arm}")) for arm in ("english", "parallel"))
    assert different_fields(english, parallel) == ["data.languages"]
    assert english["data"]["languages"] == ["en"]
    assert parallel["data"]["languages"] == ["en", "es", "ja", "ar"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("clip_emoji_parallell", "did you mean 'clip_emoji_parallel'"),
        ("emoji_text", "did you mean 'text_emoji'"),
        ("xyzzy", "did you mean 'text_emoji'"),
    ],
)
def test_an_unknown_recipe_names_the_nearest_or_all(name: str, told: str) -> None:
    with pytest.raises(UserError, match=f"no recipe '{name}'; {told}"):
        load_recipe(name)


def test_a_recipe_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import replace\n"
        "from isogloss.recipes.clip_emoji_parallel import recipe as parallel\n"
        "recipe = replace(parallel, projection_dim=7)\n"
    )
    recipe = load_recipe(str(path))
    assert isinstance(recipe, ClipRecipe)
    assert recipe.projection_dim == 7


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("recipe = 3", "defines no `recipe` that is a ClipRecipe or a TextRecipe"),
        ("other = 3", "defines no `recipe`"),
        ("recipe = = 3", "fails: SyntaxError"),
        ("import nowhere_at_all", "fails: ModuleNotFoundError"),
        ("from isogloss.train.training import Training\nTraining(steps=-1)", "^steps is -1; give a whole number"),
        ("from isogloss.models.towers import Tower\nTower()", "^A tower needs either a model"),
    ],
)
def test_a_file_that_is_no_recipe_is_told(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(content)
    with pytest.raises(UserError, match=sentence):
        load_recipe(str(path))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no recipe file .*none\.py; give the path of a Python file"):
        load_recipe(str(tmp_path / "none.py"))


def test_which_fields_differ() -> None:
    one = to_json(clip_recipe(Path("d"), Path("t")))
    other = to_json(clip_recipe(Path("d"), Path("t"), steps=9, optimisation=Optimisation(betas=(0.9, 0.99))))
    assert different_fields(one, other) == [
        "training.optimisation.betas",
        "training.optimisation.learning_rate",
        "training.steps",
    ]
    assert different_fields({"a": {"b": 1}}, {"a": 1, "c": None, "d": 2}) == ["a", "d"]


def test_the_paths_of_fields_are_those_of_the_command_line() -> None:
    paths = field_paths(clip_recipe(Path("d"), Path("t")))
    assert {"data.images-per-step", "training.optimisation.learning-rate", "vision.config.hidden-size"} <= set(paths)
    assert len(paths) == len(set(paths))
    assert {path.split(".")[0] for path in paths} == {entry.name.replace("_", "-") for entry in fields(ClipRecipe)}


@pytest.mark.parametrize("changed", ["data", "training"])
def test_json_says_everything(changed: str) -> None:
    """Every field of every part is in it, so that a run can be repeated from its recipe.json."""
    part: Any = {"data": ParallelData("d"), "training": Training()}[changed]
    saved = to_json(replace(clip_recipe(Path("d"), Path("t")), **{changed: part}))[changed]
    assert saved.keys() == {entry.name for entry in fields(part)}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "needs either a model"),
        ({"model": "a", "config": {"model_type": "vit"}}, "and not both"),
        ({"config": {"hidden_size": 3}}, "needs a model_type"),
    ],
)
def test_a_tower_that_cannot_be_is_told(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Tower(**wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"masked": -1.0}, "masked is -1.0; give a weight of at least 0"),
        ({"aligned": float("inf")}, "aligned is inf; give a weight"),
        ({"masked": 0.0, "aligned": 0.0}, "masked and aligned are both 0, .*; give one of them a weight above 0"),
        (
            {"hidden_tokens": 0.0},
            r"hidden_tokens is 0, .*\(masked is 1\).*; give a share such as 0\.15, or a weight of 0",
        ),
    ],
)
def test_a_text_stage_that_would_train_nothing_is_told(wrong: dict[str, Any], sentence: str) -> None:
    recipe = text_recipe(Path("d"))
    with pytest.raises(UserError, match=sentence):
        replace(recipe, **wrong)
    assert replace(recipe, masked=0.0, hidden_tokens=0.0).aligned, "alignment alone needs no hidden token"


def test_the_family_of_each_kind() -> None:
    assert to_json(text_recipe(Path("d")))["family"] == "text"
    assert to_json(clip_recipe(Path("d"), Path("t")))["family"] == "clip"
    assert {
        "clip": ClipRecipe,
        "text": TextRecipe,
        "lm": LanguageModelRecipe,
        "chat": ChatRecipe,
        "paint": PaintRecipe,
    } == KINDS
