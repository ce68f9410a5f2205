"""A language model that writes, with random weights: any causal one of Transformers, by its config."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from isogloss.data.chat_batch import IGNORED
from isogloss.data.next_tokens import next_tokens
from isogloss.errors import UserError, unknown
from isogloss.models.soft_words import blended, noisy
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


class Writer(nn.Module):
    """A causal language model that reads packed rows, whose head is computed where something is learnt and nowhere else.

    Args:
        language_model: any causal one of Transformers.
        noise: the most Gaussian noise, in training, on the embeddings of what is not learnt, as a share of their size. Each
            conversation has a strength of its own, even in 0…noise.
        blend: how much of it is taken from the words beside it at most, in training.

    Raises:
        UserError: the model cannot read packed rows.
    """

    def __init__(self, language_model: PreTrainedModel, noise: float = 0.0, blend: float = 0.0) -> None:
        super().__init__()
        self.model = language_model
        self.noise = noise
        self.blend = blend
        check_packing(language_model)
        self._head_alone = _has_plain_head(language_model)

    def forward(
        self,
        input_ids: Int[Tensor, "row token"],
        position_ids: Int[Tensor, "row token"],
        labels: Int[Tensor, "row token"],
    ) -> dict[str, Tensor]:
        """Logits where the next token is learnt, [learnt, vocabulary], and that token as targets, [learnt].

        Args:
            input_ids: conversations one after the other.
            position_ids: from 0 on anew in each.
            labels: the token itself where it is learnt, `IGNORED` elsewhere.
        """
        learnt, targets = next_tokens(labels, position_ids)
        embeddings = self.model.get_input_embeddings()(input_ids)
        if self.training and self.blend:
            embeddings = blended(embeddings, position_ids, labels == IGNORED, self.blend)
        if self.training and self.noise:
            embeddings = noisy(embeddings, position_ids, labels == IGNORED, self.noise)
        # With neither a mask nor a cache, positions that begin anew tell Transformers where a conversation ends.
        read = {"inputs_embeds": embeddings, "position_ids": position_ids, "use_cache": False}
        if self._head_alone:
            head: Any = self.model.get_output_embeddings()  # no part of its own, or a checkpoint would hold it twice
            logits = head(self.model.base_model(**read).last_hidden_state[learnt])
        else:
            logits = self.model(**read).logits[learnt]
        return {"logits": logits, "targets": targets}


@torch.no_grad()
def check_packing(model: PreTrainedModel) -> None:
    """Refuse a language model for which restarting positions do not keep the conversations of a row apart.

    Raises:
        UserError: conversations in one row see each other, or it reads no positions.
    """
    training = model.training
    model.eval()
    ids, positions = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[0, 1, 0, 1]])
    try:
        packed = model(input_ids=ids, position_ids=positions, use_cache=False).logits
        alone = model(input_ids=ids.view(2, 2), use_cache=False).logits
        if not _equal(packed.view_as(alone), alone):
            raise ValueError("one conversation changes what is said in the next one")
    except FAILURES as error:
        raise UserError(
            f"The language model '{model.config.model_type}' cannot read several conversations in one row ({reason(error)}); "
            "choose a model_type such as qwen3 or llama."
        ) from error
    finally:
        model.train(training)


@torch.no_grad()
def _has_plain_head(model: PreTrainedModel) -> bool:
    """Whether the head over the base model's states gives the model's own logits, which some models scale or bound."""
    head: Any = model.get_output_embeddings()
    if head is None or model.base_model is model:
        return False
    training = model.training
    model.eval()
    ids = torch.tensor([[5, 6]])
    plain = _equal(head(model.base_model(input_ids=ids).last_hidden_state), model(input_ids=ids).logits)
    model.train(training)
    return plain


def _equal(one: Tensor, other: Tensor) -> bool:
    """But for rounding, which grows with the logits: those of large models are tens."""
    return torch.allclose(one, other, atol=1e-4 * max(1.0, float(other.abs().max())))
