"""What is typed after `isogloss train RECIPE` reaches the recipe of the run, with its type, and changes nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.program import Program
from train.commands import recipe_file

from isogloss.train.recipe import different_fields
from isogloss.train.run import TRAINERS


@pytest.fixture
def saved(tmp_path: Path, isogloss: Program, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The recipe.json of `isogloss train …`, where everything is done but the training itself."""
    monkeypatch.chdir(tmp_path)
    for kind in TRAINERS:
        monkeypatch.setitem(TRAINERS, kind, lambda recipe, folder, *_: folder / "model")  # pyright: ignore

    def train(*arguments: str) -> Any:
        run = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        done = isogloss("train", *arguments, "--run", run)
        assert (done.code, done.output) == (0, f"{run / 'model'}\n"), done.errors
        return json.loads((run / "recipe.json").read_text())

    return train


OVERRIDES: dict[str, tuple[str, Any]] = {
    "--objective per_language": ("objective", "per_language"),
    "--projection-dim 7": ("projection_dim", 7),
    "--data.dataset my-pictures": ("data.dataset", "my-pictures"),
    "--data.languages en": ("data.languages", ["en"]),
    "--data.languages ja hi zh-Hant": ("data.languages", ["ja", "hi", "zh-Hant"]),
    "--data.sources cldr:name emoji:name": ("data.sources", ["cldr:name", "emoji:name"]),
    "--data.images-per-step=12": ("data.images_per_step", 12),
    "--data.images_per_step 12": ("data.images_per_step", 12),
    "--data.no-keep-pictures": ("data.keep_pictures", False),
    "--data.image-size None": ("data.image_size", None),
    "--data.augmentation.flip 0.5": ("data.augmentation.flip", 0.5),
    "--vision.config.embedding-size 48": ("vision.config.embedding_size", 48),
    "--vision.config.hidden-sizes 8 16": ("vision.config.hidden_sizes", [8, 16]),
    "--vision.config.layer-type bottleneck": ("vision.config.layer_type", "bottleneck"),
    "--text.model ./tower": ("text.model", "./tower"),
    "--text.random-weights": ("text.random_weights", True),
    "--text.frozen-epochs 2": ("text.frozen_epochs", 2.0),
    "--training.trackers tensorboard": ("training.trackers", ["tensorboard"]),
    "--training.optimisation.learning-rate 5e-5": ("training.optimisation.learning_rate", 5e-5),
    "--training.optimisation.betas 0.8 0.95": ("training.optimisation.betas", [0.8, 0.95]),
}


@pytest.mark.parametrize("typed", OVERRIDES)
def test_what_is_typed_reaches_the_saved_recipe_and_nothing_else_does(typed: str, saved: Callable[..., Any]) -> None:
    path, wanted = OVERRIDES[typed]
    # A tower that lies somewhere, so that no text stage is trained first.
    named = ["clip_emoji_parallel", *([] if path == "text.model" else ["--text.model", "./elsewhere"])]
    plain, changed = saved(*named), saved(*named, *typed.split())
    assert different_fields(plain, changed) == [path]
    for name in path.split("."):
        changed = changed[name]
    assert (type(changed), changed) == (type(wanted), wanted)


NUMBERS: dict[str, tuple[str, dict[str, float]]] = {
    "clip_coco_parallel --training.optimisation.factors vision_model.* 0.1 log_scale 5": (
        "training.optimisation.factors",
        {"vision_model.*": 0.1, "log_scale": 5.0},
    ),
    "chat_qwen --align.shares en 0.5": ("align.shares", {"en": 0.5}),
    "chat_qwen --align.proportions en 2": ("align.proportions", {"en": 2.0}),
    "chat_qwen --instruct.shares es 0.25 ja 1e-1": ("instruct.shares", {"es": 0.25, "ja": 0.1}),
    "chat_viscpm --instruct.shares.zh 0.5": ("instruct.shares", {"zh": 0.5}),
}


@pytest.mark.parametrize("typed", NUMBERS)
def test_numbers_by_name_are_given_one_by_one_or_all_anew(typed: str, saved: Callable[..., Any]) -> None:
    path, wanted = NUMBERS[typed]
    name, *options = typed.split()
    plain, changed = saved(name), saved(name, *options)
    assert all(field.startswith(path) for field in different_fields(plain, changed))
    for part in path.split("."):
        plain, changed = plain[part], changed[part]
    assert changed == wanted != plain


def test_numbers_by_a_name_that_cannot_be_are_refused(isogloss: Program, tmp_path: Path) -> None:
    done = isogloss("train", "chat_qwen", "--align.shares", "ja", "0.5", "--run", tmp_path / "run")
    assert (done.code, done.output) == (2, "")
    assert done.errors == "isogloss: shares names 'ja', which languages leaves out; add it there.\n"


def test_a_model_that_is_named_takes_the_place_of_a_config(saved: Callable[..., Any]) -> None:
    changed = saved(
        "clip_emoji_parallel", "--text.model", "./elsewhere", "--vision.model", "google/vit-base-patch16-224"
    )
    assert changed["vision"]["model"] == "google/vit-base-patch16-224"
    assert changed["vision"]["config"] == {}
    assert changed["text"]["model"] == "./elsewhere"


def test_several_at_once(saved: Callable[..., Any]) -> None:
    typed = "--config.hidden-size 32 --config.hidden-dropout-prob 0.1 --aligned 0.5 --training.seed 3"
    plain, changed = saved("text_emoji"), saved("text_emoji", *typed.split())
    assert different_fields(plain, changed) == [
        "aligned",
        "config.hidden_dropout_prob",
        "config.hidden_size",
        "training.seed",
    ]


def test_a_recipe_of_a_python_file(saved: Callable[..., Any], isogloss: Program, tmp_path: Path) -> None:
    recipe_file(tmp_path / "my_recipe.py", Path("pictures"), Path("./tower"), steps=9)
    found = saved("my_recipe.py")
    assert (found["data"]["dataset"], found["training"]["steps"]) == ("pictures", 9)
    changed = saved("./my_recipe.py", "--training.steps", "4", "--vision.config.hidden-size", "64")
    assert different_fields(found, changed) == ["training.steps", "vision.config.hidden_size"]
    assert isogloss("train", "my_recipe.py").output == "runs/my_recipe/model\n"
    assert json.loads((tmp_path / "runs" / "my_recipe" / "recipe.json").read_text()) == found


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "recipe = 3\n",
            "my_recipe.py defines no `recipe` that is a ClipRecipe or a TextRecipe or a LanguageModelRecipe or a "
            "ChatRecipe or a PaintRecipe.",
        ),
        (
            "",
            "my_recipe.py defines no `recipe` that is a ClipRecipe or a TextRecipe or a LanguageModelRecipe or a "
            "ChatRecipe or a PaintRecipe.",
        ),
        ("recipe = = 3\n", "The recipe file my_recipe.py fails: SyntaxError: invalid syntax (my_recipe.py, line 1)."),
        ("1 / 0\n", "The recipe file my_recipe.py fails: ZeroDivisionError: division by zero."),
        (None, "There is no recipe file my_recipe.py; give the path of a Python file that defines `recipe`."),
    ],
)
def test_a_recipe_file_that_defines_none(
    content: str | None, told: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("my_recipe.py").write_text(content)
    done = isogloss("train", "my_recipe.py", "--run", "run")
    assert (done.code, done.output, done.errors) == (2, "", f"isogloss: {told}\n")
    assert not Path("run").exists()
