"""What the guide to chat begins with: pictures, LLaVA's file, captions, translations, questions, and tiny models."""

import json
from pathlib import Path
from typing import Any

from models.tiny_towers import save_vision
from PIL import Image
from torch import manual_seed

from isogloss.models.lm import build_language_model
from isogloss.models.lm_tokenizer import train_lm_tokenizer

EYES, WRITER = "google/siglip2-so400m-patch14-384", "Qwen/Qwen3-4B"
NAMES = ("beach", *(f"picture{number}" for number in range(1, 60)))
# What is said of every third picture, in English and Japanese.
TOLD = (
    ("a dog runs along the beach", "犬が浜辺を走っています"),
    ("two women sell fruit", "二人の女性が果物を売っています"),
    ("a cat sleeps on the table", "猫がテーブルの上で寝ています"),
)
ASKED = (
    ("What is the dog doing?", "犬は何をしていますか。"),
    ("What do they sell?", "彼女たちは何を売っていますか。"),
    ("Where is the cat?", "猫はどこにいますか。"),
)
REPLIES = (
    ("It runs along the beach.", "浜辺を走っています。"),
    ("They sell fruit.", "果物を売っています。"),
    ("It is on the table.", "テーブルの上にいます。"),
)
WRITER_SHAPE: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 64,
    # Small or tied weights would say nothing, or one thing again and again.
    "initializer_range": 0.3,
    "tie_word_embeddings": False,
}


def write_talk(folder: Path) -> None:
    """pictures, conversations.json, captions.csv, japanese.csv with translations, questions.jsonl and reference.jsonl."""
    (folder / "pictures").mkdir()
    entries: list[dict[str, Any]] = []
    captions = ["file_name,caption"]
    for number, name in enumerate(NAMES):
        Image.new("RGB", (24, 18), (4 * number, 90, 200 - 3 * number)).save(folder / "pictures" / f"{name}.jpg")
        kind = number % 3
        turns = [
            {"from": "human", "value": f"<image>\n{ASKED[kind][0]}"},
            {"from": "gpt", "value": REPLIES[kind][0]},
        ]
        entries.append({"id": name, "image": f"{name}.jpg", "conversations": turns})
        captions.append(f"{name}.jpg,{TOLD[kind][0]}")
    (folder / "conversations.json").write_text(json.dumps(entries), encoding="utf-8")
    (folder / "captions.csv").write_text("\n".join(captions) + "\n", encoding="utf-8")
    pairs = [f'"{english}","{japanese}"' for english, japanese in (*TOLD, *ASKED, *REPLIES)]
    (folder / "japanese.csv").write_text("\n".join(["en,ja", *pairs]) + "\n", encoding="utf-8")
    rows = [
        {"id": "1", "language": "ja", "category": "conversation", "question": ASKED[0][1], "context": TOLD[0][0]},
        {"id": "2", "language": "ja", "category": "detail", "question": ASKED[1][1], "context": TOLD[1][0]},
    ]
    for row, name in zip(rows, NAMES, strict=False):
        row["image"] = f"pictures/{name}.jpg"
    _lines(folder / "questions.jsonl", rows)
    answers = [{"id": row["id"], "language": "ja", "answer": REPLIES[kind][1]} for kind, row in enumerate(rows)]
    _lines(folder / "reference.jsonl", answers)


def _lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_models(folder: Path) -> dict[str, Path]:
    """Eyes and a language model, tiny and with random weights, by the Hub names that the guide has."""
    save_vision(folder / "eyes", "siglip_vision_model")
    texts = [text for pair in (*TOLD, *ASKED, *REPLIES) for text in pair]
    tokenizer = train_lm_tokenizer(texts, 500, 512)
    manual_seed(0)
    build_language_model(WRITER_SHAPE, tokenizer).save_pretrained(folder / "writer")
    tokenizer.save_pretrained(folder / "writer")
    return {EYES: folder / "eyes", WRITER: folder / "writer"}
