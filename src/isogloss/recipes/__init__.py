"""Recipes by name: a module each, whose `recipe` is what `isogloss train NAME` runs."""

import pkgutil


def recipe_names() -> list[str]:
    """The recipes that come with isogloss; none of them is imported for it."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))
