"""A dataset folder of conversations without pictures, in two languages of a few words, and a recipe for it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from isogloss.data.conversation_tables import table_of
from isogloss.data.conversations import Conversation, Turn
from isogloss.data.tables import IMAGES
from isogloss.data.writing import write_dataset
from isogloss.train.lm_recipe import CorpusData, LanguageModelRecipe
from isogloss.train.optim import Optimisation
from isogloss.train.training import Training

COLOURS = {
    "en": ("red", "blue", "green", "black", "white", "yellow"),
    "es": ("rojo", "azul", "verde", "negro", "blanco", "amarillo"),
}
SHAPES = {
    "en": ("circle", "square", "triangle", "heart", "star", "cross"),
    "es": ("círculo", "cuadrado", "triángulo", "corazón", "lucero", "aspa"),
}
HELD_OUT = ((0, 0), (1, 4), (2, 3), (5, 1))
ASKED = {"en": "What is it?", "es": "¿Qué es?"}

CONFIG: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 64,
    "initializer_range": 0.1,
    "tie_word_embeddings": True,
}
TRAINING = Training(
    steps=8,
    precision="float32",
    log_every=2,
    validate_every=4,
    checkpoint_every=4,
    optimisation=Optimisation(learning_rate=1e-2),
)


def said(thing: tuple[int, int], language: str) -> str:
    colour, shape = COLOURS[language][thing[0]], SHAPES[language][thing[1]]
    return f"{colour} {shape}" if language == "en" else f"{shape} {colour}"


def corpus(held_out: Sequence[tuple[int, int]] = HELD_OUT) -> tuple[list[Conversation], dict[str, str]]:
    """What is said in one language is asked for in another; and the splits of those about things that are held out."""
    made: list[Conversation] = []
    splits: dict[str, str] = {}
    things = [(colour, shape) for colour in range(6) for shape in range(6)]
    for number, thing in enumerate(things):
        for source in ("en", "es"):
            for language in ("en", "es"):
                key = f"{number}-{source}-{language}"
                question = Turn("user", f"{said(thing, source)}\n{ASKED[language]}")
                made.append(Conversation(key, language, (), (question, Turn("assistant", said(thing, language)))))
                splits[key] = "validation" if thing in held_out else "train"
    texts = [Conversation(f"text-{tag}", tag, (), (Turn("text", said((0, 1), tag)),)) for tag in ("en", "es")]
    return [*made, *texts], splits


def write_corpus(root: Path, conversations: Sequence[Conversation], splits: dict[str, str]) -> Path:
    languages = sorted({one.language for one in conversations})
    write_dataset(
        root,
        name="small corpus",
        description="Things in two languages.",
        licence="CC0-1.0",
        sources=[],
        images=IMAGES.empty_table(),
        captions={},
        notes={},
        conversations={
            tag: table_of([one for one in conversations if one.language == tag], tag, "made up", splits)
            for tag in languages
        },
    )
    return root


def lm_recipe(root: Path, **training: Any) -> LanguageModelRecipe:
    return LanguageModelRecipe(
        data=CorpusData(str(root), conversations_per_step=16, row_tokens=96),
        config=CONFIG,
        vocabulary=400,
        tokens=64,
        training=replace(TRAINING, **training),
    )
