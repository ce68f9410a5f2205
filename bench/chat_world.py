"""What the benches of chat models train on and write with: pictures, conversations, and a saved model of random weights."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from isogloss.data.conversations import IMAGE, Conversation
from isogloss.data.templates.instructions import instructions
from isogloss.data.worlds.shapes.dialogues import exchanges, turns_about
from isogloss.data.worlds.shapes.grammar import caption
from isogloss.data.worlds.shapes.scene import Scene
from isogloss.data.worlds.shapes.splits import scenes
from isogloss.data.worlds.shapes.world import build_shapes, scene_of_picture
from isogloss.models.chat_building import build_chat
from isogloss.models.chat_saving import save_chat
from isogloss.models.connector import Connector
from isogloss.models.lm_tokenizer import train_lm_tokenizer
from isogloss.models.tower import Tower

LANGUAGES = ("en", "es", "ja", "hi", "de", "fr", "zh", "bn", "tr", "id")
# Of what a model is instructed with: the kinds of LLaVA's mixture (arXiv 2310.03744), which are descriptions of a sentence,
# questions with short answers, talks of some turns, and long descriptions.
KINDS = {"caption": 0.3, "answers": 0.35, "talk": 0.2, "detail": 0.15}
SIDE, ROW_TOKENS = 64, 512
VISION: dict[str, Any] = {
    "model_type": "vit",
    "image_size": SIDE,
    "patch_size": 8,
    "hidden_size": 192,
    "num_hidden_layers": 6,
    "num_attention_heads": 3,
    "intermediate_size": 768,
}
# The head over the vocabulary is a quarter of its weights, as it is of Qwen3-0.6B's (0.16 of 0.60 billion).
WRITER: dict[str, Any] = {
    "model_type": "qwen3",
    "vocab_size": 5120,
    "hidden_size": 256,
    "num_hidden_layers": 5,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "intermediate_size": 768,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}


@dataclass(frozen=True)
class World:
    """Where everything lies.

    Attributes:
        dataset: with the pictures.
        model: folder of the chat model, which Transformers' LLaVA loads too.
        align: conversations of one caption each, in English.
        instruct: of many lengths, in ten languages.
    """

    dataset: Path
    model: Path
    align: list[Conversation]
    instruct: list[Conversation]


def make_world(folder: Path, pictures: int = 512, conversations: int = 2048) -> World:
    """Draw, write and build it; the same each time."""
    dataset = build_shapes(
        folder / "shapes", pictures={"train": pictures}, size=SIDE, languages=LANGUAGES[:1], replies=0
    )
    keys: list[str] = dataset.images("train", columns=["key"])["key"].to_pylist()
    align = [_talk(f"align {number}", keys[number % pictures], "caption", "en") for number in range(conversations)]
    generator = np.random.default_rng(0)
    kinds = generator.choice(list(KINDS), conversations, p=list(KINDS.values()))
    instruct = [
        _talk(f"instruct {number}", keys[number % pictures], kind, LANGUAGES[number // 4 % len(LANGUAGES)])
        for number, kind in enumerate(kinds.tolist())
    ]
    texts = [turn.text.replace(IMAGE, "") for one in (*align, *instruct) for turn in one.turns]
    tokenizer = train_lm_tokenizer(texts, 1500, ROW_TOKENS)
    tokenizer.save_pretrained(folder / "tokenizer")
    model, processor = build_chat(
        Tower(config=VISION), Tower(config=WRITER, tokenizer=str(folder / "tokenizer")), Connector()
    )
    save_chat(model, processor, folder / "model")
    return World(dataset.root, folder / "model", align, instruct)


def _talk(key: str, picture: str, kind: str, language: str) -> Conversation:
    """A conversation of a kind about a picture. Long ones describe other scenes too, which a speed does not mind."""
    generator = np.random.default_rng(list(key.encode()))
    scene = scene_of_picture(picture)
    if kind == "answers":
        said = exchanges(scene, [language] * int(generator.integers(3, 11)), generator, describe=False)
    else:
        replies, least, most = {"caption": (1, 1, 2), "talk": (4, 1, 4), "detail": (1, 6, 13)}[kind]
        replies = int(generator.integers(2, replies + 1)) if replies > 1 else 1
        said = [_description(scene, language, int(generator.integers(least, most)), generator) for _ in range(replies)]
    return Conversation(key, language, (picture,), turns_about(IMAGE, said))


@cache
def _others() -> list[Scene]:
    return scenes("text", 256, 0)


def _description(scene: Scene, language: str, sentences: int, generator: np.random.Generator) -> tuple[str, str]:
    asked = instructions(language)
    others = generator.choice(len(_others()), sentences - 1).tolist()
    told = " ".join(caption(one, language) for one in (scene, *(_others()[number] for number in others)))
    return asked[int(generator.integers(len(asked)))], told
