"""Translations as Transformers gives them, one text at a time and without any of our code: what engines are held against."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

# What each family is told of English and a target: the tokenizer's source, what stands before the text, the first token.
TOLD = {
    "opus": (None, ">>{0}<< ", {"es": "spa", "fr": "fra"}, False),
    "madlad": (None, "<2{0}> ", {"es": "es", "fr": "fr"}, False),
    "nllb": ("eng_Latn", "", {"es": "spa_Latn", "fr": "fra_Latn"}, True),
    "m2m": ("en", "", {"es": "__es__", "fr": "__fr__"}, True),
    "mbart": ("en_XX", "", {"es": "es_XX", "fr": "fr_XX"}, True),
}


class Greedy(NamedTuple):
    """A translation, the geometric mean of its tokens' probabilities, and whether it ended by itself."""

    text: str
    score: float
    complete: bool


def greedy(folder: Path, family: str, texts: list[str], target: str, longest: int, beams: int = 1) -> list[Greedy]:
    """Translate from English."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder)
    model.generation_config.forced_eos_token_id = None
    source, before, codes, begins = TOLD[family]
    if source:
        tokenizer.src_lang = source
    forced = {"forced_bos_token_id": tokenizer.convert_tokens_to_ids(codes[target])} if begins else {}
    found: list[Greedy] = []
    for text in texts:
        read = tokenizer(before.format(codes[target]) + text, return_tensors="pt")
        made = model.generate(
            **read,
            **forced,
            max_new_tokens=longest + begins,
            num_beams=beams,
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        extra = {"beam_indices": made.beam_indices} if beams > 1 else {}
        each = model.compute_transition_scores(made.sequences, made.scores, normalize_logits=beams == 1, **extra)
        row, likely = made.sequences[0][1 + begins :], each[0][int(begins) :]
        ends = (row == tokenizer.eos_token_id).nonzero()
        count = int(ends[0]) + 1 if len(ends) else len(row)
        score = float(torch.exp(likely[:count].mean()))
        found.append(Greedy(tokenizer.decode(row, skip_special_tokens=True).strip(), score, bool(len(ends))))
    return found
