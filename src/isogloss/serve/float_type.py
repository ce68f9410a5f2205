"""The float type that a saved model computes in."""

import torch

from isogloss.errors import unknown

KINDS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def choose_float_type(asked: str, device: str) -> torch.dtype:
    """The float type that is meant: for "auto" bfloat16 on a GPU that computes in it, and float32 elsewhere.

    Args:
        asked: "auto", "float32" or "bfloat16".
        device: that computes, as "cpu", "cuda" or "cuda:1".

    Raises:
        UserError: there is no such type.
    """
    if asked == "auto":
        half = device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if half else torch.float32
    if asked not in KINDS:
        raise unknown("float type", asked, ("auto", *KINDS))
    return KINDS[asked]
