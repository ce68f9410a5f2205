"""The dual encoder beside Transformers' own, and what must hold of it whatever its towers are."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models.conftest import Build
from models.tiny_towers import SIZE, TEXT, TEXTS, TOKENS, VISION
from torch import Tensor
from transformers import (
    AutoConfig,
    CLIPConfig,
    CLIPModel,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
)

from isogloss.losses.parallel import parallel_loss
from isogloss.models.clip import DualEncoder, DualEncoderConfig
from isogloss.models.lengths import GROUPS, by_length
from isogloss.models.towers import preparation


def given_inputs(captions: int, vocabulary: int, eos: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, vocabulary, (captions, TOKENS), generator=generator)
    lengths = torch.arange(captions) % (TOKENS - 3) + 3
    mask = (torch.arange(TOKENS) < lengths[:, None]).long()
    ids[torch.arange(captions), lengths - 1] = eos
    return {
        "pixel_values": torch.randn(captions, 3, SIZE, SIZE, generator=generator),
        "input_ids": ids.masked_fill(mask == 0, 1),
        "attention_mask": mask,
    }


def shaken(model: torch.nn.Module) -> Any:
    """With weights that are all different, so that each one matters."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=generator))
    return model.eval()


def ours(theirs: torch.nn.Module, vision: Any, text: Any) -> DualEncoder:
    """The dual encoder with the weights of one of Transformers'."""
    config = DualEncoderConfig(vision, text, projection_dim=8, vision_pooling="pooler", text_pooling="pooler")
    model = DualEncoder(config)
    state = {
        name.replace("visual_projection", "vision_projection"): value for name, value in theirs.state_dict().items()
    }
    model.load_state_dict(state)
    return model.eval()


def same(model: DualEncoder, theirs: Any, inputs: dict[str, Tensor]) -> None:
    with torch.no_grad():
        found, wanted = model(**inputs), theirs(**inputs, return_loss=True)
    for name in ("image_embeds", "text_embeds", "logits_per_image", "logits_per_text"):
        torch.testing.assert_close(found[name], wanted[name])
    owner = torch.arange(len(inputs["input_ids"]))
    torch.testing.assert_close(
        parallel_loss(found.image_embeds, found.text_embeds, owner, found.scale).total, wanted.loss
    )


@pytest.mark.parametrize(("vision", "text"), [("vit", "bert"), ("vit", "xlm-roberta"), ("clip_vision_model", "bert")])
def test_equals_the_vision_text_dual_encoder(vision: str, text: str) -> None:
    shapes = AutoConfig.for_model(vision, **VISION[vision][0]), AutoConfig.for_model(text, **TEXT[text], vocab_size=40)
    theirs = shaken(
        VisionTextDualEncoderModel(VisionTextDualEncoderConfig.from_vision_text_configs(*shapes, projection_dim=8))
    )
    same(ours(theirs, *shapes), theirs, given_inputs(6, 40, eos=2))


def test_equals_clip() -> None:
    config = CLIPConfig(
        text_config={**TEXT["clip_text_model"], "vocab_size": 40, "eos_token_id": 3},
        vision_config=VISION["clip_vision_model"][0],
        projection_dim=8,
    )
    theirs = shaken(CLIPModel(config))
    same(ours(theirs, config.vision_config, config.text_config), theirs, given_inputs(6, 40, eos=3))


def test_an_image_or_a_caption_alone(built: Build) -> None:
    model, _ = built("vit", "xlm-roberta")
    inputs = given_inputs(3, 30, eos=2)
    with torch.no_grad():
        both = model(**inputs)
        images = model(pixel_values=inputs["pixel_values"])
        captions = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
    assert images.image_embeds.equal(both.image_embeds)
    assert captions.text_embeds.equal(both.text_embeds)
    assert images.text_embeds is None
    assert images.logits_per_image is None
    assert captions.image_embeds is None
    torch.testing.assert_close(both.logits_per_image, both.scale * both.image_embeds @ both.text_embeds.T)
    assert both.logits_per_text.equal(both.logits_per_image.T)


captions = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6)


@pytest.mark.parametrize("text", sorted(TEXT))
@given(texts=captions)
def test_padding_never_changes_an_embedding(built: Build, text: str, texts: list[str]) -> None:
    model, processor = built("vit", text)
    prepared = preparation(processor, model.config)  # type: ignore[arg-type]
    with torch.no_grad():
        together = model.encode_text(*prepared.tokenize(texts))
        for caption, row in zip(texts, together, strict=True):
            torch.testing.assert_close(model.encode_text(*prepared.tokenize([caption]))[0], row, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("text", sorted(TEXT))
@given(texts=st.lists(st.sampled_from(TEXTS), min_size=GROUPS + 1, max_size=3 * GROUPS))
def test_groups_only_save_time(built: Build, text: str, texts: list[str]) -> None:
    model, processor = built("vit", text)
    tokens, mask = preparation(processor, model.config).tokenize(texts)  # type: ignore[arg-type]
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        grouped = model.encode_text(tokens, mask)
        patch.setattr("isogloss.models.clip.by_length", lambda mask: by_length(mask, 1))
        at_once = model.encode_text(tokens, mask)
    torch.testing.assert_close(grouped, at_once, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("vision", sorted(VISION))
def test_an_image_is_read_by_itself(built: Build, vision: str) -> None:
    model, _ = built(vision, "xlm-roberta")
    pixels = given_inputs(4, 30, eos=2)["pixel_values"]
    with torch.no_grad():
        together = model.encode_image(pixels)
        alone = torch.cat([model.encode_image(picture[None]) for picture in pixels])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


@given(st.floats(-20, 20))
def test_the_temperature_is_bounded(logit: float) -> None:
    model = DualEncoder.__new__(DualEncoder)
    torch.nn.Module.__init__(model)
    model.logit_scale = torch.nn.Parameter(torch.tensor(logit))
    assert float(model.scale.detach()) == pytest.approx(min(100.0, math.exp(logit)), rel=1e-4)


def test_the_first_temperature_is_clips(built: Build) -> None:
    model, _ = built("vit", "bert")
    assert float(model.scale.detach()) == pytest.approx(1 / 0.07)
    for projection in (model.vision_projection, model.text_projection):
        assert projection.bias is None
        assert float(projection.weight.detach().std()) == pytest.approx(projection.in_features**-0.5, rel=0.3)


@pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")  # its new name is not in every version
def test_checkpointing_gradients_leaves_them_as_they_are(built: Build) -> None:
    model, _ = built("vit", "xlm-roberta")
    inputs = given_inputs(4, 30, eos=2)
    gradients: list[Tensor] = []
    model.train()
    try:
        for enabled in (False, True):
            assert model.is_gradient_checkpointing == enabled
            model.zero_grad()
            torch.manual_seed(0)
            model(**inputs).logits_per_image.diagonal().sum().backward()
            weight = next(value for name, value in model.named_parameters() if "text_model" in name and "query" in name)
            assert weight.grad is not None
            gradients.append(weight.grad.clone())
            model.gradient_checkpointing_enable()
    finally:
        model.gradient_checkpointing_disable()
        model.zero_grad()
        model.eval()
    torch.testing.assert_close(*gradients)
