"""A paint experiment of seconds: a text side and arms of a few steps each, in two languages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from small_worlds import SHORT, text_stage
from train.small_chat import LANGUAGES, WRITER
from train.small_paint import paint_recipe

from isogloss.models.adapter import Adapter
from isogloss.paint_experiment import PaintArm, PaintExperiment
from isogloss.serve.painting import Painting
from isogloss.train.lm_recipe import CorpusData, LanguageModelRecipe
from isogloss.train.paint_recipe import PaintRecipe


def small_paint_experiment(shapes: Path, texts: Path, **changed: Any) -> PaintExperiment:
    """One arm of each kind."""
    paint = replace(paint_recipe(shapes, Path("the text side")), stages=(), training=SHORT)

    def taught(share: float) -> PaintRecipe:
        return replace(paint, data=replace(paint.data, languages=LANGUAGES, shares={"es": share}))

    sentence = replace(paint, adapter=Adapter("sentence", queries=2))
    return PaintExperiment(
        **{
            "title": "Small shapes",
            "command": "a small one",
            "dataset": shapes,
            "texts": {
                "language_model": text_stage(texts),
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
