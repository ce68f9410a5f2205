"""A validation split that nothing can be measured on is told before training, and not left out in silence."""

from dataclasses import replace
from pathlib import Path

import pytest
from data.small_dataset import caption_table, rewrite
from train.recipes import clip_recipe
from train.squares import squares

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.train.run import train


@pytest.fixture
def pictures(tmp_path: Path) -> Dataset:
    return squares(tmp_path / "squares", ("en", "qaa", "qab"))


def test_captions_of_other_languages_alone(pictures: Dataset, text_tower: Path, tmp_path: Path) -> None:
    validation = set(pictures.images("validation")["key"].to_pylist())
    for tag in ("qaa", "qab"):
        rows = pictures.captions(tag).to_pylist()
        rewrite(
            pictures, tag, caption_table([(row["key"], row["text"]) for row in rows if row["key"] not in validation])
        )
    with pytest.raises(
        UserError, match="The validation split has no caption in qaa, qab .*; add some, or leave the split"
    ):
        train(clip_recipe(pictures.root, text_tower, ("qaa", "qab")), tmp_path / "run", quiet=True)


def test_captions_of_other_sources_alone(pictures: Dataset, text_tower: Path, tmp_path: Path) -> None:
    validation = set(pictures.images("validation")["key"].to_pylist())
    table = pictures.captions("en")
    sources = ["human" if key in validation else "machine" for key in table["key"].to_pylist()]
    rewrite(pictures, "en", table.set_column(2, "source", [sources]))
    recipe = clip_recipe(pictures.root, text_tower, ("en",), steps=1)
    with pytest.raises(UserError, match="The validation split has no caption in en .*; add some, or leave the split"):
        only = replace(recipe, data=replace(recipe.data, sources=("machine",)))
        train(only, tmp_path / "machine", quiet=True)
    both = replace(recipe, data=replace(recipe.data, sources=("machine", "human")))
    assert train(both, tmp_path / "both", quiet=True).is_dir()
