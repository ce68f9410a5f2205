"""A language model that writes, with random weights: any causal one of Transformers, by its config."""

from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from isogloss.errors import UserError, unknown
from isogloss.models.tower import FAILURES, reason


def build_language_model(config: Mapping[str, Any], tokenizer: Any) -> PreTrainedModel:
    """A causal language model with random weights, as wide as the tokenizer's vocabulary.

    Args:
        config: fields of a Transformers configuration with its `model_type`, such as "qwen3", and without vocab_size.
        tokenizer: of Transformers; what it writes ends with its `eos_token`.

    Raises:
        UserError: the config is of no causal language model, names a field that it has not, or makes no model.
    """
    fields = dict(config)
    model_type = str(fields.pop("model_type", ""))
    if model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise unknown("causal language model with the model_type", model_type, MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    if "vocab_size" in fields:
        raise UserError("The language model's config names a vocab_size, which is the tokenizer's; leave it out.")
    special = {name: getattr(tokenizer, name) for name in ("bos_token_id", "pad_token_id", "eos_token_id")}
    try:
        plain = AutoConfig.for_model(model_type)
        for name in fields:  # which Transformers would keep and never read
            if not hasattr(plain, name):
                raise unknown(f"field of a {model_type} config", name, plain.to_dict())
        shape = AutoConfig.for_model(model_type, vocab_size=len(tokenizer), **special, **fields)
        model = AutoModelForCausalLM.from_config(shape)
        sees_ahead = _sees_ahead(model)
    except FAILURES as error:
        raise UserError(f"The language model's config makes no model: {reason(error)}; correct it.") from error
    if sees_ahead:
        raise UserError(
            f"The language model '{model_type}' reads the words that it is to write, as encoders do; set is_decoder to "
            "true, or choose a model_type such as qwen3 or llama."
        )
    model.generation_config = GenerationConfig(**special)
    return model


@torch.no_grad()
def _sees_ahead(model: PreTrainedModel) -> bool:
    """Whether what follows a token changes what is said after it."""
    model.eval()
    first = [model(input_ids=torch.tensor([[5, last]])).logits[0, 0] for last in (6, 7)]
    model.train()
    return not torch.equal(*first)
