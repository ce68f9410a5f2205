"""Towers by Hub name, local path or configuration, and the dual encoder built of two."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    VisionTextDualEncoderProcessor,
)
from transformers.models.vit import ViTImageProcessorPil

from isogloss.data.batch import Preparation
from isogloss.errors import UserError
from isogloss.models.clip import DualEncoder, DualEncoderConfig
from isogloss.models.pooling import POOLINGS, text_pooling, vision_pooling


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
    where = "is no folder here that holds one" if Path(model).is_absolute() or model.startswith(".") else (
        "is neither in the local cache nor reachable on the Hub"
    )
    return UserError(
        f"The {kind} '{model}' {where}; give the path of a downloaded copy (`hf download {model} --local-dir FOLDER`), "
        f"set HF_HOME to a cache that holds it, or give a config for random weights ({type(error).__name__})."
    )


def tower_config(tower: Tower, kind: str) -> PretrainedConfig:
    """The configuration of one tower; that of the right half where the model is itself a pair of towers.

    Args:
        kind: "vision" or "text".
    """
    if tower.model is None:
        fields = dict(tower.config)
        try:
            config = AutoConfig.for_model(fields.pop("model_type"), **fields)
        except ValueError as error:
            raise UserError(f"The {kind} tower's config is of no Transformers model: {error}".splitlines()[0]) from error
    else:
        try:
            config = AutoConfig.from_pretrained(tower.model)
        except (OSError, ValueError) as error:
            raise _absent(tower.model, f"{kind} tower", error) from error
    return getattr(config, f"{kind}_config", config)


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
        causal = bool(getattr(config, "use_cache", False)) and not hasattr(config, "type_vocab_size")
        pooling = vision_pooling(config.model_type) if kind == "vision" else text_pooling(config.model_type, causal)
    if pooling not in POOLINGS:
        raise UserError(f"There is no pooling '{pooling}'; choose one of auto, {', '.join(POOLINGS)}.")
    options: dict[str, Any] = {} if pooling == "pooler" else {"add_pooling_layer": False}
    name = tower.model or config.model_type

    def make(**options: Any) -> PreTrainedModel:
        if not tower.pretrained:
            return AutoModel.from_config(config, **options)
        return AutoModel.from_pretrained(tower.model, **options)

    try:
        try:
            model = make(**options)
        except TypeError:  # this architecture has no pooling layer to leave out
            model = make()
    except (OSError, ValueError) as error:
        raise _absent(name, f"{kind} tower", error) from error
    model = getattr(model, f"{kind}_model", model)  # half of a pair such as CLIP
    if hasattr(model, "get_encoder") and model.config.is_encoder_decoder:
        model = model.get_encoder()
    _check(model, kind, name)
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
    own_size = getattr(vision_model.config, "image_size", None)
    if image_size is not None and isinstance(own_size, int) and image_size != own_size:
        raise UserError(
            f"The vision tower takes pictures of {own_size} pixels and the recipe asks for {image_size}; "
            f"set image_size to {own_size}."
        )
    tokenizer = _tokenizer(text)
    vocabulary = getattr(text_model.config, "vocab_size", len(tokenizer))
    if len(tokenizer) > vocabulary:
        raise UserError(
            f"The tokenizer of '{text.model}' has {len(tokenizer)} tokens and the text tower embeds {vocabulary}; "
            "give a tower and a tokenizer that belong together."
        )
    config = DualEncoderConfig(
        vision_config=vision_model.config,
        text_config=text_model.config,
        projection_dim=projection_dim,
        vision_pooling=vision_pool,
        text_pooling=text_pool,
        text_tokens=text_tokens,
    )
    model = DualEncoder(config, vision_model=vision_model, text_model=text_model)
    processor = VisionTextDualEncoderProcessor(_image_processor(vision, image_size or own_size or 224), tokenizer)
    return model, processor


def _tokenizer(tower: Tower) -> Any:
    source = tower.model or tower.config.get("tokenizer")
    if source is None:
        raise UserError("A text tower with random weights needs a tokenizer: give its path as config field 'tokenizer'.")
    try:
        return AutoTokenizer.from_pretrained(source, padding_side="right")
    except (OSError, ValueError) as error:
        raise _absent(source, "tokenizer", error) from error


def _image_processor(tower: Tower, size: int) -> Any:
    if tower.model is not None and not tower.random_weights:
        try:
            return AutoImageProcessor.from_pretrained(tower.model, backend="pil")
        except (OSError, ValueError) as error:
            raise _absent(tower.model, "image processor", error) from error
    # Pictures to [-1, 1], as the ViT checkpoints take them (arXiv 2010.11929).
    return ViTImageProcessorPil(
        size={"height": size, "width": size}, image_mean=[0.5] * 3, image_std=[0.5] * 3, resample=3
    )


def preparation(processor: VisionTextDualEncoderProcessor, config: DualEncoderConfig) -> Preparation:
    """How training makes tensors, read off the processor so that training and use agree."""
    return Preparation(
        tokenizer=processor.tokenizer,
        tokens=config.text_tokens,
        mean=tuple(processor.image_processor.image_mean),
        deviation=tuple(processor.image_processor.image_std),
    )


def load_dual_encoder(folder: str | Path) -> tuple[DualEncoder, VisionTextDualEncoderProcessor]:
    """A saved dual encoder and its processor.

    Raises:
        UserError: the folder holds none.
    """
    try:
        model = DualEncoder.from_pretrained(folder)
        processor = VisionTextDualEncoderProcessor.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} holds no dual encoder that can be loaded ({error}); train one first.") from error
    return model.eval(), processor
