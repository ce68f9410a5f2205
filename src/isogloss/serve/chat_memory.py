"""What a chat model has seen and read of a conversation, so that nothing is computed twice."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, GenerationMixin
from transformers.cache_utils import DynamicLayer

from isogloss.data.chat_tokens import Encoded
from isogloss.models.chat import ChatModel


@dataclass
class ChatMemory:
    """The features of pictures and the states of the tokens that a model has read.

    What is kept is what the next prompt begins with, token by token and picture by picture. So a reply is always that of
    the same conversation read anew, whatever was asked before.
    """

    model: ChatModel
    _features: dict[str, Tensor] = field(default_factory=dict[str, Tensor], repr=False)
    _numbers: dict[str, int] = field(default_factory=dict[str, int], repr=False)
    _read: list[int] = field(default_factory=list[int], repr=False)
    _states: DynamicCache | None = field(default=None, repr=False)
    _lock: Any = field(default_factory=Lock, repr=False)

    @torch.no_grad()
    def see(self, key: str, pixel_values: Tensor) -> None:
        """Look at a picture.

        Args:
            key: of the picture in prompts.
            pixel_values: [1, channel, height, width].
        """
        self._features[key] = self.model.visual_features(pixel_values.to(self.model.device))
        self._numbers[key] = -1 - len(self._numbers)

    def keep(self, keys: Sequence[str]) -> None:
        """Forget all pictures but these."""
        self._features = {key: features for key, features in self._features.items() if key in keys}

    @torch.no_grad()
    def write(self, prompt: Encoded, options: Mapping[str, Any]) -> list[int]:
        """The tokens of a reply; one at a time, where several threads ask.

        Args:
            prompt: whose pictures were seen.
            options: of Transformers' `generate`.
        """
        with self._lock:
            return self._write(prompt, options)

    def _write(self, prompt: Encoded, options: Mapping[str, Any]) -> list[int]:
        model, signs = self.model, self._signs(prompt)
        known = self._recall(signs)
        states = self._states or DynamicCache(config=model.config.text_config)
        # Nothing is kept of a reply that breaks off amid a layer.
        self._read, self._states = [], None

        ids = torch.from_numpy(prompt.input_ids)[None].long().to(model.device)
        new = ids[:, known:]
        pictures = prompt.images[int((ids[0, :known] == model.config.image_token_id).sum()) // self._each :]
        seen = torch.cat([self._features[key] for key in pictures]) if pictures else None
        embedded = model.embed(new, features=seen)
        # Transformers wants vectors from the first token on, and reads those that are not known alone.
        whole = torch.cat([embedded.new_zeros(1, known, embedded.shape[-1]), embedded], dim=1)

        kept = states
        if (
            options.get("num_beams", 1) > 1
        ):  # each goes its own way from here, and which one is taken is told at the end
            if embedded.shape[1] > 1:
                model(inputs_embeds=embedded[:, :-1], past_key_values=kept, use_cache=True, logits_to_keep=1)
            states = deepcopy(kept)
            states.batch_repeat_interleave(options["num_beams"])
        mixin: Any = GenerationMixin  # `ChatModel.generate` would read every token anew
        written: Tensor = mixin.generate(
            model,
            ids,
            inputs_embeds=whole,
            attention_mask=torch.ones_like(ids),
            past_key_values=states,
            **options,
        )
        reply = written[0, ids.shape[1] :].tolist()
        self._read, self._states = [*signs, *reply][: kept.get_seq_length()], kept
        return reply

    @property
    def _each(self) -> int:
        return self.model.config.visual_tokens

    def _signs(self, prompt: Encoded) -> list[int]:
        """The prompt's tokens, with those of each picture as a number below 0 that no other one ever had."""
        pictures = iter([self._numbers[key] for key in prompt.images for _ in range(self._each)])
        image = self.model.config.image_token_id
        return [next(pictures) if token == image else token for token in prompt.input_ids.tolist()]

    def _recall(self, signs: Sequence[int]) -> int:
        """How many tokens at the prompt's beginning are known; all else is dropped.

        The last token is read in any case, since what follows it is not kept.
        """
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self._read, signs[:-1], strict=False))
        known = sum(1 for _ in same)
        while known > 0 and signs[known - 1] == signs[known] < 0:  # a picture is read as a whole
            known -= 1
        if self._states is not None and known < len(self._read):
            # States of a window, or of a recurrent layer, cannot be taken back.
            if all(type(layer) is DynamicLayer for layer in self._states.layers):
                self._states.crop(known - len(self._read))
            else:
                self._states = None
        if self._states is None:
            known = 0
        self._read = list(signs[:known])
        return known
