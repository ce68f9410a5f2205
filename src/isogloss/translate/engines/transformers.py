"""Transformers: sequence-to-sequence translation models, and language models that follow instructions.

Slower than CTranslate2 where that has the model, and the way to all others. Which kind a model is, its configuration
says.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
)

from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.models.tower import FAILURES, reason
from isogloss.translate.batches import GROWTH, LONGEST, batches, limit
from isogloss.translate.checkpoint import fetch, name_of
from isogloss.translate.codes import Codes, read_codes
from isogloss.translate.device import choose_device
from isogloss.translate.engine import Translation
from isogloss.translate.engines import EngineChoice
from isogloss.translate.prompt import answer, prompt

# Small, speaks all languages of the paper and many more, and its licence is Apache 2.0.
MODEL = "Qwen/Qwen2.5-1.5B-Instruct"
# Source tokens of a batch, padding included.
TOKENS: Mapping[str, int] = {"cpu": 512, "cuda": 8192}
TEXTS_PER_CALL: Mapping[str, int] = {"cpu": 128, "cuda": 2048}
# Vocabularies of language models are made for English before all: a caption of ten tokens may have eighty in Burmese.
CHAT_GROWTH = 8
PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class TransformersEngine:
    """One model, open.

    codes: what it calls languages; None for a language model, which is asked in words.
    tokens: of a batch, padding included. longest: the most tokens of a translation, by those of its source.
    """

    name: str
    model: Any
    tokenizer: Any
    codes: Codes | None
    beams: int
    tokens: int
    texts_per_call: int
    longest: Callable[[int], int]
    price: float = 0.0

    def check(self, source: Language, target: Language) -> None:
        """Tell whether the model has both languages; of a language model nothing tells before it is tried."""
        if self.codes is not None:
            self.codes.check(source, target)

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        """One translation a text, in order."""
        # A caption has ever fewer tokens than the request around it, and its own are what its translation grows with.
        own = [len(row) for row in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]]
        rows = self._read(texts, source, target)
        prefix = self._prefix(target)
        found: list[Translation | None] = [None] * len(texts)
        for group in batches([len(row) for row in rows], self.tokens):
            longest = self.longest(max(own[place] for place in group)) + len(prefix)
            written = self._generate([rows[place] for place in group], prefix, longest)
            for place, (numbers, score, complete) in zip(group, written, strict=True):
                text = self.tokenizer.decode(numbers, skip_special_tokens=True).strip()
                if self.codes is None:
                    text = answer(text, texts[place])
                found[place] = Translation(text, score, complete and own[place] <= LONGEST)
        return [one for one in found if one is not None]

    def _read(self, texts: Sequence[str], source: Language, target: Language) -> list[list[int]]:
        """The tokens that the model reads for each text."""
        if self.codes is None:
            asked = [[{"role": "user", "content": prompt(text, source, target)}] for text in texts]
            # Models that think aloud first do so without this switch of theirs; the templates of others ignore it.
            written = self.tokenizer.apply_chat_template(
                asked, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
            return self.tokenizer(written, add_special_tokens=False)["input_ids"]
        number = self.tokenizer.convert_tokens_to_ids
        before = [number(token) for token in self.codes.before_source(source, target)]
        told = self.codes.before_text(target)
        cut = self.tokenizer([told + text for text in texts], add_special_tokens=False)["input_ids"]
        return [[*before, *row[:LONGEST], self.tokenizer.eos_token_id] for row in cut]

    def _prefix(self, target: Language) -> list[int]:
        tokens = self.codes.before_target(target) if self.codes else []
        return [self.tokenizer.convert_tokens_to_ids(token) for token in tokens]

    @torch.inference_mode()
    def _generate(
        self, rows: list[list[int]], prefix: list[int], longest: int
    ) -> list[tuple[list[int], float | None, bool]]:
        """The tokens of each translation, their score, and whether it ended by itself."""
        read = self.tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(self.model.device)
        likely, note = _likelihoods()
        made = self.model.generate(
            input_ids=read["input_ids"],
            attention_mask=read["attention_mask"],
            max_new_tokens=longest,
            num_beams=self.beams,
            length_penalty=1.0,
            logits_processor=[note] if self.beams == 1 else [],
            return_dict_in_generate=True,
            output_scores=self.beams > 1,
            **({"forced_bos_token_id": prefix[0]} if prefix else {}),
        )
        start = read["input_ids"].shape[1] if self.codes is None else 1
        written = made.sequences[:, start + len(prefix) :]
        each = likely(made.sequences)[:, len(prefix) :].tolist() if self.beams == 1 else None
        ends = self.model.generation_config.eos_token_id
        ends = set(ends) if isinstance(ends, list) else {ends}
        found: list[tuple[list[int], float | None, bool]] = []
        for place, row in enumerate(written.tolist()):
            end = next((index for index, number in enumerate(row) if number in ends), None)
            tokens = len(row) if end is None else end + 1
            if each is not None:
                mean = sum(each[place][:tokens]) / max(1, tokens)
            else:  # the library's mean is over the prefix too, whose probability it takes for 1
                mean = float(made.sequences_scores[place]) * (tokens + len(prefix)) / max(1, tokens)
            found.append((row[:end], min(1.0, math.exp(mean)) if tokens else None, end is not None))
        return found


def _likelihoods() -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]:
    """What is asked for the log-probabilities of the tokens of a greedy search, and what notes them as they are chosen.

    The library would keep all scores of all steps for it: with a vocabulary of 256,000 a gigabyte for a batch.
    """
    chosen: list[Tensor] = []
    last: list[Tensor] = []

    def settle(number: Tensor) -> None:
        chosen.extend(scores.gather(1, number[:, None]) for scores in last)
        last.clear()

    def note(tokens: Tensor, scores: Tensor) -> Tensor:
        settle(tokens[:, -1])
        last.append(scores.float().log_softmax(dim=-1))
        return scores

    def likely(sequences: Tensor) -> Tensor:
        settle(sequences[:, -1])
        return torch.cat(chosen, dim=1)

    return likely, note


def open_engine(choice: EngineChoice) -> TransformersEngine:
    """A model of the Hub or a folder.

    Raises:
        UserError: the model, its tokenizer, its chat template or the device is not there.
    """
    device = choose_device(choice.device, torch.cuda.device_count(), "PyTorch")
    dtype = _precision(choice.precision, device)
    if choice.threads:
        torch.set_num_threads(choice.threads)
    name = choice.model or MODEL
    folder = str(fetch(name, "transformers"))
    try:
        config = AutoConfig.from_pretrained(folder)
        made = _kind(config, name)
        chats = made is AutoModelForCausalLM
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left" if chats else "right")
        loaded: Any = made.from_pretrained
        model, report = loaded(folder, config=config, dtype=dtype, output_loading_info=True)
    except FAILURES as error:
        raise UserError(
            f"{name} holds no translation model that can be loaded ({reason(error)}); fetch it again or name another."
        ) from error
    if report["missing_keys"]:
        raise UserError(
            f"{name} lacks {len(report['missing_keys'])} of its weights, the first of them "
            f"{min(report['missing_keys'])}; fetch it again."
        )
    if chats and tokenizer.chat_template is None:
        raise UserError(
            f"{name} has no chat template, so it was not trained to follow instructions; name an instruction-tuned model."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    _greedy(model.generation_config)
    kind = torch.device(device).type
    return TransformersEngine(
        name=f"transformers:{name_of(name)}",
        model=model.to(device).eval(),
        tokenizer=tokenizer,
        codes=None if chats else _codes(tokenizer, name),
        beams=choice.beams,
        tokens=TOKENS[kind],
        texts_per_call=TEXTS_PER_CALL[kind],
        longest=lambda tokens: limit(tokens, CHAT_GROWTH if chats else GROWTH),
    )


def _kind(config: Any, name: str) -> Any:
    if type(config) in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING:
        return AutoModelForSeq2SeqLM
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    raise UserError(
        f"{name} is a {config.model_type}, which writes no text; name a sequence-to-sequence or an instruction-tuned model."
    )


def _precision(asked: str, device: str) -> torch.dtype:
    if asked == "auto":
        return torch.float32 if device == "cpu" else torch.bfloat16
    if asked not in PRECISIONS:
        raise UserError(
            f"The engine transformers has no precision '{asked}'; choose {', '.join(PRECISIONS)}, or the engine ctranslate2."
        )
    return PRECISIONS[asked]


def _greedy(settings: Any) -> None:
    """Leave out of a model's own settings what draws tokens at random, and what would end a translation by force."""
    settings.do_sample = False
    for name in ("temperature", "top_p", "top_k", "min_p", "typical_p", "max_length", "forced_eos_token_id"):
        setattr(settings, name, None)


def _codes(tokenizer: Any, name: str) -> Codes:
    source, target = getattr(tokenizer, "source_lang", None), getattr(tokenizer, "target_lang", None)
    return read_codes(tokenizer.get_vocab(), model=name, source_lang=source, target_lang=target)
