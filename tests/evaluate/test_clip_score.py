"""CLIPScore against its equation, and embeddings of drawn pictures against the model's own processor."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from models.tiny_towers import TOKENS, save_text, save_vision

from isogloss.evaluate.clip_score import clip_measures, clip_scores, embed_drawings, embed_prompts, prompts_found
from isogloss.models.towers import Tower, build_dual_encoder


def naive_score(picture: list[float], prompt: list[float]) -> float:
    product = sum(a * b for a, b in zip(picture, prompt, strict=True))
    cosine = product / math.sqrt(sum(a * a for a in picture)) / math.sqrt(sum(b * b for b in prompt))
    return 2.5 * max(cosine, 0.0)


def test_scores_are_those_of_the_equation() -> None:
    random = np.random.default_rng(0)
    pictures, prompts = random.normal(size=(2, 40, 6))
    found = clip_scores(pictures, prompts)
    assert found == pytest.approx(
        [naive_score(*each) for each in zip(pictures.tolist(), prompts.tolist(), strict=True)]
    )
    assert (found == 0).any() and found.max() <= 2.5
    assert clip_scores(pictures, 3 * pictures) == pytest.approx(np.full(40, 2.5))


def test_a_prompt_is_found_when_none_is_nearer() -> None:
    pictures = np.eye(4, dtype=np.float32)
    assert prompts_found(pictures, pictures).tolist() == [1, 1, 1, 1]
    assert prompts_found(pictures, pictures[[1, 0, 2, 3]]).tolist() == [0, 0, 1, 1]
    # Two prompts are alike, and to the second picture all four are equally far.
    assert prompts_found(pictures, pictures[[0, 0, 2, 3]]).tolist() == [0.5, 0.25, 1, 1]


def test_pictures_are_embedded_as_the_processor_prepares_them(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vision, text = save_vision(tmp_path / "vision", "vit"), save_text(tmp_path / "text", "xlm-roberta")
    model, processor = build_dual_encoder(
        Tower(model=str(vision)), Tower(model=str(text)), projection_dim=8, text_tokens=TOKENS
    )
    pictures = np.random.default_rng(0).integers(0, 256, (70, 48, 48, 3)).astype(np.uint8)
    found = embed_drawings(model, processor, pictures)
    with torch.no_grad():
        pixels = processor.image_processor(list(pictures), return_tensors="pt")["pixel_values"]
        expected = model.encode_image(pixels).numpy()
    assert found.shape == (70, 8) and found == pytest.approx(expected, abs=2e-3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    texts = ["un gato", "猫と犬"]
    tokens = processor.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        own = model.encode_text(tokens["input_ids"], tokens["attention_mask"]).numpy()
    assert embed_prompts(model, processor, texts) == pytest.approx(own, abs=1e-5)
    measures = clip_measures(model, processor, pictures[:2], texts, ["a cat", "a dog and a cat"])
    assert measures["clip_score"] == pytest.approx(clip_scores(found[:2], own), abs=1e-5)
    assert measures["clip_score_of_others"] == pytest.approx(clip_scores(found[:2], own[::-1]), abs=1e-5)
    assert measures["clip_score_in_english"] != pytest.approx(measures["clip_score"], abs=1e-4)
    assert set(measures["prompt_found"].tolist()) <= {0, 0.5, 1}
    assert clip_measures(model, processor, pictures[:1], texts[:1]).keys() == {"clip_score", "prompt_found"}
