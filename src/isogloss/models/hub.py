"""Where a model is loaded from: a folder, the Hub, or what the local cache keeps of the Hub."""

from functools import cache
from pathlib import Path

from huggingface_hub import get_hf_file_metadata, hf_hub_url, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

# Seconds for the Hub's answer. Transformers asks for a dozen files of a model, for each six times and with pauses between.
PATIENCE = 5.0


def is_path(model: str) -> bool:
    """Whether a model is named by a path and not as on the Hub."""
    return Path(model).is_dir() or Path(model).is_absolute() or model.startswith(".")


@cache
def place(model: str) -> str:
    """What a model is loaded by: its own name or path, or its folder in the local cache where the Hub does not answer.

    The Hub is asked once for each model.

    Raises:
        OSError: the Hub does not answer, and the cache has nothing of the model.
    """
    if is_path(model):
        return model
    try:
        get_hf_file_metadata(hf_hub_url(model, "config.json"), timeout=PATIENCE)
    except (HfHubHTTPError, EntryNotFoundError, HFValidationError):  # an answer, though no good one: loading will tell
        return model
    except Exception as error:  # of the HTTP client, which the Hub's library may change
        try:
            return snapshot_download(model, local_files_only=True, allow_patterns=["config.json"])
        except OSError:
            raise OSError(f"the Hub does not answer: {error}") from error
    return model
