"""A language model in 8 or 4 bits a weight, which needs bitsandbytes and a GPU."""

from importlib.util import find_spec
from typing import Any

import torch

from isogloss.errors import UserError, unknown

# What stays as it was saved: eyes and connector are small beside a language model, and its head is not quantised by custom.
_WHOLE = ["vision_tower", "multi_modal_projector", "lm_head"]
KINDS = ("8bit", "4bit")


def quantisation(kind: str, device: str) -> Any:
    """The configuration by which Transformers quantises a model as it loads it.

    Args:
        kind: "8bit" (LLM.int8, arXiv 2208.07339) or "4bit" (NF4, arXiv 2305.14314).
        device: that computes.

    Raises:
        UserError: there is no such kind, or it cannot be done here.
    """
    if kind not in KINDS:
        raise unknown("kind of quantisation", kind, KINDS)
    if not device.startswith("cuda"):
        raise UserError(f"{kind} needs a GPU, and the model is to run on {device}; leave quantise out.")
    if find_spec("bitsandbytes") is None:
        raise UserError(f'{kind} needs bitsandbytes; run pip install "isogloss[quantised]", or leave quantise out.')
    from transformers import BitsAndBytesConfig

    if kind == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=_WHOLE)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=_WHOLE,
    )
