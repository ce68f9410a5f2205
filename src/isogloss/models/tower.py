"""One tower by Hub name, local path or configuration."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor
from transformers import CONFIG_MAPPING, MODEL_MAPPING, AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from isogloss.errors import UserError, unknown
from isogloss.models.clip import make_tower
from isogloss.models.hub import is_path, place
from isogloss.models.pooling import POOLINGS, text_pooling, vision_pooling

# What Transformers and its models raise on a folder or a name that holds nothing for them, on something damaged, on a
# configuration that makes no model, and on an input that the model was not made for.
FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
    TypeError,
    ValueError,
)

# A value of a Transformers configuration.
Setting = bool | int | float | str | list[int] | list[str]


@dataclass(frozen=True)
class Tower:
    """Which tower, and whether it brings its weights.

    Args:
        model: a Hub name, a local path, or a recipe of the text stage, which is trained first; None with `config`.
        config: fields of a Transformers configuration with its `model_type`, for random weights.
        tokenizer: of a text tower, a Hub name or a local path; None for the model's own.
        random_weights: take the shape of `model` and leave its weights.
        pooling: "auto" for what suits the tower, or a name of `isogloss.models.pooling.POOLINGS`.
        frozen_epochs: how long the tower stays as it came, in epochs; nothing that starts from random weights is frozen.
        frozen: patterns of its parameters' names that stay as they came for the whole run, such as "embeddings.*".
    """

    model: str | None = None
    config: dict[str, Setting] = field(default_factory=dict[str, Setting])
    tokenizer: str | None = None
    random_weights: bool = False
    pooling: str = "auto"
    frozen_epochs: float = 0.5
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.model is None) == (not self.config):
            raise UserError(
                "A tower needs either a model (a Hub name or a local path) or a config with a model_type, and not both; "
                f"this one has model={self.model!r} and config={dict(self.config)!r}."
            )
        if self.config and "model_type" not in self.config:
            raise UserError("A tower's config needs a model_type, such as 'vit' or 'xlm-roberta'.")
        if not self.frozen_epochs >= 0:
            raise UserError(f"frozen_epochs is {self.frozen_epochs}; give a number of at least 0, such as 0.5.")

    @property
    def pretrained(self) -> bool:
        """Whether it brings weights that are worth keeping as they are for a while."""
        return self.model is not None and not self.random_weights


def reason(error: Exception) -> str:
    """What a library has to say of a failure, in a line."""
    if isinstance(error, KeyError):
        return f"Transformers knows no {error}"
    first, *others = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    while first.endswith(":") and others:
        first = f"{first} {others.pop(0)}"
    return first.rstrip(".:")


def absent(model: str, kind: str, error: Exception) -> UserError:
    """The error for a model, or a part of one, that cannot be loaded."""
    if Path(model).is_dir():
        return UserError(
            f"The folder '{model}' holds no {kind} that can be loaded ({reason(error)}); restore it or name another."
        )
    if is_path(model):
        return UserError(f"The {kind} '{model}' is missing; name a folder that is there, or a model of the Hub.")
    return UserError(
        f"The {kind} '{model}' is no folder here and neither in the local cache nor reachable on the Hub; give the path of "
        f"a downloaded copy (`hf download {model} --local-dir FOLDER`), set HF_HOME to a cache that holds it, or give a "
        f"config for random weights ({reason(error)})."
    )


def _impossible(kind: str, error: Exception) -> UserError:
    return UserError(f"The {kind} tower's config makes no model: {reason(error)}; correct it.")


def tower_config(tower: Tower, kind: str) -> PretrainedConfig:
    """The configuration of one tower; that of the right half where the model is itself a pair of towers.

    Args:
        kind: "vision" or "text".

    Raises:
        UserError: the model is absent, is of the other kind or cannot stand alone, or the config is none.
    """
    if tower.model is not None:
        try:
            config = AutoConfig.from_pretrained(place(tower.model))
        except FAILURES as error:
            raise absent(tower.model, f"{kind} tower", error) from error
        config = getattr(config, f"{kind}_config", config)
    else:
        fields = dict(tower.config)
        model_type = str(fields.pop("model_type"))
        if model_type not in CONFIG_MAPPING:
            raise unknown("model_type of Transformers", model_type, CONFIG_MAPPING)
        try:
            plain, config = AutoConfig.for_model(model_type), AutoConfig.for_model(model_type, **fields)
        except FAILURES as error:
            raise _impossible(kind, error) from error
        for name in fields:  # which Transformers would keep and never read
            if not hasattr(plain, name):
                raise unknown(f"field of a {model_type} config", name, plain.to_dict())
    _check_kind(config, kind, tower.model or config.model_type)
    return config


def _check_kind(config: PretrainedConfig, kind: str, name: str) -> None:
    """Tell before any weights are downloaded whether they are of use."""
    made: Any = MODEL_MAPPING.get(type(config), None)
    if made is None:  # as of some pairs' halves: trained, it could not be loaded again
        raise UserError(
            f"{name} cannot be the {kind} tower, since Transformers makes no model of a {config.model_type} alone; "
            "choose another model."
        )
    expected = {"vision": "pixel_values", "text": "input_ids"}[kind]
    found = (made[0] if isinstance(made, tuple) else made).main_input_name
    if found != expected:
        raise UserError(
            f"{name} cannot be the {kind} tower: it reads {found}, and a {kind} tower reads {expected}; "
            f"choose a model that encodes {'pictures' if kind == 'vision' else 'text'}."
        )


def build_tower(tower: Tower, kind: str, config: PretrainedConfig | None = None) -> tuple[PreTrainedModel, str]:
    """One tower and the name of its pooling.

    Args:
        kind: "vision" or "text".
        config: what `tower_config` gives, where it is at hand or was changed.

    Raises:
        UserError: the tower is absent or of the other kind, lacks weights, or makes no model.
    """
    shape = tower_config(tower, kind) if config is None else config
    pooling = tower.pooling
    if pooling == "auto":
        pooling = vision_pooling(shape.model_type) if kind == "vision" else text_pooling(shape.model_type)
    if pooling not in POOLINGS:
        raise UserError(f"There is no pooling '{pooling}'; choose one of auto, {', '.join(POOLINGS)}.")
    left_to_chance: dict[str, Tensor] = {}

    def make(**options: Any) -> PreTrainedModel:
        # In float32 whatever it was saved in: both towers must agree, and small steps are lost in half precision.
        options["dtype"] = torch.float32
        if not tower.pretrained:
            return AutoModel.from_config(shape, **options)
        model, report = AutoModel.from_pretrained(place(str(tower.model)), output_loading_info=True, **options)
        tensors = model.state_dict(keep_vars=True)
        for name in report["missing_keys"] & tensors.keys():
            if tensors[name].is_floating_point():  # older checkpoints do not count the batches of a batch norm
                left_to_chance[name] = tensors[name]
        return model

    try:
        model = make_tower(make, kind, pooling)
    except FAILURES as error:
        raise (
            absent(str(tower.model), f"{kind} tower", error) if tower.pretrained else _impossible(kind, error)
        ) from error
    _check_weights(model, left_to_chance, f"{kind} tower '{tower.model}'", pooling)
    if tower.model is not None:  # a saved pair names the Hub's model, and no place on this machine
        model.config.name_or_path = "" if is_path(tower.model) else tower.model
    return model, pooling


def _check_weights(model: PreTrainedModel, left_to_chance: dict[str, Tensor], name: str, pooling: str) -> None:
    """Refuse a tower that is partly random; what it leaves of its model, such as a decoder, may be."""
    kept = {id(tensor) for tensor in model.state_dict(keep_vars=True).values()}
    lacking = sorted(path for path, tensor in left_to_chance.items() if id(tensor) in kept)
    of_pooler = [path for path in lacking if "pooler" in path.split(".")]
    if pooling != "pooler":
        lacking = [path for path in lacking if path not in of_pooler]
    if lacking:
        remedy = "choose another pooling" if lacking == of_pooler else "restore it or name another"
        raise lacks_weights(f"The {name}", lacking, remedy)


def lacks_weights(name: str, lacking: list[str], remedy: str) -> UserError:
    """The error for saved weights that are not complete."""
    return UserError(
        f"{name} lacks {len(lacking)} of its saved weights, the first of them {lacking[0]}, and would have random ones "
        f"there; {remedy}."
    )
