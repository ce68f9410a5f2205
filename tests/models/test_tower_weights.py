"""Saved weights that are not complete are refused, and what a tower does not need may be missing or left over."""

import shutil
from pathlib import Path

import pytest
from models.conftest import Saved
from models.tiny_towers import TOKENS, VISION
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForTextEncoding,
    CLIPConfig,
    SiglipConfig,
)

from isogloss.errors import UserError
from isogloss.models.towers import Tower, build_dual_encoder, load_dual_encoder


def build(vision: Tower, text: Tower) -> None:
    build_dual_encoder(vision, text, projection_dim=8, text_tokens=TOKENS)


def without(folder: Path, *names: str) -> Path:
    """The folder, whose saved weights these are taken from."""
    weights = load_file(folder / "model.safetensors")
    save_file({name: weights[name] for name in weights if not name.startswith(names)}, folder / "model.safetensors")
    assert len(load_file(folder / "model.safetensors")) < len(weights)
    return folder


def test_a_text_tower_whose_weights_are_not_complete(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    """Transformers would fill in random ones, and say so in a log at most."""
    folder = without(Path(shutil.copytree(saved("bert"), tmp_path / "bert")), "encoder.layer.1.output.dense")
    first = r"encoder\.layer\.1\.output\.dense\.bias"
    with pytest.raises(
        UserError, match=rf"The text tower '.*bert' lacks 2 of its saved weights, the first of them {first}"
    ):
        build(vit, Tower(model=str(folder)))
    build(vit, Tower(model=str(folder), random_weights=True))


@pytest.mark.parametrize("model_type", ["dinov2", "resnet"])
def test_a_vision_tower_whose_weights_are_not_complete(
    model_type: str, saved: Saved, roberta: Tower, tmp_path: Path
) -> None:
    lost = {"dinov2": "embeddings.cls_token", "resnet": "embedder.embedder.normalization.running_mean"}[model_type]
    folder = without(Path(shutil.copytree(saved(model_type), tmp_path / "tower")), lost)
    with pytest.raises(
        UserError, match=f"The vision tower '.*tower' lacks 1 of its saved weights, .* {lost}, .*restore"
    ):
        build(Tower(model=str(folder)), roberta)


def test_a_pooling_layer_is_missed_only_where_it_is_read(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    folder = without(Path(shutil.copytree(saved("bert"), tmp_path / "bert")), "pooler")
    build(vit, Tower(model=str(folder)))
    with pytest.raises(
        UserError, match=r"lacks 2 of its saved weights, .* pooler\.dense\.bias, .*choose another pooling"
    ):
        build(vit, Tower(model=str(folder), pooling="pooler"))


def test_what_a_tower_leaves_of_its_model_may_be_missing(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("mt5"), tmp_path / "mt5"))
    build(vit, Tower(model=str(without(folder, "decoder"))))
    with pytest.raises(UserError, match=r"lacks 2 of its saved weights, the first of them encoder\.block\.1\.layer\.0"):
        build(
            vit,
            Tower(
                model=str(
                    without(
                        folder, "encoder.block.1.layer.0.SelfAttention.q", "encoder.block.1.layer.0.SelfAttention.k"
                    )
                )
            ),
        )


@pytest.mark.parametrize("model_type", ["xlm-roberta", "bert", "mt5", "qwen3"])
def test_a_head_that_the_tower_has_no_use_for(model_type: str, saved: Saved, vit: Tower, tmp_path: Path) -> None:
    heads = {"mt5": AutoModelForSeq2SeqLM, "qwen3": AutoModelForCausalLM}
    heads.get(model_type, AutoModelForMaskedLM).from_config(
        AutoConfig.from_pretrained(saved(model_type))
    ).save_pretrained(tmp_path)
    build(vit, Tower(model=str(tmp_path), tokenizer=str(saved(model_type))))


def test_the_encoder_of_a_translator_saved_alone(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    AutoModelForTextEncoding.from_pretrained(saved("mt5")).save_pretrained(tmp_path)
    build(vit, Tower(model=str(tmp_path), tokenizer=str(saved("mt5"))))


@pytest.mark.parametrize(
    ("vision", "text"), [("clip_vision_model", "clip_text_model"), ("siglip_vision_model", "siglip_text_model")]
)
def test_halves_of_a_pair_are_complete_each_by_itself(vision: str, text: str, saved: Saved, tmp_path: Path) -> None:
    shapes = AutoConfig.from_pretrained(saved(vision)), AutoConfig.from_pretrained(saved(text))
    config = {"clip": CLIPConfig, "siglip": SiglipConfig}[vision.split("_")[0]]
    AutoModel.from_config(config(vision_config=shapes[0].to_dict(), text_config=shapes[1].to_dict())).save_pretrained(
        tmp_path
    )
    VISION[vision][1].save_pretrained(tmp_path)
    pair = Tower(model=str(tmp_path)), Tower(model=str(tmp_path), tokenizer=str(saved(text)))
    build(*pair)
    without(tmp_path, "text_model.encoder.layers.1.mlp")
    build(pair[0], Tower(model=str(saved("bert"))))
    with pytest.raises(
        UserError, match=r"lacks 4 of its saved weights, the first of them text_model\.encoder\.layers\.1"
    ):
        build(*pair)


def test_a_saved_dual_encoder_that_is_not_complete(vit: Tower, roberta: Tower, tmp_path: Path) -> None:
    model, processor = build_dual_encoder(vit, roberta, projection_dim=8, text_tokens=TOKENS)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    load_dual_encoder(tmp_path)
    without(tmp_path, "vision_projection")
    with pytest.raises(UserError, match=r"lacks 1 of its saved weights, the first of them vision_projection\.weight"):
        load_dual_encoder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="holds no dual encoder that can be loaded"):
        load_dual_encoder(tmp_path)
