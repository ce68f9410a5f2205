"""Recipes: everything that decides a run, as frozen dataclasses, read from a name or a Python file and saved as JSON."""

import importlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from isogloss.errors import UserError, unknown
from isogloss.recipes import recipe_names
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.text_recipe import TextRecipe

Recipe = ClipRecipe | TextRecipe | LanguageModelRecipe | ChatRecipe | PaintRecipe

# Families by name: `family` in recipe.json, whose runs are trained as `train/run.py` says.
KINDS: Mapping[str, type[Recipe]] = {
    "clip": ClipRecipe,
    "text": TextRecipe,
    "lm": LanguageModelRecipe,
    "chat": ChatRecipe,
    "paint": PaintRecipe,
}


def load_recipe(name: str) -> Recipe:
    """The `recipe` of a module of isogloss.recipes, or of a Python file.

    Raises:
        UserError: there is no such recipe (the nearest is named), or the file defines none.
    """
    if name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UserError(f"There is no recipe file {path}; give the path of a Python file that defines `recipe`.")
        specification = importlib.util.spec_from_file_location(path.stem, path)
        assert specification is not None and specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        try:
            specification.loader.exec_module(module)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"The recipe file {path} fails: {type(error).__name__}: {error}.") from error
    elif name in recipe_names():
        module = importlib.import_module(f"isogloss.recipes.{name}")
    else:
        raise unknown("recipe", name, recipe_names())
    recipe = getattr(module, "recipe", None)
    if not isinstance(recipe, Recipe):
        raise UserError(
            f"{name} defines no `recipe` that is a {' or a '.join(kind.__name__ for kind in KINDS.values())}."
        )
    return recipe


def to_json(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON has it, with the `family` that it belongs to."""
    family = next(name for name, kind in KINDS.items() if isinstance(recipe, kind))
    return {"family": family, **json.loads(json.dumps(asdict(recipe)))}


def different_fields(one: Any, other: Any, path: str = "") -> list[str]:
    """The fields, by their path, in which two recipes as JSON differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        found = [different_fields(one.get(key), other.get(key), f"{path}.{key}".lstrip(".")) for key in keys]
        return [path for paths in found for path in paths]
    return [] if one == other else [path]


def with_later_fields(saved: Mapping[str, Any], recipe: Any) -> dict[str, Any]:
    """A saved recipe, with the defaults of fields that recipes did not have yet when it was saved."""
    found = dict(saved)
    for entry in fields(recipe):
        value, held = getattr(recipe, entry.name), found.get(entry.name)
        if is_dataclass(value) and isinstance(held, dict):
            found[entry.name] = with_later_fields(held, value)
        elif entry.name not in found:
            default: Any = entry.default if entry.default_factory is MISSING else entry.default_factory()
            if default is not MISSING:
                found[entry.name] = json.loads(json.dumps(default, default=asdict))
    return found


# The type of fields that hold numbers by names which are the user's, such as shares of languages.
NUMBERS = dict[str, float]


def field_paths(recipe: Any, prefix: str = "") -> list[str]:
    """The command-line names of a recipe's fields, such as "training.optimisation.learning-rate".

    Numbers by name are set one by one, as "shares.es", where they are there already, or all anew, as "shares".
    """
    paths: list[str] = []
    for entry in fields(recipe):
        path, value = f"{prefix}{entry.name}".replace("_", "-"), getattr(recipe, entry.name)
        if is_dataclass(value):
            paths += field_paths(value, f"{path}.")
        elif isinstance(value, dict):
            paths += [path] if entry.type == NUMBERS else []
            paths += [f"{path}.{key}".replace("_", "-") for key in value]
        else:
            paths.append(path)
    return paths
