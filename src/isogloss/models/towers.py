"""Towers by Hub name, local path or configuration, and the dual encoder built of two."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    VisionTextDualEncoderProcessor,
)

from isogloss.data.batch import Preparation
from isogloss.data.images import PictureSize
from isogloss.errors import UserError, unknown
from isogloss.models.clip import FILLED, DualEncoder, DualEncoderConfig, make_tower
from isogloss.models.image_processor import picture_size, pixel_scale, resized_processor, square_processor
from isogloss.models.pooling import POOLINGS, text_pooling, vision_pooling

# What Transformers raises on a folder or a name that holds nothing for it, or something damaged.
UNLOADABLE = (OSError, ValueError, ImportError, SafetensorError, StrictDataclassError)
# What a model raises on an input, or a pooling on an output, that it was not made for.
_MISFIT = (ValueError, RuntimeError, IndexError, AttributeError, TypeError, KeyError)

# A value of a Transformers configuration.
Setting = bool | int | float | str | list[int] | list[str]


@dataclass(frozen=True)
class Tower:
    """Which tower, and whether it brings its weights.

    Args:
        model: a Hub name, a local path, or a recipe of the text stage, which is trained first; None with `config`.
        config: fields of a Transformers configuration with its `model_type`, for random weights.
        random_weights: take the shape of `model` and leave its weights.
        pooling: "auto" for what suits the tower, or a name of `isogloss.models.pooling.POOLINGS`.
        frozen_epochs: how long the tower stays as it came, in epochs; nothing that starts from random weights is frozen.
    """

    model: str | None = None
    config: dict[str, Setting] = field(default_factory=dict[str, Setting])
    random_weights: bool = False
    pooling: str = "auto"
    frozen_epochs: float = 0.5

    def __post_init__(self) -> None:
        if (self.model is None) == (not self.config):
            raise UserError(
                "A tower needs either a model (a Hub name or a local path) or a config with a model_type, and not both; "
                f"this one has model={self.model!r} and config={dict(self.config)!r}."
            )
        if self.config and "model_type" not in self.config:
            raise UserError("A tower's config needs a model_type, such as 'vit' or 'xlm-roberta'.")

    @property
    def pretrained(self) -> bool:
        """Whether it brings weights that are worth keeping as they are for a while."""
        return self.model is not None and not self.random_weights


def _absent(model: str, kind: str, error: Exception) -> UserError:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if Path(model).is_dir():
        return UserError(
            f"The folder '{model}' holds no {kind} that can be loaded ({said}); restore it or name another."
        )
    if Path(model).is_absolute() or model.startswith("."):
        return UserError(f"The {kind} '{model}' is missing; name a folder that is there, or a model of the Hub.")
    return UserError(
        f"The {kind} '{model}' is no folder here and neither in the local cache nor reachable on the Hub; give the path of "
        f"a downloaded copy (`hf download {model} --local-dir FOLDER`), set HF_HOME to a cache that holds it, or give a "
        f"config for random weights ({said})."
    )


def tower_config(tower: Tower, kind: str) -> PretrainedConfig:
    """The configuration of one tower; that of the right half where the model is itself a pair of towers.

    Args:
        kind: "vision" or "text".
    """
    if tower.model is not None:
        try:
            config = AutoConfig.from_pretrained(tower.model)
        except UNLOADABLE as error:
            raise _absent(tower.model, f"{kind} tower", error) from error
        return getattr(config, f"{kind}_config", config)
    fields = {name: value for name, value in tower.config.items() if name not in ("model_type", "tokenizer")}
    model_type = str(tower.config["model_type"])
    if model_type not in CONFIG_MAPPING:
        raise unknown("model_type of Transformers", model_type, CONFIG_MAPPING)
    try:
        return AutoConfig.for_model(model_type, **fields)
    except (*_MISFIT, StrictDataclassError) as error:
        raise _impossible(kind, error) from error


def _impossible(kind: str, error: Exception) -> UserError:
    return UserError(f"The {kind} tower's config makes no model; correct it: {' '.join(str(error).split())}")


def _check(model: PreTrainedModel, kind: str, name: str) -> None:
    expected = {"vision": "pixel_values", "text": "input_ids"}[kind]
    if model.main_input_name != expected:
        raise UserError(
            f"{name} cannot be the {kind} tower: it reads {model.main_input_name}, and a {kind} tower reads {expected}; "
            f"choose a model that encodes {'pictures' if kind == 'vision' else 'text'}."
        )


def build_tower(tower: Tower, kind: str) -> tuple[PreTrainedModel, str]:
    """One tower and the name of its pooling.

    Raises:
        UserError: the model is absent, is of the other kind, or has no output that the pooling reads.
    """
    config = tower_config(tower, kind)
    pooling = tower.pooling
    if pooling == "auto":
        pooling = vision_pooling(config.model_type) if kind == "vision" else text_pooling(config.model_type)
    if pooling not in POOLINGS:
        raise UserError(f"There is no pooling '{pooling}'; choose one of auto, {', '.join(POOLINGS)}.")

    def make(**options: Any) -> PreTrainedModel:
        # In float32 whatever it was saved in: both towers must agree, and small steps are lost in half precision.
        if tower.model is None or tower.random_weights:
            return AutoModel.from_config(config, dtype=torch.float32, **options)
        return AutoModel.from_pretrained(tower.model, dtype=torch.float32, **options)

    try:
        model = make_tower(make, kind, pooling)
    except (*UNLOADABLE, RuntimeError) as error:
        if tower.pretrained:
            raise _absent(str(tower.model), f"{kind} tower", error) from error
        raise _impossible(kind, error) from error
    _check(model, kind, tower.model or config.model_type)
    return model, pooling


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
    vision_model, vision_pool = build_tower(vision, "vision")
    text_model, text_pool = build_tower(text, "text")
    processor = _image_processor(vision, vision_model.config, image_size)
    tokenizer = _tokenizer(text, text_tokens)
    vocabulary = getattr(text_model.config, "vocab_size", len(tokenizer))
    if len(tokenizer) > vocabulary:
        raise UserError(
            f"The tokenizer of '{text.model}' has {len(tokenizer)} tokens and the text tower embeds {vocabulary}; "
            "give a tower and a tokenizer that belong together."
        )
    if text_model.config.model_type in FILLED:
        text_model.config.pad_token_id = tokenizer.pad_token_id
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
    except _MISFIT as error:
        if isinstance(own, int) and own != side:
            raise UserError(
                f"The vision tower takes pictures of {own} pixels, not {side}; set image_size to {own}."
            ) from error
        raise UserError(
            f"The vision tower cannot be read by its pooling '{model.config.vision_pooling}', or reads no colour pictures of "
            f"{side} pixels ({' '.join(str(error).split())}); choose another pooling or tower."
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
    except _MISFIT as error:
        raise UserError(
            f"The text tower cannot be read by its pooling '{model.config.text_pooling}', or reads no captions of {tokens} "
            f"tokens ({' '.join(str(error).split())}); choose another pooling, fewer text_tokens or another tower."
        ) from error


def _tokenizer(tower: Tower, tokens: int) -> Any:
    source = tower.model or tower.config.get("tokenizer")
    if source is None:
        raise UserError(
            "A text tower with random weights needs a tokenizer: give its path as config field 'tokenizer'."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, padding_side="right", model_max_length=tokens)
    except UNLOADABLE as error:
        raise _absent(str(source), "tokenizer", error) from error
    if tokenizer.pad_token is None:  # as of LLaMA; padding is masked, so any token will do
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token is None:
        raise UserError(f"The tokenizer of '{source}' has no token to pad with; give it a pad_token.")
    return tokenizer


def _image_processor(tower: Tower, config: PretrainedConfig, side: int | None) -> Any:
    if not tower.pretrained:
        own = getattr(config, "image_size", None)
        side = side or (own if isinstance(own, int) else 224)
        # Pixels to [-1, 1], as the ViT checkpoints take them (arXiv 2010.11929).
        return square_processor(PictureSize(side, side), [0.5] * 3, [0.5] * 3)
    try:
        processor = AutoImageProcessor.from_pretrained(tower.model, backend="pil")
    except UNLOADABLE as error:
        raise _absent(str(tower.model), "image processor", error) from error
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
    if not (Path(folder) / "config.json").is_file():  # else the name would be asked for on the Hub
        raise UserError(
            f"{folder} holds no saved model; name the folder of a finished run, such as runs/demo/seed-0/parallel."
        )
    try:
        model = DualEncoder.from_pretrained(folder)
        processor = VisionTextDualEncoderProcessor.from_pretrained(folder)
    except UNLOADABLE as error:
        raise UserError(f"{folder} holds no dual encoder that can be loaded ({error}); train one first.") from error
    return model.eval(), processor
