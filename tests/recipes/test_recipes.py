"""The recipes that come with isogloss: whole, what their docstrings say, and known to nothing but the command line."""

import ast
import json
import re
import shlex
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import isogloss.recipes
from isogloss.cli import dispatch
from isogloss.languages import language
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.clip import freezing
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.recipe import KINDS, Recipe, different_fields, load_recipe, to_json
from isogloss.train.run import EARLIER
from isogloss.train.stages import frozen_at

PACKAGE = Path(isogloss.recipes.__path__[0])
RECIPES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
# The command line and the demos choose among recipes; what computes is given one.
CHOOSERS = ("recipes", "cli.py", "demo.py", "demo_chat.py", "demo_paint.py")
LIBRARY = sorted(
    str(path.relative_to(PACKAGE.parent))
    for path in PACKAGE.parent.rglob("*.py")
    if path.relative_to(PACKAGE.parent).parts[0] not in CHOOSERS
)


def rebuilt(kind: Any, saved: Any) -> Any:
    """A recipe, or a part of one, from what its JSON says."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        assert saved.keys() == {entry.name for entry in fields(kind)}
        make: Any = kind
        return make(**{name: rebuilt(hints[name], value) for name, value in saved.items()})
    if str(kind).startswith("tuple"):
        return tuple(rebuilt(get_args(kind)[0], value) for value in saved)
    return saved


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_name_and_is_the_same_after_json(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe is import_module(f"isogloss.recipes.{name}").recipe
    saved = json.loads(json.dumps(to_json(recipe)))
    kind = KINDS[saved.pop("family")]
    assert rebuilt(kind, saved) == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_the_command_that_its_docstring_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.findall(r"^isogloss .*$", import_module(f"isogloss.recipes.{name}").__doc__ or "", flags=re.MULTILINE)
    asked: list[tuple[Recipe, Path]] = []

    def train(recipe: Recipe, folder: Path, quiet: bool = False) -> Path:
        asked.append((recipe, folder))
        return folder / "model"

    monkeypatch.setattr("isogloss.train.run.train", train)
    assert len(found) == 1
    for command in found:
        _, family, named, *options = shlex.split(command)
        assert (family, named) == ("train", name)
        dispatch([family, named, *options])
        ((recipe, folder),) = asked
        typed = {option.removeprefix("--").replace("-", "_") for option in options if option.startswith("--")}
        differing = different_fields(to_json(load_recipe(name)), to_json(recipe))
        assert set(differing) <= typed - {"run"}, "nothing changes but what is typed"
        assert str(folder) == options[options.index("--run") + 1]


@pytest.mark.parametrize("name", RECIPES)
def test_its_languages_are_known(name: str) -> None:
    recipe = load_recipe(name)
    for part in (recipe.align, recipe.instruct) if isinstance(recipe, ChatRecipe) else (recipe.data,):
        languages = part.languages
        assert [language(tag).tag for tag in languages] == list(languages)
        assert len(set(languages)) == len(languages)


@pytest.mark.parametrize("world", ["emoji", "coco"])
def test_the_two_arms_differ_in_their_languages_alone(world: str) -> None:
    english, parallel = (to_json(load_recipe(f"clip_{world}_{arm}")) for arm in ("english", "parallel"))
    assert different_fields(english, parallel) == ["data.languages"]
    assert english["data"]["languages"] == ["en"]
    assert "en" in parallel["data"]["languages"] and len(parallel["data"]["languages"]) > 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_tower_that_is_named_is_a_recipe_of_a_family_that_can_be_one(name: str) -> None:
    recipe = load_recipe(name)
    parts = EARLIER.get(type(recipe), {})
    named = {part for part in parts if getattr(recipe, part).model in RECIPES}
    for part in named:
        assert isinstance(load_recipe(getattr(recipe, part).model), parts[part])
    if "emoji" in name or "shapes" in name:
        assert named == parts.keys(), "it needs no download"


def test_the_paper_at_its_own_scale() -> None:
    recipe = load_recipe("clip_coco_parallel")
    assert isinstance(recipe, ClipRecipe)
    assert (recipe.vision.model, recipe.text.model) == ("google/vit-base-patch16-224-in21k", "xlm-roberta-base")
    assert recipe.data.languages == ("en", "es", "ja", "hi")
    # Karpathy's train and restval: 82,783 pictures of COCO's training set and 30,504 of its validation set.
    steps_per_epoch = (82_783 + 30_504) // recipe.data.images_per_step
    assert recipe.training.steps == 10 * steps_per_epoch
    stages = freezing(recipe).stages
    assert frozen_at(stages, steps_per_epoch // 2 - 1, recipe.training.steps, steps_per_epoch) == (
        "vision_model.*",
        "text_model.*",
    )
    assert frozen_at(stages, steps_per_epoch // 2, recipe.training.steps, steps_per_epoch) == ()


@pytest.mark.parametrize("path", LIBRARY)
def test_the_library_imports_no_recipe(path: str) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE.parent / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    assert not {name for name in imported if re.match(rf"isogloss\.recipes\.({'|'.join(RECIPES)})\b", name)}
