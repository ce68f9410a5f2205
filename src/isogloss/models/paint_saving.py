"""Paint models on the disk: a Diffusers pipeline with its own files of code, which needs no isogloss to be loaded."""

import importlib
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from isogloss.errors import UserError
from isogloss.models.paint import PaintModel
from isogloss.models.paint_text import Reading, TextSide
from isogloss.models.tower import FAILURES, lacks_weights, reason
from isogloss.saved import fields_of, read_object
from isogloss.saving import new_folder, write_json

_INDEX = "model_index.json"


def as_pipeline(model: PaintModel, scheduler: Any) -> Any:
    """The pipeline that draws with a model, of the very same weights: `isogloss.models.paint_files.pipeline.PaintPipeline`."""
    from isogloss.models.paint_files.pipeline import PaintPipeline

    return PaintPipeline(
        text_encoder=model.text.model,
        tokenizer=model.text.tokenizer,
        adapter=model.adapter,
        unet=model.unet,
        scheduler=scheduler,
        vae=model.vae,
        **_settings(model.text),
    )


def _settings(text: TextSide) -> dict[str, Any]:
    reading = text.reading
    read = {"layer": reading.layer, "tokens": reading.tokens, "fills": reading.fills, "slots": reading.slots}
    return {**read, "pooling": text.pooling}


def save_paint(model: PaintModel, scheduler: Any, folder: Path) -> None:
    """Save a paint model as a Diffusers pipeline, whole or not at all.

    It is loaded by `DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder, trust_remote_code=True)`.

    Args:
        scheduler: of Diffusers, which draws what the model predicts.

    Raises:
        UserError: something exists there, the disk is full, or the place cannot be written.
    """
    import diffusers

    parts: dict[str, Any] = {
        "text_encoder": _with_all_parts(model.text.model),
        "tokenizer": model.text.tokenizer,
        "adapter": model.adapter,
        "unet": model.unet,
        "vae": model.vae,
        "scheduler": scheduler,
    }
    index: dict[str, Any] = {"_class_name": ["pipeline", "PaintPipeline"], "_diffusers_version": diffusers.__version__}
    code = Path(__file__).with_name("paint_files")
    with new_folder(folder) as partial:
        for name, part in parts.items():
            index[name] = [None, None] if part is None else _library_and_class(name, part)
            if part is not None:
                part.save_pretrained(partial / name)
        shutil.copyfile(code / "pipeline.py", partial / "pipeline.py")
        shutil.copyfile(code / "adapter.py", partial / "adapter" / "adapter.py")
        write_json(partial / _INDEX, {**index, **_settings(model.text)})


def _with_all_parts(model: PreTrainedModel) -> PreTrainedModel:
    """A text encoder with what its class makes it with; what is never read, such as a pooled output's layer, is 0.

    Left out, it would be reported as missing each time that the model is loaded.
    """
    kind: Any = type(model)
    with torch.device("meta"):
        whole = kind(model.config)
    lacking = whole.state_dict().keys() - model.state_dict().keys()
    if not lacking:
        return model
    shapes = {name: value.shape for name, value in whole.state_dict().items()}
    zeros = {name: torch.zeros(shapes[name]) for name in lacking}
    whole.load_state_dict({**model.state_dict(keep_vars=True), **zeros}, assign=True)
    return whole


def _library_and_class(name: str, part: Any) -> list[str]:
    """Where a part's class is found again; those that a library does not hand out are named by their module."""
    kind = type(part)
    if name == "adapter":
        return ["adapter", kind.__name__]
    library = kind.__module__.split(".")[0]
    at_hand = getattr(importlib.import_module(library), kind.__name__, None) is kind
    return [library if at_hand else kind.__module__, kind.__name__]


def load_paint(folder: str | Path) -> tuple[PaintModel, Any]:
    """A saved paint model and its scheduler.

    Raises:
        UserError: the folder holds none, or not all of its weights.
    """
    from isogloss.models.paint_files.adapter import PaintAdapter

    root = Path(folder)
    if not (root / _INDEX).is_file():
        raise UserError(f"{root} holds no saved paint model; name the folder of a finished run's model.")
    index = read_object(root / _INDEX)
    with fields_of(root / _INDEX):
        if index["_class_name"] != ["pipeline", "PaintPipeline"]:
            raise UserError(
                f"{root} holds another pipeline of Diffusers ({index['_class_name']}); name the folder of a paint model of ours."
            )
        reading = Reading(index["layer"], index["tokens"], index["fills"], index["slots"])
        pooling = str(index["pooling"])
        kinds = {name: index[name] for name in ("text_encoder", "tokenizer", "unet", "vae", "scheduler")}
    try:
        model = PaintModel(
            TextSide(
                _load(root, "text_encoder", kinds), _load(root, "tokenizer", kinds), reading, pooling
            ).requires_grad_(False),
            _whole(PaintAdapter, root / "adapter"),
            _load(root, "unet", kinds),
            _load(root, "vae", kinds),
        )
        if model.vae is not None:
            model.vae.requires_grad_(False)
        return model.eval(), _load(root, "scheduler", kinds)
    except FAILURES as error:
        raise UserError(
            f"{root} holds no paint model that can be loaded ({reason(error)}); restore it or train one first."
        ) from error


def _load(root: Path, name: str, kinds: dict[str, Any]) -> Any:
    library, class_name = kinds[name]
    if library is None:
        return None
    if library.split(".")[0] not in ("transformers", "diffusers"):
        raise UserError(f"{root / _INDEX} takes the {name} from '{library}', which no paint model does; restore it.")
    kind: Any = getattr(importlib.import_module(library), class_name)
    return kind.from_pretrained(root / name) if name in ("tokenizer", "scheduler") else _whole(kind, root / name)


def _whole(kind: Any, folder: Path) -> Any:
    """A network with all of its weights."""
    network, report = kind.from_pretrained(folder, output_loading_info=True, use_safetensors=True)
    if report["missing_keys"]:
        raise lacks_weights(str(folder), sorted(report["missing_keys"]), "restore it or train anew")
    if hasattr(network, "register_to_config"):  # saved again, it names no place on this machine
        network.register_to_config(_name_or_path="")
    return network
