"""Towers of many kinds: built from what is on the disk, trained a step, saved, and loaded with the same weights to the bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.conftest import Build, Saved
from models.tiny_towers import SIZE, TEXT, TEXTS, TOKENS, VISION, save_text
from PIL import Image
from torch import Tensor
from transformers import AutoConfig, AutoModel, PreTrainedModel

from isogloss.losses.parallel import parallel_loss
from isogloss.models.clip import DualEncoder
from isogloss.models.image_processor import picture_size
from isogloss.models.towers import Tower, build_dual_encoder, load_dual_encoder, preparation

PAIRS = [(vision, "xlm-roberta") for vision in VISION] + [("vit", text) for text in TEXT]
POOLINGS = {
    "vit": "first",
    "clip_vision_model": "pooler",
    "siglip_vision_model": "pooler",
    "dinov2": "first",
    "convnext": "pooler",
    "resnet": "pooler",
    "swin": "pooler",
    "xlm-roberta": "mean",
    "bert": "mean",
    "clip_text_model": "last",
    "siglip_text_model": "pooler",
    "qwen3": "last",
    "llama": "last",
    "mt5": "mean",
    "m2m_100": "mean",
}


def inputs(processor: Any, model: DualEncoder) -> dict[str, Tensor]:
    tokens, mask = preparation(processor, model.config).tokenize(TEXTS)
    pixels = torch.randn(len(TEXTS), 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    return {"pixel_values": pixels, "input_ids": tokens, "attention_mask": mask}


@torch.no_grad()
def embeddings(model: DualEncoder, given: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    output = model(**given)
    assert output.image_embeds is not None
    assert output.text_embeds is not None
    return output.image_embeds, output.text_embeds


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(left[name].equal(right[name]) for name in left)


@pytest.mark.parametrize(("vision", "text"), PAIRS)
def test_trains_a_step_and_comes_back_with_the_same_weights(
    vision: str, text: str, saved: Saved, tmp_path: Path
) -> None:
    model, processor = build_dual_encoder(
        Tower(model=str(saved(vision))), Tower(model=str(saved(text))), projection_dim=8, text_tokens=TOKENS
    )
    assert model.config.vision_pooling == POOLINGS[vision]
    assert model.config.text_pooling == POOLINGS[text]
    given = inputs(processor, model)
    first = embeddings(model, given)
    for rows in first:
        torch.testing.assert_close(rows.norm(dim=-1), torch.ones(len(TEXTS)))
        assert len(torch.unique(rows.round(decimals=4), dim=0)) == len(TEXTS)  # each input has its own embedding

    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    output = model.train()(**given)
    losses = parallel_loss(output.image_embeds, output.text_embeds, torch.arange(len(TEXTS)), output.scale)
    losses.total.backward()
    optimiser.step()
    assert torch.isfinite(losses.total)
    moved = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    for module in ("vision_model.", "text_model.", "vision_projection.", "text_projection.", "logit_scale"):
        assert any(name.startswith(module) for name in moved), module
    trained = embeddings(model.eval(), given)
    assert not trained[1].equal(first[1])

    model.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    again, processor_again = load_dual_encoder(tmp_path / "model")
    assert not again.training
    for loaded in (again, AutoModel.from_pretrained(tmp_path / "model")):
        assert isinstance(loaded, DualEncoder)
        assert same_weights(model, loaded)
        for wanted, found in zip(trained, embeddings(loaded, inputs(processor_again, loaded)), strict=True):
            # Loaded weights lie elsewhere in memory, and where a row begins decides the order of its sums.
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)

    assert preparation(processor, model.config).mean == preparation(processor_again, again.config).mean
    assert preparation(processor, model.config).deviation == preparation(processor_again, again.config).deviation
    assert picture_size(processor.image_processor) == picture_size(processor_again.image_processor)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    options = {"text": TEXTS, "images": picture, "padding": True, "truncation": True, "return_tensors": "pt"}
    one, other = processor(**options), processor_again(**options)
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)
    assert one["input_ids"].shape[1] <= TOKENS
    model(pixel_values=one["pixel_values"], input_ids=one["input_ids"], attention_mask=one["attention_mask"])


@pytest.mark.parametrize(("vision", "text"), PAIRS)
def test_pretrained_weights_are_kept(vision: str, text: str, saved: Saved, built: Build) -> None:
    model, _ = built(vision, text)
    for tower, folder in ((model.vision_model, saved(vision)), (model.text_model, saved(text))):
        there = _whole(folder, tower).state_dict()
        for name, value in tower.state_dict().items():
            assert value.equal(there[name]), name


def _whole(folder: Path, tower: PreTrainedModel) -> torch.nn.Module:
    """What a tower was taken from: the encoder where it is one half of a translator."""
    model = AutoModel.from_pretrained(folder)
    return model.encoder if hasattr(model, "decoder") else model


@pytest.mark.parametrize(("vision", "text"), PAIRS)
def test_towers_attend_as_they_do_alone(vision: str, text: str, saved: Saved, built: Build) -> None:
    """Of one without an attention implementation, Transformers leaves the mask out."""
    model, _ = built(vision, text)
    for tower, folder in ((model.vision_model, saved(vision)), (model.text_model, saved(text))):
        alone = AutoModel.from_pretrained(folder).config._attn_implementation
        assert tower.config._attn_implementation == alone
        assert alone in ("sdpa", "eager")


def test_halves_of_a_pair_are_towers(saved: Saved, built: Build, tmp_path: Path) -> None:
    model, processor = built("clip_vision_model", "clip_text_model")
    model.save_pretrained(tmp_path / "pair")
    processor.save_pretrained(tmp_path / "pair")  # type: ignore[attr-defined]
    pair = Tower(model=str(tmp_path / "pair"))
    halves, _ = build_dual_encoder(pair, pair, projection_dim=4, text_tokens=TOKENS)
    assert same_weights(halves.vision_model, model.vision_model)
    assert same_weights(halves.text_model, model.text_model)


@pytest.mark.parametrize("text", ["xlm-roberta", "mt5", "clip_text_model"])
def test_the_shape_of_a_model_with_weights_of_its_own(text: str, saved: Saved) -> None:
    torch.manual_seed(0)
    towers = [Tower(model=str(saved(model_type)), random_weights=True) for model_type in ("vit", text)]
    model, processor = build_dual_encoder(*towers, projection_dim=8, text_tokens=TOKENS)
    assert picture_size(processor.image_processor).side == SIZE
    whole = _whole(saved(text), model.text_model)
    shapes = {name: value.shape for name, value in whole.state_dict().items()}
    assert {name: value.shape for name, value in model.text_model.state_dict().items()} == {
        name: shapes[name] for name in model.text_model.state_dict()
    }
    matrices = [(name, value) for name, value in model.text_model.named_parameters() if value.ndim > 1]
    assert matrices
    assert not any(value.equal(whole.state_dict()[name]) for name, value in matrices)


def test_configurations_alone(saved: Saved) -> None:
    vision = Tower(config={"model_type": "resnet", "embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1]})
    text = Tower(
        config={
            "model_type": "xlm-roberta",
            "hidden_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 8,
            "vocab_size": 100,
        },
        tokenizer=str(saved("xlm-roberta")),
    )
    assert not vision.pretrained
    _, processor = build_dual_encoder(vision, text, projection_dim=8, text_tokens=TOKENS, image_size=24)
    assert picture_size(processor.image_processor).side == 24
    assert processor.tokenizer.model_max_length == TOKENS


def test_a_tokenizer_beside_the_model(saved: Saved, tmp_path: Path) -> None:
    """A folder of weights alone takes any tokenizer; the model's own would be in the folder."""
    AutoModel.from_pretrained(saved("bert")).save_pretrained(tmp_path / "weights")
    beside = Tower(model=str(tmp_path / "weights"), tokenizer=str(saved("bert")))
    built = [
        build_dual_encoder(Tower(model=str(saved("vit"))), text, projection_dim=8, text_tokens=TOKENS)
        for text in (beside, Tower(model=str(saved("bert"))))
    ]
    (one, processor), (other, own) = built
    assert same_weights(one.text_model, other.text_model)
    assert processor.tokenizer(TEXTS).data == own.tokenizer(TEXTS).data


def test_no_place_on_this_machine_is_part_of_a_model(saved: Saved, tmp_path: Path) -> None:
    model, processor = build_dual_encoder(
        Tower(model=str(saved("vit"))),
        Tower(config={"model_type": "bert", **TEXT["bert"], "vocab_size": 40}, tokenizer=str(saved("xlm-roberta"))),
        projection_dim=8,
        text_tokens=TOKENS,
    )
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    for file in tmp_path.iterdir():
        assert str(saved("vit").parent).encode() not in file.read_bytes(), file.name


@pytest.mark.parametrize("text", TEXT)
@pytest.mark.parametrize("source", ["config", "random weights"])
def test_a_random_tower_takes_the_special_tokens_of_its_tokenizer(
    source: str, text: str, saved: Saved, tmp_path: Path
) -> None:
    """By default a configuration names those that its model was published with, and captions would end nowhere."""
    tokenizer, shape = str(saved(text)), {"model_type": text, **TEXT[text], "vocab_size": 40}
    tower = Tower(config=shape, tokenizer=tokenizer)
    if source == "random weights":
        AutoConfig.for_model(**shape).save_pretrained(tmp_path)
        tower = Tower(model=str(tmp_path), tokenizer=tokenizer, random_weights=True)
    torch.manual_seed(0)
    model, processor = build_dual_encoder(Tower(model=str(saved("vit"))), tower, projection_dim=8, text_tokens=TOKENS)
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        assert getattr(model.config.text_config, name) in (None, getattr(processor.tokenizer, name)), name
    captions = [*TEXTS, "a", "a dog", "a dog and", "the", "the cat", "the cat sat"]
    with torch.no_grad():
        rows = model.encode_text(*preparation(processor, model.config).tokenize(captions))
    assert torch.pdist(rows).min() > 1e-3


def test_a_trained_tower_keeps_its_special_tokens(saved: Saved, tmp_path: Path) -> None:
    folder = save_text(tmp_path, "bert", bos_token_id=7, eos_token_id=8, pad_token_id=9)
    model, _ = build_dual_encoder(
        Tower(model=str(saved("vit"))), Tower(model=str(folder)), projection_dim=8, text_tokens=TOKENS
    )
    config = model.config.text_config
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (7, 8, 9)


def test_half_precision_is_trained_in_float32_and_loads_in_half(saved: Saved, tmp_path: Path) -> None:
    for model_type in ("vit", "qwen3"):
        AutoModel.from_pretrained(saved(model_type)).bfloat16().save_pretrained(tmp_path / model_type)
    for name in ("preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"):
        for model_type in ("vit", "qwen3"):
            if (saved(model_type) / name).exists():
                (tmp_path / model_type / name).write_bytes((saved(model_type) / name).read_bytes())
    towers = [Tower(model=str(tmp_path / model_type)) for model_type in ("vit", "qwen3")]
    model, processor = build_dual_encoder(*towers, projection_dim=8, text_tokens=TOKENS)
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    model.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    again, _ = load_dual_encoder(tmp_path / "model")
    assert same_weights(model, again)
    given = inputs(processor, model)
    wanted = embeddings(model, given)
    for half in (
        DualEncoder.from_pretrained(tmp_path / "model", dtype=torch.bfloat16).eval(),
        again.bfloat16(),
    ):
        assert {value.dtype for value in half.parameters()} == {torch.bfloat16}
        for rows, exact in zip(embeddings(half, given), wanted, strict=True):
            assert rows.dtype == torch.float32
            torch.testing.assert_close(rows, exact, rtol=0, atol=0.05)
