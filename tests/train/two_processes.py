"""What each of the processes in `test_distributed` does: a run whose text stage is trained first."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from train.recipes import clip_recipe, text_recipe, word_tokenizer

from isogloss.data.dataset import Dataset
from isogloss.train import run


def train_both(dataset: Path, folder: Path) -> None:
    """Train the text stage and the dual encoder on it; the steps do not divide by two, so shares are uneven."""
    opened = Dataset.open(dataset)
    words = word_tokenizer(text for tag in opened.languages for text in opened.captions(tag)["text"].to_pylist())
    text, clip = text_recipe(dataset), clip_recipe(dataset, "a text stage")
    text = replace(text, data=replace(text.data, meanings_per_step=15))
    clip = replace(clip, data=replace(clip.data, images_per_step=15, hidden_tokens=0.2))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "recipe_names", lambda: ["a text stage"])
        patched.setattr(run, "load_recipe", lambda name: text)
        # One that is learnt is never learnt twice alike.
        patched.setattr("isogloss.train.text.train_tokenizer", lambda texts, vocabulary, tokens, slots: words)
        run.train(clip, folder, quiet=True)


if __name__ == "__main__":
    train_both(*map(Path, sys.argv[1:]))
