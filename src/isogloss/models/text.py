"""The text encoder of the text-only stage: a masked language model of Transformers, read at hidden tokens alone."""

from collections.abc import Mapping
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from jaxtyping import Bool, Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from isogloss.errors import UserError, unknown
from isogloss.models.lengths import by_length
from isogloss.models.pooling import mean_pooling


def build_masked_language_model(config: Mapping[str, Any], tokenizer: Any) -> PreTrainedModel:
    """A masked language model with random weights, as wide as the tokenizer's vocabulary.

    Raises:
        UserError: the config is of no masked language model.
    """
    fields = dict(config)
    model_type = str(fields.pop("model_type", ""))
    if model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        raise unknown("masked language model with the model_type", model_type, MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    try:
        shape = AutoConfig.for_model(
            model_type,
            vocab_size=len(tokenizer),
            bos_token_id=tokenizer.bos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            **fields,
        )
        return AutoModelForMaskedLM.from_config(shape)
    except (KeyError, TypeError, ValueError, StrictDataclassError) as error:
        raise UserError(
            f"The text stage's config makes no model; correct it: {' '.join(str(error).split())}"
        ) from error


class TextEncoder(nn.Module):
    """A masked language model whose head is computed where tokens are hidden and nowhere else."""

    def __init__(self, masked_language_model: PreTrainedModel) -> None:
        super().__init__()
        self.model = masked_language_model

    def forward(
        self,
        input_ids: Int[Tensor, "caption token"],
        attention_mask: Int[Tensor, "caption token"],
        hidden: Bool[Tensor, "caption token"],
    ) -> dict[str, Tensor]:
        """Logits at the hidden tokens, [hidden, vocabulary], and the mean state of every caption, [caption, width]."""
        # Captions are read in another order, so each hidden token keeps its number.
        numbers = torch.zeros_like(input_ids).masked_scatter(hidden, torch.arange(hidden.sum(), device=hidden.device))
        groups = list(by_length(attention_mask))
        at_hidden: list[Tensor] = []
        sentences: list[Tensor] = []
        for rows, end in groups:
            mask = attention_mask[rows, :end]
            states = self.model.base_model(input_ids=input_ids[rows, :end], attention_mask=mask)
            at_hidden.append(states.last_hidden_state[hidden[rows, :end]])
            sentences.append(mean_pooling(states, mask))
        read = torch.cat([numbers[rows, :end][hidden[rows, :end]] for rows, end in groups])
        return {
            "logits": self.model.lm_head(torch.cat(at_hidden)[read.argsort()]),
            "sentences": torch.cat(sentences)[torch.cat([rows for rows, _ in groups]).argsort()],
        }
