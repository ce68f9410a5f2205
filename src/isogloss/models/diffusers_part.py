"""One network of Diffusers by Hub name, local path or configuration."""

import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from isogloss.errors import UserError, unknown
from isogloss.models.hub import is_path, place
from isogloss.models.tower import FAILURES, Setting, absent, lacks_weights, reason


@dataclass(frozen=True)
class DiffusersPart:
    """Which network, and whether it brings its weights.

    Args:
        model: a Hub name or a folder, of a whole pipeline such as Stable Diffusion's or of the network alone; None with
            `config`.
        config: fields of the network's configuration, for random weights.
        random_weights: take the shape of `model` and leave its weights.
    """

    model: str | None = None
    config: dict[str, Setting] = field(default_factory=dict[str, Setting])
    random_weights: bool = False

    def __post_init__(self) -> None:
        if (self.model is None) == (not self.config):
            raise UserError(
                "A network of Diffusers needs either a model (a Hub name or a folder) or a config, and not both; this one has "
                f"model={self.model!r} and config={dict(self.config)!r}."
            )

    @property
    def pretrained(self) -> bool:
        """Whether it brings weights."""
        return self.model is not None and not self.random_weights


def build_part(part: DiffusersPart, class_name: str, subfolder: str) -> Any:
    """A network of Diffusers, in float32 whatever it was saved in.

    Args:
        class_name: of Diffusers, such as "UNet2DConditionModel".
        subfolder: where a pipeline keeps it, such as "unet".

    Raises:
        UserError: it is absent, lacks weights, or its config makes no network.
    """
    import diffusers

    kind: Any = getattr(diffusers, class_name)
    if part.model is None:
        return _of_config(kind, dict(part.config), subfolder)
    try:
        where = place(part.model)
        options = {} if is_path(where) and not (Path(where) / subfolder).is_dir() else {"subfolder": subfolder}
        if is_path(where):
            _check_kind(Path(where), subfolder, class_name)
        if part.random_weights:
            return kind.from_config(kind.load_config(where, **options))
        network, report = kind.from_pretrained(where, output_loading_info=True, torch_dtype=torch.float32, **options)
    except UserError:
        raise
    except FAILURES as error:
        raise absent(part.model, subfolder, error) from error
    if report["missing_keys"]:
        name = f"The {subfolder} of '{part.model}'"
        raise lacks_weights(name, sorted(report["missing_keys"]), "restore it or name another")
    # A saved model names the Hub's, and no place on this machine.
    network.register_to_config(_name_or_path="" if is_path(part.model) else part.model)
    return network


def _check_kind(folder: Path, subfolder: str, class_name: str) -> None:
    """Tell of a folder of another network, which Diffusers would load as this one with random weights."""
    inside = folder / subfolder
    file = (inside if inside.is_dir() else folder) / "config.json"
    if not file.is_file():
        raise UserError(
            f"The folder '{folder}' holds no {subfolder}: {file} is missing; name the folder of a Diffusers pipeline or of a "
            f"{class_name}."
        )
    found: Any = json.loads(file.read_text(encoding="utf-8"))
    named = found.get("_class_name") if isinstance(found, dict) else None
    if named != class_name:
        raise UserError(
            f"The folder '{file.parent}' holds a {named or 'network of another library'} and no {class_name}; name another."
        )


def _of_config(kind: Any, fields: dict[str, Any], subfolder: str) -> Any:
    known = [name for name in inspect.signature(kind.__init__).parameters if name != "self"]
    for name in fields:  # which Diffusers would leave out with a warning
        if name not in known:
            raise unknown(f"field of a {subfolder}'s config", name, known)
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
    except FAILURES as error:
        raise UserError(f"The {subfolder}'s config makes no network: {reason(error)}; correct it.") from error
