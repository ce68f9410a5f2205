"""A paint experiment of seconds: a text side and arms of a few steps each, in two languages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from train.recipes import TRAINING
from train.small_chat import WRITER, small_world
from train.small_paint import paint_recipe

from isogloss.data.worlds.shapes.world import build_shapes_text
from isogloss.models.adapter import Adapter
from isogloss.paint_experiment import PaintArm, PaintExperiment
from isogloss.serve.painting import Painting
from isogloss.train.lm_recipe import CorpusData, LanguageModelRecipe
from isogloss.train.paint_recipe import PaintRecipe

LANGUAGES = ("en", "es")


def small_worlds(folder: Path) -> tuple[Path, Path]:
    """Single shapes with pictures, and texts about others."""
    pictures, texts = folder / "shapes", folder / "texts"
    small_world(pictures, LANGUAGES)
    build_shapes_text(texts, conversations={"train": 80}, languages=LANGUAGES)
    return pictures, texts


def small_paint_experiment(shapes: Path, texts: Path, **changed: Any) -> PaintExperiment:
    """One arm of each kind."""
    short = replace(TRAINING, steps=3, validate_every=0, checkpoint_every=2)
    paint = replace(paint_recipe(shapes, Path("the text side")), stages=(), training=short)

    def taught(share: float) -> PaintRecipe:
        return replace(paint, data=replace(paint.data, languages=LANGUAGES, shares={"es": share}))

    sentence = replace(paint, adapter=Adapter("sentence", queries=2))
    return PaintExperiment(
        **{
            "title": "Small shapes",
            "command": "a small one",
            "dataset": shapes,
            "texts": {
                "language_model": LanguageModelRecipe(
                    data=CorpusData(str(texts), conversations_per_step=8, row_tokens=128),
                    config=WRITER,
                    vocabulary=400,
                    tokens=128,
                    training=short,
                ),
                "not read": LanguageModelRecipe(CorpusData("nowhere"), config=WRITER),
            },
            "arms": (
                PaintArm("english", "English pairs", "pivot", "language_model", paint),
                PaintArm("sentence", "one vector", "layers", "language_model", sentence),
                PaintArm("es-0.5", "half of Spanish", "little", "language_model", taught(0.5), ("es",), 0.5),
                PaintArm("translated", "put into English", "translated", "language_model", None),
            ),
            "languages": LANGUAGES,
            "translator": "language_model",
            "painting": Painting(steps=2, guidance=2.0),
            **changed,
        }
    )
