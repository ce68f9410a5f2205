"""Tiny towers, each saved once for all tests, which none may change."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from models.tiny_towers import TOKENS, VISION, save_text, save_vision

from isogloss.models.clip import DualEncoder
from isogloss.models.towers import Tower, build_dual_encoder

Saved = Callable[[str], Path]
Build = Callable[[str, str], tuple[DualEncoder, object]]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The folder of a tower by its model type."""
    root = tmp_path_factory.mktemp("towers")

    @cache
    def save(model_type: str) -> Path:
        return (save_vision if model_type in VISION else save_text)(root / model_type, model_type)

    return save


@pytest.fixture(scope="session")
def built(saved: Saved) -> Build:
    """A dual encoder of two towers and its processor; not to be changed."""

    @cache
    def build(vision: str, text: str) -> tuple[DualEncoder, object]:
        towers = Tower(model=str(saved(vision))), Tower(model=str(saved(text)))
        return build_dual_encoder(*towers, projection_dim=8, text_tokens=TOKENS)

    return build


@pytest.fixture
def vit(saved: Saved) -> Tower:
    return Tower(model=str(saved("vit")))


@pytest.fixture
def roberta(saved: Saved) -> Tower:
    return Tower(model=str(saved("xlm-roberta")))
