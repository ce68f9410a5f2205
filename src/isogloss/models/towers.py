"""The dual encoder built of two towers, or loaded, and the processor that feeds it."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer, PretrainedConfig, VisionTextDualEncoderProcessor

from isogloss.data.batch import Preparation
from isogloss.data.images import PictureSize
from isogloss.errors import UserError
from isogloss.models.clip import FILLED, DualEncoder, DualEncoderConfig
from isogloss.models.hub import place
from isogloss.models.image_processor import picture_size, pixel_scale, resized_processor, square_processor
from isogloss.models.tower import FAILURES, Setting, Tower, absent, build_tower, lacks_weights, reason, tower_config
from isogloss.saved import check_model

__all__ = ["Setting", "Tower", "build_dual_encoder", "build_tower", "load_dual_encoder", "preparation"]


def build_dual_encoder(
    vision: Tower, text: Tower, *, projection_dim: int, text_tokens: int, image_size: int | None = None
) -> tuple[DualEncoder, VisionTextDualEncoderProcessor]:
    """A dual encoder and the processor that feeds it.

    Args:
        projection_dim: of the common space.
        text_tokens: the most tokens of a caption, at most what the text tower has positions for.
        image_size: of the square pictures, in pixels; None takes the vision tower's own.

    Raises:
        UserError: a tower is absent or does not fit.
    """
    if vision.tokenizer is not None:
        raise UserError("A vision tower reads no text; set text.tokenizer and not vision.tokenizer.")
    vision_config, text_config = tower_config(vision, "vision"), tower_config(text, "text")
    tokenizer = text_tokenizer(text, text_tokens)
    check_vocabulary(text_config, tokenizer, text.tokenizer or text.model)
    if not text.pretrained:
        number_special_tokens(text_config, tokenizer)
    vision_model, vision_pool = build_tower(vision, "vision", vision_config)
    text_model, text_pool = build_tower(text, "text", text_config)
    if text_model.config.model_type in FILLED:
        text_model.config.pad_token_id = tokenizer.pad_token_id
    processor = tower_image_processor(vision, vision_model.config, image_size)
    config = DualEncoderConfig(
        vision_config=vision_model.config,
        text_config=text_model.config,
        projection_dim=projection_dim,
        vision_pooling=vision_pool,
        text_pooling=text_pool,
        text_tokens=text_tokens,
    )
    model = DualEncoder(config, vision_model=vision_model, text_model=text_model).eval()
    _check_pictures(model, picture_size(processor).side)
    _check_captions(model, text_tokens)
    return model, VisionTextDualEncoderProcessor(processor, tokenizer)


@torch.no_grad()
def _check_pictures(model: DualEncoder, side: int) -> None:
    """Read one empty picture: what does not fit is told before training begins."""
    own = getattr(model.config.vision_config, "image_size", None)
    try:
        model.encode_image(torch.zeros(1, 3, side, side))
    except torch.OutOfMemoryError:
        raise
    except FAILURES as error:
        if isinstance(own, int) and own != side:
            raise UserError(
                f"The vision tower takes pictures of {own} pixels, not {side}; set image_size to {own}."
            ) from error
        raise UserError(
            f"The vision tower cannot be read by its pooling '{model.config.vision_pooling}', or reads no colour pictures of "
            f"{side} pixels ({reason(error)}); choose another pooling or tower."
        ) from error


@torch.no_grad()
def _check_captions(model: DualEncoder, tokens: int) -> None:
    """Read one caption of the full length."""
    # Positions before the padding's own are never used (XLM-R, arXiv 1911.02116, after fairseq).
    tables = [
        module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
        for name, module in model.text_model.named_modules()
        if isinstance(module, nn.Embedding) and "position" in name
    ]
    if tables and tokens > min(tables):
        raise UserError(
            f"The text tower has positions for {min(tables)} tokens and text_tokens is {tokens}; "
            f"set text_tokens to {min(tables)} at most."
        )
    ids = torch.zeros(1, tokens, dtype=torch.int64)
    try:
        model.encode_text(ids, torch.ones_like(ids))
    except torch.OutOfMemoryError:
        raise
    except FAILURES as error:
        raise UserError(
            f"The text tower cannot be read by its pooling '{model.config.text_pooling}', or reads no captions of {tokens} "
            f"tokens ({reason(error)}); choose another pooling, fewer text_tokens or another tower."
        ) from error


def text_tokenizer(tower: Tower, tokens: int) -> Any:
    """The tokenizer of a text tower, which pads on the right.

    Args:
        tokens: the most of a caption.

    Raises:
        UserError: it is absent, or has nothing to pad with.
    """
    source = tower.tokenizer or tower.model
    if source is None:
        raise UserError(
            "A text tower with a config of its own needs a tokenizer; set text.tokenizer to a Hub name or a local path."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(place(source), padding_side="right", model_max_length=tokens)
    except FAILURES as error:
        raise absent(source, "tokenizer", error) from error
    if tokenizer.pad_token is None:  # as of LLaMA; padding is masked, so any token will do
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token is None:
        raise UserError(f"The tokenizer '{source}' has no token to pad with; give it a pad_token.")
    return tokenizer


def check_vocabulary(config: PretrainedConfig, tokenizer: Any, name: str | None) -> None:
    """Refuse a tokenizer that has more tokens than a text tower embeds.

    Raises:
        UserError: it has.
    """
    vocabulary = getattr(config, "vocab_size", len(tokenizer))
    if len(tokenizer) > vocabulary:
        raise UserError(
            f"The tokenizer '{name}' has {len(tokenizer)} tokens and the text tower embeds {vocabulary}; "
            "give a tower and a tokenizer that belong together."
        )


def number_special_tokens(config: PretrainedConfig, tokenizer: Any) -> None:
    """Give a tower of random weights the special tokens of its tokenizer, by whose numbers models find padding and ends."""
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        number = getattr(tokenizer, name)
        if number is not None and getattr(config, name, None) is not None:
            setattr(config, name, number)


def tower_image_processor(tower: Tower, config: PretrainedConfig, side: int | None) -> Any:
    """What brings pictures to a tower: its own image processor, or one that its config needs.

    Args:
        side: of the square pictures, in pixels; None takes the tower's own.

    Raises:
        UserError: it is absent, or makes no squares of one size.
    """
    if not tower.pretrained:
        own = getattr(config, "image_size", None)
        side = side or (own if isinstance(own, int) else 224)
        # Pixels to [-1, 1], as the ViT checkpoints take them (arXiv 2010.11929).
        return square_processor(PictureSize(side, side), [0.5] * 3, [0.5] * 3)
    try:
        processor = AutoImageProcessor.from_pretrained(place(str(tower.model)), backend="pil")
    except FAILURES as error:
        raise absent(str(tower.model), "image processor", error) from error
    return processor if side in (None, picture_size(processor).side) else resized_processor(processor, side)


def preparation(processor: VisionTextDualEncoderProcessor, config: DualEncoderConfig) -> Preparation:
    """How training makes tensors, read off the processor so that training and use agree."""
    mean, deviation = pixel_scale(processor.image_processor)
    return Preparation(processor.tokenizer, config.text_tokens, mean, deviation)


def load_dual_encoder(folder: str | Path) -> tuple[DualEncoder, VisionTextDualEncoderProcessor]:
    """A saved dual encoder and its processor.

    Raises:
        UserError: the folder holds none.
    """
    check_model(Path(folder))
    try:
        config = AutoConfig.from_pretrained(folder)
        if not isinstance(config, DualEncoderConfig):
            raise UserError(
                f"{folder} holds no dual encoder, but one of the kind {config.model_type}; name the folder of a finished run."
            )
        loaded: Any = DualEncoder.from_pretrained  # whose declared type knows nothing of the report
        model, report = loaded(folder, config=config, output_loading_info=True)
        processor = VisionTextDualEncoderProcessor.from_pretrained(folder)
    except FAILURES as error:
        raise UserError(
            f"{folder} holds no dual encoder that can be loaded ({reason(error)}); train one first."
        ) from error
    if report["missing_keys"]:
        raise lacks_weights(str(folder), sorted(report["missing_keys"]), "restore it or train anew")
    return model.eval(), processor
