"""A tokenizer for many languages, learnt from text, which may put slots before every one."""

import json
from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE, Unigram
from tokenizers.trainers import BpeTrainer, UnigramTrainer
from transformers import PreTrainedTokenizerFast

from isogloss.errors import UserError
from isogloss.models.lm_tokenizer import pieces

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


def train_tokenizer(texts: Iterable[str], vocabulary: int, tokens: int, slots: int = 0) -> PreTrainedTokenizerFast:
    """A unigram tokenizer (arXiv 1804.10959) over NFKC text, as XLM-R's is.

    Args:
        texts: to learn from, in all languages.
        vocabulary: how many tokens at most, the special ones included and the slots not.
        tokens: the longest sequence it makes.
        slots: tokens of no text that come before every one, to be read in its place.

    Raises:
        UserError: the vocabulary has no room for every letter.
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
        raise _no_room(vocabulary) from error
    tokenizer.model = Unigram(_in_order(tokenizer), unk_id=list(SPECIAL.values()).index(SPECIAL["unk_token"]))
    return _finished(tokenizer, tokens, slots)


def train_word_tokenizer(texts: Iterable[str], vocabulary: int, tokens: int, slots: int = 0) -> PreTrainedTokenizerFast:
    """A tokenizer by byte pair encoding (arXiv 1508.07909) within words and Han characters, over NFKC text.

    With few words in many languages, it learns most of them whole, where the unigram trainer learns whole phrases of
    languages that put no space between words, and cuts the words of the others into letters.

    Args:
        texts, vocabulary, tokens, slots: as `train_tokenizer` takes them.

    Raises:
        UserError: the vocabulary has no room for every letter.
    """
    tokenizer = Tokenizer(BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pieces()
    tokenizer.decoder = decoders.Fuse()
    trainer = BpeTrainer(vocab_size=vocabulary, special_tokens=list(SPECIAL.values()), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() > vocabulary:
        raise _no_room(vocabulary)
    return _finished(tokenizer, tokens, slots)


def _no_room(vocabulary: int) -> UserError:
    return UserError(f"A vocabulary of {vocabulary} has no room for every letter of the captions; give a larger one.")


def _finished(tokenizer: Tokenizer, tokens: int, slots: int) -> PreTrainedTokenizerFast:
    """With the tokens that come before and after every text."""
    names = [f"<slot {number}>" for number in range(slots)]
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[*names, "<s>", "$A", "</s>"],
        pair=[*names, "<s>", "$A", "</s>", "</s>", "$B", "</s>"],
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (*names, "<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=tokens, extra_special_tokens=names, **SPECIAL
    )
