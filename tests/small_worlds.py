"""Small worlds of pictures and of texts in two languages, and a text stage of a few steps on the latter."""

from dataclasses import replace
from pathlib import Path

import pytest
from train.recipes import TRAINING
from train.small_chat import LANGUAGES, WRITER, small_world

from isogloss.data.worlds.shapes.world import build_shapes_text
from isogloss.train.lm_recipe import CorpusData, LanguageModelRecipe

SHORT = replace(TRAINING, steps=3, validate_every=0, checkpoint_every=2)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Single shapes with pictures, and texts about others."""
    folder = tmp_path_factory.mktemp("worlds")
    pictures, texts = folder / "shapes", folder / "texts"
    small_world(pictures, LANGUAGES)
    build_shapes_text(texts, conversations={"train": 80}, languages=LANGUAGES)
    return pictures, texts


def text_stage(texts: Path) -> LanguageModelRecipe:
    """A language model that reads the texts."""
    return LanguageModelRecipe(
        data=CorpusData(str(texts), conversations_per_step=8, row_tokens=128),
        config=WRITER,
        vocabulary=400,
        tokens=128,
        training=SHORT,
    )
