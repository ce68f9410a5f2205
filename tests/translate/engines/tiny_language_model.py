"""A language model that follows one instruction: it knows the translations of a few captions by heart."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from translate.engines.tiny_translators import CAPTIONS, FRENCH, SEED, SPANISH

from isogloss.languages import language
from isogloss.translate.prompt import prompt

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def save_chat(folder: Path, template: bool = True) -> Path:
    """A Qwen2 of two layers and its tokenizer."""
    english = language("en")
    asked = [
        (prompt(text, english, language(tag)), told)
        for tag, all in (("es", SPANISH), ("fr", FRENCH))
        for text, told in zip(CAPTIONS, all, strict=True)
    ]
    inner = Tokenizer(BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = ["<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"]
    trainer = BpeTrainer(
        vocab_size=700,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([text for pair in asked for text in pair], trainer)
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<|end|>", pad_token="<|pad|>")
    if template:
        tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    torch.manual_seed(SEED)
    model: Any = Qwen2ForCausalLM(config)
    if template:
        _teach(model, tokenizer, asked)
    # As models of the family have it, to be left alone by a translation.
    model.generation_config.do_sample, model.generation_config.temperature = True, 0.7
    model.save_pretrained(folder)
    return folder


def _teach(model: Any, tokenizer: Any, asked: list[tuple[str, str]]) -> None:
    rows: list[torch.Tensor] = []
    told: list[torch.Tensor] = []
    for request, reply in asked:
        before = tokenizer(f"<|user|>{request}<|end|><|assistant|>", add_special_tokens=False).input_ids
        after = tokenizer(f"{reply}<|end|>", add_special_tokens=False).input_ids
        rows.append(torch.tensor(before + after))
        told.append(torch.tensor([-100] * len(before) + after))
    read = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=model.config.pad_token_id)
    labels = torch.nn.utils.rnn.pad_sequence(told, batch_first=True, padding_value=-100)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(100):
        loss = model(input_ids=read, attention_mask=read != model.config.pad_token_id, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
