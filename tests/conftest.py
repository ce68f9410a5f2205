"""Shapes and types of every public signature are checked while the tests run."""

import os

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# No test reaches for the Hub; an absent model is told at once.
os.environ["HF_HUB_OFFLINE"] = "1"

install_import_hook("isogloss", "typed.checked")

# Time is measured in bench/, not in tests: a busy machine is no failure.
settings.register_profile("isogloss", deadline=None)
settings.load_profile("isogloss")

# What fails in these is told in as much detail as in a test.
pytest.register_assert_rewrite("experiment_folders", "report.reading")
