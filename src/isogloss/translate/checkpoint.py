"""Where a translation model's files lie: in a folder here, or fetched from the Hub into its cache."""

from pathlib import Path

from isogloss.errors import UserError
from isogloss.models.hub import is_path, place

# Everything but weights, which many models of the Hub have in five formats.
_SMALL = ("*.json", "*.jinja", "*.model", "*.spm", "*.txt")
# In the order of preference; the last is CTranslate2's own.
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "model.bin")


def name_of(model: str) -> str:
    """What captions say a model is called: a folder's own name, without the place where it lies here."""
    return Path(model).resolve().name if is_path(model) else model


def fetch(model: str, engine: str) -> Path:
    """The folder that holds a model, downloaded if it is named as on the Hub.

    Args:
        engine: for the message.

    Raises:
        UserError: there is no such folder, or neither the Hub nor the local cache has the model.
    """
    if is_path(model):
        if not Path(model).is_dir():
            raise UserError(
                f"The translation model {model} is no folder; name one that is there, or a model of the Hub."
            )
        return Path(model)

    from huggingface_hub import snapshot_download

    try:
        found = place(model)
        if found != model and any(any(Path(found).glob(weights)) for weights in _WEIGHTS):
            return Path(found)
        if found == model:
            snapshot_download(model, allow_patterns=list(_SMALL))
            for weights in _WEIGHTS:
                folder = Path(snapshot_download(model, allow_patterns=[weights]))
                if any(folder.glob(weights)):
                    return folder
    except Exception as error:  # of the Hub's client or of the one that it talks HTTP with
        first = str(error).strip().splitlines() or [type(error).__name__]
        raise _absent(model, engine, first[0].rstrip(".:")) from error
    raise _absent(model, engine, "it has no weights in a format that is read here")


def _absent(model: str, engine: str, reason: str) -> UserError:
    return UserError(
        f"The translation model '{model}' is no folder here and neither in the local cache nor reachable on the Hub: where "
        f"there is a network, fetch it with `hf download {model} --local-dir FOLDER`, then give "
        f"`--engine {engine}:FOLDER` ({reason})."
    )
