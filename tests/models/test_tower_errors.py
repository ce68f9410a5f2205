"""Towers that do not fit, each told in a sentence that says what to do."""

import shutil
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from models.conftest import Saved
from models.tiny_towers import SIZE, TEXT, TOKENS, VISION, VOCABULARY, save_text
from transformers import (
    XCLIPConfig,
)

from isogloss.errors import UserError
from isogloss.models.towers import Tower, build_dual_encoder, load_dual_encoder


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def build(vision: Tower, text: Tower, **changed: Any) -> None:
    build_dual_encoder(vision, text, **{"projection_dim": 8, "text_tokens": TOKENS, **changed})


def test_neither_or_both_of_model_and_config() -> None:
    for fields in ({}, {"model": "google/vit-base-patch16-224", "config": {"model_type": "vit"}}):
        with pytest.raises(UserError, match=r"either a model .* or a config with a model_type, and not both"):
            Tower(**fields)
    with pytest.raises(UserError, match="config needs a model_type, such as 'vit'"):
        Tower(config={"hidden_size": 8})


def test_an_absent_model_of_the_hub(vit: Tower, roberta: Tower) -> None:
    absent = Tower(model="isogloss-tests/absent")
    for towers, kind in (((absent, roberta), "vision"), ((vit, absent), "text")):
        with pytest.raises(
            UserError, match=f"The {kind} tower 'isogloss-tests/absent' is no folder here .*hf download isogloss-tests"
        ):
            build(*towers)


def test_an_absent_folder(vit: Tower, roberta: Tower, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"The vision tower '.*nowhere' is missing; name a folder that is there"):
        build(Tower(model=str(tmp_path / "nowhere")), roberta)
    with pytest.raises(UserError, match=r"The text tower '\./nowhere' is missing"):
        build(vit, Tower(model="./nowhere"))


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors", "preprocessor_config.json"])
def test_an_incomplete_folder(lost: str, saved: Saved, roberta: Tower, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("vit"), tmp_path / "vit"))
    (folder / lost).unlink()
    kind = "image processor" if lost.startswith("pre") else "vision tower"
    with pytest.raises(UserError, match=f"The folder '.*vit' holds no {kind} that can be loaded"):
        build(Tower(model=str(folder)), roberta)


@pytest.mark.parametrize("damaged", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_folder(damaged: str, saved: Saved, vit: Tower, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("xlm-roberta"), tmp_path / "roberta"))
    content = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(content[: len(content) // 2])
    kind = "tokenizer" if damaged.startswith("tok") else "text tower"
    with pytest.raises(UserError, match=f"The folder '.*roberta' holds no {kind} that can be loaded"):
        build(vit, Tower(model=str(folder)))


def test_weights_of_another_shape_than_the_config(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("xlm-roberta"), tmp_path / "roberta"))
    config = (folder / "config.json").read_text(encoding="utf-8")
    assert '"intermediate_size": 24' in config
    (folder / "config.json").write_text(config.replace('"intermediate_size": 24', '"intermediate_size": 20'))
    with pytest.raises(UserError, match=r"The folder '.*roberta' holds no text tower that can be loaded"):
        build(vit, Tower(model=str(folder)))


def test_towers_of_the_wrong_kind(vit: Tower, roberta: Tower) -> None:
    with pytest.raises(
        UserError, match=r"cannot be the vision tower: it reads input_ids.*choose a model that encodes pict"
    ):
        build(roberta, roberta)
    with pytest.raises(
        UserError, match=r"cannot be the text tower: it reads pixel_values.*choose a model that encodes text"
    ):
        build(vit, vit)


def test_a_tokenizer_that_is_larger_than_the_embedding(vit: Tower, tmp_path: Path) -> None:
    folder = save_text(tmp_path / "small", "xlm-roberta", vocab_size=10)
    with pytest.raises(
        UserError, match=r"has \d+ tokens and the text tower embeds 10; give a tower and a tokenizer that"
    ):
        build(vit, Tower(model=str(folder)))
    assert VOCABULARY > 10


@pytest.mark.parametrize("model_type", ["vit", "clip_vision_model", "siglip_vision_model"])
def test_pictures_of_another_size(model_type: str, saved: Saved, roberta: Tower) -> None:
    tower = Tower(model=str(saved(model_type)))
    with pytest.raises(UserError, match=f"takes pictures of {SIZE} pixels, not 24; set image_size to {SIZE}"):
        build(tower, roberta, image_size=24)
    build(tower, roberta, image_size=SIZE)


@pytest.mark.parametrize("model_type", ["dinov2", "convnext", "resnet"])
def test_towers_that_read_any_size(model_type: str, saved: Saved, roberta: Tower) -> None:
    build(Tower(model=str(saved(model_type))), roberta, image_size=24)


def test_pictures_without_colour(roberta: Tower) -> None:
    grey = {"model_type": "resnet", "num_channels": 1, "embedding_size": 4, "hidden_sizes": [4], "depths": [1]}
    with pytest.raises(UserError, match="reads no colour pictures of 16 pixels"):
        build(Tower(config=grey), roberta, image_size=16)


@pytest.mark.parametrize("model_type", ["xlm-roberta", "bert", "clip_text_model", "siglip_text_model"])
def test_captions_that_are_longer_than_the_positions(model_type: str, vit: Tower, saved: Saved) -> None:
    tower = Tower(model=str(saved(model_type)))
    with pytest.raises(
        UserError, match=f"positions for {TOKENS} tokens and text_tokens is {TOKENS + 1}; set .* to {TOKENS}"
    ):
        build(vit, tower, text_tokens=TOKENS + 1)
    build(vit, tower, text_tokens=TOKENS)


@pytest.mark.parametrize(
    ("wrong", "right"), [("hidden_sizes", "hidden_size"), ("num_hidden_layer", "num_hidden_layers")]
)
def test_a_misspelt_field_of_a_config(wrong: str, right: str, roberta: Tower) -> None:
    with pytest.raises(UserError, match=f"There is no field of a vit config '{wrong}'; did you mean '{right}'"):
        build(Tower(config={"model_type": "vit", wrong: 8}), roberta)


def test_an_unknown_model_type(roberta: Tower) -> None:
    with pytest.raises(UserError, match="There is no model_type of Transformers 'restnet'; did you mean 'resnet'"):
        build(Tower(config={"model_type": "restnet"}), roberta)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"hidden_act": "gello"}, "Transformers knows no 'gello'"),
        ({"num_attention_heads": 3}, r"hidden size \(16\) is not a multiple of the number of attention heads \(3\)"),
        ({"num_attention_heads": 0}, "modulo by zero"),
        ({"hidden_size": "wide"}, "'hidden_size' expected int, got str"),
        ({"hidden_size": -16}, "negative dimension"),
    ],
)
def test_a_config_that_makes_no_model(
    config: dict[str, Any], said: str, saved: Saved, vit: Tower, roberta: Tower
) -> None:
    vision = Tower(config={"model_type": "clip_vision_model", **VISION["clip_vision_model"][0], **config})
    with pytest.raises(UserError, match=f"^The vision tower's config makes no model: .*{said}.*; correct it"):
        build(vision, roberta)
    shape = {"model_type": "xlm-roberta", **TEXT["xlm-roberta"], "vocab_size": VOCABULARY, **config}
    with pytest.raises(UserError, match=f"^The text tower's config makes no model: .*{said}.*; correct it"):
        build(vit, Tower(config=shape, tokenizer=str(saved("xlm-roberta"))))


def test_a_saved_config_that_makes_no_model(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved("xlm-roberta"), tmp_path / "roberta"))
    config = (folder / "config.json").read_text(encoding="utf-8")
    (folder / "config.json").write_text(config.replace('"gelu"', '"gello"'), encoding="utf-8")
    with pytest.raises(
        UserError, match=r"roberta' holds no text tower that can be loaded \(Transformers knows no 'gello'\)"
    ):
        build(vit, Tower(model=str(folder)))
    with pytest.raises(UserError, match="The text tower's config makes no model: Transformers knows no 'gello'"):
        build(vit, Tower(model=str(folder), random_weights=True))


def test_half_of_a_pair_that_could_not_be_loaded_again(roberta: Tower, tmp_path: Path) -> None:
    XCLIPConfig().save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"since Transformers makes no model of a \w+ alone; choose another model"):
        build(Tower(model=str(tmp_path)), roberta)


def test_a_text_tower_without_a_tokenizer(vit: Tower) -> None:
    tower = Tower(config={"model_type": "bert", **TEXT["bert"]})
    with pytest.raises(UserError, match=r"needs a tokenizer; set text\.tokenizer to a Hub name or a local path"):
        build(vit, tower)


def test_an_absent_tokenizer(saved: Saved, vit: Tower, tmp_path: Path) -> None:
    for name, said in (
        ("isogloss-tests/absent", "The tokenizer 'isogloss-tests/absent' is no folder here"),
        (str(tmp_path / "nowhere"), "The tokenizer '.*nowhere' is missing"),
        (str(saved("vit")), "The folder '.*vit' holds no tokenizer that can be loaded"),
    ):
        with pytest.raises(UserError, match=said):
            build(vit, Tower(model=str(saved("bert")), tokenizer=name))


def test_a_vision_tower_with_a_tokenizer(saved: Saved, roberta: Tower) -> None:
    with pytest.raises(UserError, match=r"set text\.tokenizer and not vision\.tokenizer"):
        build(Tower(model=str(saved("vit")), tokenizer=str(saved("bert"))), roberta)


def test_an_unknown_pooling(saved: Saved, roberta: Tower) -> None:
    with pytest.raises(UserError, match="no pooling 'middle'; choose one of auto, mean, first, last, pooler"):
        build(Tower(model=str(saved("vit")), pooling="middle"), roberta)


@pytest.mark.parametrize(("kind", "model_type"), [("text", "qwen3"), ("text", "mt5")])
def test_a_pooling_that_the_tower_has_no_output_for(kind: str, model_type: str, saved: Saved, vit: Tower) -> None:
    with pytest.raises(UserError, match=f"The {kind} tower cannot be read by its pooling 'pooler'"):
        build(vit, Tower(model=str(saved(model_type)), pooling="pooler"))


def test_the_generator_of_the_session_is_left_alone_by_the_checks(saved: Saved, vit: Tower, roberta: Tower) -> None:
    """Building twice from one seed gives one model, whatever was checked in between."""
    projections: list[torch.Tensor] = []
    for _ in range(2):
        torch.manual_seed(3)
        model, _ = build_dual_encoder(vit, roberta, projection_dim=8, text_tokens=TOKENS)
        projections.append(model.text_projection.weight)
    assert projections[0].equal(projections[1])


def test_a_folder_without_a_dual_encoder(saved: Saved, vit: Tower, roberta: Tower, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere", Path("google/vit-base-patch16-224")):
        with pytest.raises(UserError, match=f"^{folder} holds no saved model; name the folder of a finished run"):
            load_dual_encoder(folder)
    with pytest.raises(
        UserError, match="vit holds no dual encoder, but one of the kind vit; name the folder of a finished run"
    ):
        load_dual_encoder(saved("vit"))
