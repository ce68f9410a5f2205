"""The figures in docs/results are of the recipes as they are, so that the command beside them makes them again."""

from pathlib import Path

from isogloss.recipes.clip_emoji_parallel import recipe as parallel
from isogloss.recipes.text_emoji import recipe as text

PAGE = Path(__file__).parents[2] / "docs" / "results" / "emoji.md"


def test_the_steps_are_those_of_the_recipes() -> None:
    words = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"{parallel.training.steps} steps of {parallel.data.images_per_step} pictures" in words
    assert f"{text.training.steps} steps of {text.data.meanings_per_step} names" in words
    assert parallel.text.frozen == ("embeddings.*",)
