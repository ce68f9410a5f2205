"""Shapes and types of every public signature are checked while the tests run."""

from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook("isogloss", "typed.checked")

# Time is measured in bench/, not in tests: a busy machine is no failure.
settings.register_profile("isogloss", deadline=None)
settings.load_profile("isogloss")
