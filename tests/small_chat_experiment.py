"""A chat experiment of seconds: a text stage, eyes, an alignment and arms of a few steps each, in two languages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from small_worlds import SHORT, text_stage
from train.recipes import VISION
from train.small_chat import IMAGE_SIZE, LANGUAGES, chat_recipe, staged

from isogloss.chat_experiment import ALIGNED, ChatArm, ChatExperiment
from isogloss.models.tower import Tower
from isogloss.train.clip_recipe import ClipRecipe, ParallelData


def small_chat_experiment(shapes: Path, texts: Path, **changed: Any) -> ChatExperiment:
    """One arm of each kind."""
    chat = replace(chat_recipe(shapes, Path("of the text stage")), vision=Tower(model="of the eyes"))
    chat = staged(staged(chat, "align", training=SHORT), "instruct", training=SHORT)

    def taught(share: float) -> Any:
        return staged(staged(chat, "align", skipped=True), "instruct", languages=LANGUAGES, shares={"es": share})

    english = staged(staged(chat, "align", skipped=True), "instruct", languages=("en",), shares={})
    spanish = staged(staged(chat, "align", languages=("es",)), "instruct", languages=("es",), shares={})
    return ChatExperiment(
        **{
            "title": "Small shapes",
            "command": "a small one",
            "dataset": shapes,
            "language_model": text_stage(texts),
            "eyes": ClipRecipe(
                data=ParallelData(str(shapes), ("en",), images_per_step=6, image_size=IMAGE_SIZE),
                vision=Tower(config=VISION),
                text=Tower(model="the text stage"),
                projection_dim=16,
                text_tokens=64,
                training=SHORT,
            ),
            "align": staged(chat, "instruct", skipped=True),
            "arms": (
                ChatArm("english", "English pairs", "pivot", english, (), 0.0),
                ChatArm(ALIGNED, "English captions", "pivot", None, (), 0.0),
                ChatArm("es-0.5", "half of Spanish", "little", taught(0.5), ("es",), 0.5),
                ChatArm("native-es", "Spanish pairs", "native", spanish, ("es",)),
                ChatArm("translated", "translated", "translated", None),
            ),
            "languages": LANGUAGES,
            "pairs": "validation",
            **changed,
        }
    )
