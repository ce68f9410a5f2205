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

# Transformers cannot be asked for the whole head; so it is called in the families of XLM-R, BERT and ALBERT.
HEADS = ("lm_head", "cls", "predictions")


def build_masked_language_model(config: Mapping[str, Any], tokenizer: Any) -> PreTrainedModel:
    """A masked language model with random weights, as wide as the tokenizer's vocabulary.

    Raises:
        UserError: the config is of no masked language model, or of one whose head cannot be read alone.
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
        model = AutoModelForMaskedLM.from_config(shape)
    except (KeyError, RuntimeError, TypeError, ValueError, StrictDataclassError) as error:
        raise UserError(
            f"The text stage's config makes no model; correct it: {' '.join(str(error).split())}"
        ) from error
    if not _head_reads_states(model, torch.tensor([[tokenizer.bos_token_id, tokenizer.eos_token_id]])):
        raise UserError(
            f"The head of the masked language model '{model_type}' cannot be read at single tokens; choose a model_type "
            "such as xlm-roberta, roberta or bert."
        )
    return model


def head_of(model: PreTrainedModel) -> nn.Module | None:
    """The head of a masked language model, where its name is known."""
    return next((getattr(model, name) for name in HEADS if hasattr(model, name)), None)


@torch.no_grad()
def _head_reads_states(model: PreTrainedModel, input_ids: Int[Tensor, "caption token"]) -> bool:
    """Whether the head over the base model's states gives the model's own logits, which a name alone does not say."""
    head = head_of(model)
    if head is None:
        return False
    model.eval()
    try:
        states = model.base_model(input_ids=input_ids).last_hidden_state
        return torch.allclose(head(states), model(input_ids=input_ids).logits, atol=1e-4)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):  # as models of sound or pictures raise
        return False
    finally:
        model.train()


class TextEncoder(nn.Module):
    """A masked language model whose head is computed where tokens are hidden and nowhere else.

    Args:
        masked_language_model: of Transformers.
        slots: so many first tokens stand for a caption, one state after the other; 0 for the mean of all its states.
    """

    def __init__(self, masked_language_model: PreTrainedModel, slots: int = 0) -> None:
        super().__init__()
        self.model = masked_language_model
        self.slots = slots

    def forward(
        self,
        input_ids: Int[Tensor, "caption token"],
        attention_mask: Int[Tensor, "caption token"],
        hidden: Bool[Tensor, "caption token"],
    ) -> dict[str, Tensor]:
        """Logits at the hidden tokens, [hidden, vocabulary], and what stands for each caption, [caption, width].

        Of a model with slots that is as wide as all of their states.
        """
        head: Any = head_of(self.model)  # no part of its own, or a checkpoint would hold it twice
        # Captions are read in another order, so each hidden token keeps its number.
        numbers = torch.zeros_like(input_ids).masked_scatter(
            hidden, torch.arange(int(hidden.sum()), device=hidden.device)
        )
        groups = list(by_length(attention_mask))
        at_hidden: list[Tensor] = []
        sentences: list[Tensor] = []
        for rows, end in groups:
            mask = attention_mask[rows, :end]
            states = self.model.base_model(input_ids=input_ids[rows, :end], attention_mask=mask)
            at_hidden.append(states.last_hidden_state[hidden[rows, :end]])
            slots = states.last_hidden_state[:, : self.slots]
            sentences.append(slots.flatten(1) if self.slots else mean_pooling(states, mask))
        read = torch.cat([numbers[rows, :end][hidden[rows, :end]] for rows, end in groups])
        return {
            "logits": head(torch.cat(at_hidden)[read.argsort()]),
            "sentences": torch.cat(sentences)[torch.cat([rows for rows, _ in groups]).argsort()],
        }
