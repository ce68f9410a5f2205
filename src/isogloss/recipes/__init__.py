"""Recipes by name: a module each, whose `recipe` is what `isogloss train NAME` runs."""
