"""Tiny translation models, each saved and converted once for all tests, which none may change."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from translate.engines.tiny_translators import SAVED

Saved = Callable[[str], Path]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The folder of a checkpoint by its family."""
    root = tmp_path_factory.mktemp("translators")
    return cache(lambda family: SAVED[family](root / family))


@pytest.fixture(scope="session")
def converted(saved: Saved, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The same converted for CTranslate2, in float32."""
    from isogloss.translate.conversion import convert

    root = tmp_path_factory.mktemp("converted")

    @cache
    def make(family: str) -> Path:
        folder = root / family
        folder.mkdir()
        convert(saved(family), folder, "float32")
        return folder

    return make
