"""The text side of a paint model: any text encoder or language model of Transformers, frozen, and its tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel

from isogloss.errors import UserError
from isogloss.models.clip import FILLED
from isogloss.models.tower import FAILURES, Tower, build_tower, reason, tower_config
from isogloss.models.towers import check_vocabulary, number_special_tokens, text_tokenizer


@dataclass(frozen=True)
class Reading:
    """How prompts are read.

    Args:
        layer: whose output conditions the pictures, 0 for the embeddings, -2 for the last but one; None for the last, after
            the model's own last norm.
        tokens: the most of a prompt; what follows is cut.
        fills: fill every prompt up to `tokens` and read the padding as well, as Stable Diffusion was trained.
        slots: so many tokens, which the tokenizer puts before every prompt, are read in place of all, as a text stage with
            slots made them alike in every language; 0 for none such.
    """

    layer: int | None = None
    tokens: int = 64
    fills: bool = False
    slots: int = 0

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise UserError(f"tokens is {self.tokens}; give a whole number of at least 1, such as 64.")
        if not 0 <= self.slots < self.tokens:
            raise UserError(f"slots is {self.slots}; give 0, or fewer than the {self.tokens} tokens that are read.")


@dataclass(frozen=True)
class TextStates:
    """What the text side says of some captions.

    Attributes:
        states: of the tokens, [caption, token, dim].
        mask: 1 for a token and 0 for padding, [caption, token]; at least one token a caption.
        sentence: one vector for each whole caption, [caption, dim]; None where none was asked for.
    """

    states: Float[Tensor, "caption token dim"]
    mask: Int[Tensor, "caption token"]
    sentence: Float[Tensor, "caption dim"] | None = None

    def for_adapter(self, kind: str) -> "TextStates":
        """What an adapter of some kind reads, as `states` and `mask`: the sentence's first, or alone."""
        from isogloss.models.paint_files.pipeline import arranged

        states, mask = arranged(self.states, self.mask, self.sentence, kind)
        return TextStates(states, mask, None)

    def to(self, device: torch.device) -> "TextStates":
        moved = {name: value.to(device) for name, value in vars(self).items() if value is not None}
        return replace(self, **moved)


class TextSide(nn.Module):
    """A text encoder and its tokenizer, which stay as they came.

    Args:
        model: of Transformers, with `last_hidden_state` in its output.
        tokenizer: a fast one.
        pooling: of the states to that of a sentence, a name of `isogloss.models.pooling.POOLINGS`.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: Any, reading: Reading, pooling: str = "mean") -> None:
        super().__init__()
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.reading = reading
        self.pooling = pooling

    @property
    def dim(self) -> int:
        """The width of the states."""
        return _embedded(self.model) if self.reading.layer == 0 else _width(self.model)

    def tokenize(self, captions: Sequence[str]) -> tuple[Int[Tensor, "caption token"], Int[Tensor, "caption token"]]:
        """Token numbers and their mask, padded to the longest caption; at least one token a caption."""
        from isogloss.models.paint_files.pipeline import read_prompts

        return read_prompts(self.tokenizer, list(captions), self.reading.tokens, self.reading.fills)

    def unread(self, caption: str) -> str:
        """The end of a caption that is cut off because it has too many tokens; empty where all of it is read."""
        from isogloss.models.paint_files.pipeline import unread

        return unread(self.tokenizer, caption, self.reading.tokens)

    @torch.no_grad()
    def forward(
        self, input_ids: Int[Tensor, "caption token"], mask: Int[Tensor, "caption token"], kind: str = "tokens"
    ) -> TextStates:
        """The states of some captions.

        Args:
            kind: of the adapter; the sentence's state is there where it reads one.
        """
        from isogloss.models.paint_files.pipeline import first_places, text_states

        pooling = self.pooling if kind in ("sentence", "both") else None
        states, sentence = text_states(self.model, input_ids, mask, self.reading.layer, pooling)
        states, mask = first_places(states, mask, self.reading.slots)
        return TextStates(states.float(), mask, None if sentence is None else sentence.float())

    def read(self, captions: Sequence[str], kind: str = "tokens") -> TextStates:
        """What an adapter of some kind reads of some captions, as `states` and `mask`, on the model's device."""
        device = next(self.model.parameters()).device
        input_ids, mask = self.tokenize(captions)
        return self(input_ids.to(device), mask.to(device), kind).for_adapter(kind)


def _width(model: PreTrainedModel) -> int:
    """Of the last layer's states."""
    named = (getattr(model.config, name, None) for name in ("hidden_size", "d_model", "n_embd", "dim"))
    return next((width for width in named if isinstance(width, int)), 0) or _embedded(model)


def _embedded(model: PreTrainedModel) -> int:
    """How wide embeddings are, which in some models is less than their layers."""
    embeddings: Any = model.get_input_embeddings()
    return embeddings.weight.shape[1]


def build_text(text: Tower, reading: Reading) -> TextSide:
    """The text side of a paint model.

    Args:
        text: a text encoder, a language model, or the text half of a pair such as one of our dual encoders.

    Raises:
        UserError: it is absent, has no hidden states, no such layer, or no positions for so many tokens.
    """
    config = tower_config(text, "text")
    if config.model_type in FILLED:
        reading = replace(reading, tokens=config.max_position_embeddings, fills=True)
    tokenizer = text_tokenizer(text, reading.tokens)
    check_vocabulary(config, tokenizer, text.tokenizer or text.model)
    if not text.pretrained:
        number_special_tokens(config, tokenizer)
    model, pooling = build_tower(text, "text", config)
    side = TextSide(model, tokenizer, reading, pooling).requires_grad_(False)
    _check(side, text.model or config.model_type)
    return side


@torch.no_grad()
def _check(side: TextSide, name: str) -> None:
    """Read one caption of the full length, so that what does not fit is told before training begins."""
    tokens, layer = side.reading.tokens, side.reading.layer
    ids = torch.zeros(1, tokens, dtype=torch.int64)
    try:
        output: Any = side.model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
        states: Tensor = output.last_hidden_state
        layers: Any = output.hidden_states
    except torch.OutOfMemoryError:
        raise
    except AttributeError as error:
        raise UserError(
            f"The text model {name} gives no hidden states ({reason(error)}); choose a text encoder or a language model."
        ) from error
    except FAILURES as error:
        raise UserError(
            f"The text model {name} reads no prompts of {tokens} tokens ({reason(error)}); set tokens to fewer, or choose "
            "another model."
        ) from error
    if layer is not None:
        if layers is None:
            raise UserError(f"The text model {name} gives no hidden states but the last; set layer to none.")
        if not -len(layers) <= layer < len(layers):
            raise UserError(
                f"The text model {name} has no layer {layer}; give one from 0, the embeddings, to {len(layers) - 1}, or none."
            )
        states = layers[layer]
    if states.shape[-1] != side.dim:
        raise UserError(f"The text model {name} has states of several widths; choose another layer or model.")
