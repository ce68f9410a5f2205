"""A few pictures of the shapes world with what is said of them in two languages, and a chat recipe for them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import manual_seed
from train.recipes import VISION

from isogloss.data.conversation_set import read_conversations
from isogloss.data.dataset import Dataset
from isogloss.data.templates.instructions import instructions
from isogloss.data.worlds.shapes.world import build_shapes
from isogloss.models.lm import build_language_model
from isogloss.models.lm_tokenizer import train_lm_tokenizer
from isogloss.models.tower import Tower
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.optim import Optimisation
from isogloss.train.stages import Stage
from isogloss.train.training import Training

LANGUAGES = ("en", "es")
PICTURES = {"train": 12, "validation": 2, "test": 3}
IMAGE_SIZE = 16

WRITER: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 64,
    "initializer_range": 0.1,
    "tie_word_embeddings": True,
}
# Of which LLaVA's class knows nothing, and whose batch statistics a frozen tower has to leave alone.
RESNET: dict[str, Any] = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16],
    "depths": [1, 1],
    "layer_type": "basic",
}

EYES, WORDS, CONNECTOR = "vision_tower.*", "language_model.*", "multi_modal_projector.*"
TRAINING = Training(
    steps=6,
    precision="float32",
    log_every=2,
    validate_every=4,
    checkpoint_every=2,
    optimisation=Optimisation(learning_rate=3e-3),
)


def small_world(root: Path, languages: tuple[str, ...] = LANGUAGES) -> Dataset:
    """Single shapes, each with a caption and a conversation in each language."""
    return build_shapes(
        root, pictures=PICTURES, size=32, languages=languages, kinds={"one": 1.0}, sizes=("large",), replies=2
    )


def small_writer(world: Dataset, folder: Path) -> Path:
    """A language model with random weights and a tokenizer that knows what is said in the world."""
    texts = [text for tag in LANGUAGES for text in (*world.captions(tag)["text"].to_pylist(), *instructions(tag))]
    talks = (one for tag in LANGUAGES for one in read_conversations(world.root, tag))
    texts += [turn.text for one in talks for turn in one.turns]
    tokenizer = train_lm_tokenizer(texts, 400, 128)
    manual_seed(0)
    build_language_model(WRITER, tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def chat_recipe(world: Path, writer: Path, eyes: dict[str, Any] | None = None, **training: Any) -> ChatRecipe:
    """Six steps of each stage; the eyes are frozen in the first third of the first."""
    stage = ChatStage(conversations_per_step=5, row_tokens=128, training=replace(TRAINING, **training))
    return ChatRecipe(
        data=ChatData(str(world), image_size=IMAGE_SIZE, keep_pictures=True),
        vision=Tower(config=eyes or VISION),
        language_model=Tower(model=str(writer)),
        align=replace(stage, stages=(Stage(0.0, "run", (WORDS, EYES)), Stage(1 / 3, "run", (WORDS,)))),
        instruct=replace(stage, source="conversations", languages=LANGUAGES, shares={"es": 0.5}),
    )


def staged(recipe: ChatRecipe, name: str, **changed: Any) -> ChatRecipe:
    """A recipe of which one stage is changed."""
    return replace(recipe, **{name: replace(getattr(recipe, name), **changed)})


def alone(recipe: ChatRecipe, name: str, **training: Any) -> ChatRecipe:
    """A recipe of which one stage alone is gone through."""
    other = "instruct" if name == "align" else "align"
    stage = getattr(recipe, name)
    return replace(
        staged(recipe, other, skipped=True), **{name: replace(stage, training=replace(stage.training, **training))}
    )
