"""A tokenizer for many languages, learnt from text."""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from tokenizers.trainers import UnigramTrainer
from transformers import PreTrainedTokenizerFast

from isogloss.errors import UserError

# XLM-R's own special tokens, in its order (arXiv 1911.02116).
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}


def _in_order(tokenizer: Tokenizer) -> list[tuple[str, float]]:
    """The vocabulary in an order of its own: the trainer numbers tokens, and ends its sums, differently every time.

    Rounding makes most differences of the sums vanish, not all: two trainings on one text may still cut a rare word
    differently, which is why a run keeps its tokenizer from the start.
    """
    learnt: list[tuple[str, float]] = json.loads(tokenizer.to_str())["model"]["vocab"]
    special = list(SPECIAL.values())
    others = sorted((token, round(score, 1)) for token, score in learnt if token not in special)
    return [*((token, 0.0) for token in special), *others]


def train_tokenizer(texts: Iterable[str], vocabulary: int, tokens: int) -> PreTrainedTokenizerFast:
    """A unigram tokenizer (arXiv 1804.10959) over NFKC text, as XLM-R's is.

    Args:
        texts: to learn from, in all languages.
        vocabulary: how many tokens at most, the special ones included.
        tokens: the longest sequence it makes.
    """
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = UnigramTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL.values()),
        unk_token=SPECIAL["unk_token"],
        show_progress=False,
    )
    try:
        tokenizer.train_from_iterator(texts, trainer)
    except Exception as error:  # the library in Rust has no class of its own for it
        if "vocabulary is not large enough" not in str(error):
            raise
        raise UserError(
            f"A vocabulary of {vocabulary} has no room for every letter of the captions; give a larger one."
        ) from error
    tokenizer.model = Unigram(_in_order(tokenizer), unk_id=list(SPECIAL.values()).index(SPECIAL["unk_token"]))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=tokens, **SPECIAL)
