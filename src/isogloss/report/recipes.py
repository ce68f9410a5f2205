"""Recipes as they were saved, and what differs between those of the arms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.saved import read_object


@dataclass(frozen=True)
class Difference:
    """A field, by its dotted path, that differs between recipes; None where a recipe lacks it."""

    path: str
    values: tuple[str | None, ...]


def read_recipes(runs: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """The recipe of each run, by its name, as far as the runs still lie in their folders.

    Raises:
        UserError: a recipe is damaged.
    """
    files = {name: run / "recipe.json" for name, run in runs.items()}
    return {name: read_object(file) for name, file in files.items() if file.exists()}


def differences(recipes: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """The fields that are not the same in all recipes, in the order in which they first come.

    >>> differences([{"steps": 9, "languages": ["en"]}, {"steps": 9, "languages": ["en", "es"]}])
    [Difference(path='languages', values=('["en"]', '["en", "es"]'))]
    """
    flat = [_flatten(recipe) for recipe in recipes]
    paths = dict.fromkeys(path for fields in flat for path in fields)
    found = [Difference(path, tuple(fields.get(path) for fields in flat)) for path in paths]
    return [difference for difference in found if len(set(difference.values)) > 1]


def written(recipe: Mapping[str, Any]) -> str:
    """A recipe as readable JSON."""
    return json.dumps(recipe, ensure_ascii=False, indent=2)


def _flatten(value: Mapping[str, Any], path: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            flat |= _flatten(inner, f"{path}{name}.")
        else:
            flat[f"{path}{name}"] = json.dumps(inner, ensure_ascii=False)
    return flat
