"""What `translate.py` translates and with what: captions of a small grammar, and models in the shape of published ones."""

import json
import random
import shutil
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

SUBJECTS = (
    "man",
    "woman",
    "boy",
    "girl",
    "child",
    "dog",
    "cat",
    "horse",
    "brown bear",
    "group of people",
    "young couple",
)
VERBS = ("rides", "holds", "watches", "stands beside", "walks past", "carries", "looks at", "waits for", "plays with")
OBJECTS = ("a red bicycle", "a wooden bench", "a large umbrella", "a skateboard", "two suitcases", "a plate of food")
PLACES = (
    "in the park",
    "on a busy street",
    "near the old station",
    "at the beach",
    "in front of a house",
    "in the snow",
)
ENDINGS = (".", " while it rains.", " on a sunny day.", " as others look on.", " with mountains in the background.")


def captions(count: int, seed: int = 0) -> list[str]:
    """So many English captions, all different."""
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        subject, verb, thing, place = (draw.choice(words) for words in (SUBJECTS, VERBS, OBJECTS, PLACES))
        found[f"A {subject} {verb} {thing} {place}{draw.choice(ENDINGS)}"] = None
    return list(found)


def save_nllb(folder: Path, texts: Sequence[str]) -> None:
    """The shape of facebook/nllb-200-distilled-600M (its config.json), with random weights.

    Its tokenizer is learnt from the captions and has words without use up to the same number of tokens.
    """
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.trainers import BpeTrainer
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    inner = Tokenizer(BPE(unk_token="<unk>"))
    inner.pre_tokenizer = Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    inner.train_from_iterator(texts, BpeTrainer(vocab_size=2000, special_tokens=special, show_progress=False))
    learnt = json.loads(inner.to_str())["model"]
    vocabulary = learnt["vocab"]
    vocabulary |= {f"word{number}": number for number in range(len(vocabulary), 256_001)}
    merges = [tuple(pair) for pair in learnt["merges"]]
    tokenizer: Any = NllbTokenizer(vocab=vocabulary, merges=merges, extra_special_tokens=FAIRSEQ_LANGUAGE_CODES)
    tokenizer.save_pretrained(folder)
    config = M2M100Config(
        vocab_size=256_206,
        d_model=1024,
        encoder_layers=12,
        decoder_layers=12,
        encoder_attention_heads=16,
        decoder_attention_heads=16,
        encoder_ffn_dim=4096,
        decoder_ffn_dim=4096,
        max_position_embeddings=1024,
        activation_function="relu",
        scale_embedding=True,
        dropout=0.1,
    )
    torch.manual_seed(0)
    M2M100ForConditionalGeneration(config).save_pretrained(folder)


def save_opus(folder: Path, texts: Sequence[str]) -> None:
    """The shape of Helsinki-NLP/opus-mt-en-es (its config.json), with random weights, and a vocabulary as for the other."""
    import torch
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    written = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=written, vocab_size=2000, hard_vocab_limit=False, minloglevel=2
    )
    (folder / "source.spm").write_bytes(written.getvalue())
    shutil.copy(folder / "source.spm", folder / "target.spm")
    model: Any = SentencePieceProcessor(model_file=str(folder / "source.spm"))
    pieces = [model.id_to_piece(number) for number in range(model.get_piece_size())]
    known = ["</s>", "<unk>", *(piece for piece in pieces if piece not in ("<s>", "</s>", "<unk>"))]
    known += [f"word{number}" for number in range(len(known), 65_000)] + ["<pad>"]
    (folder / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(known)}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"source_lang": "eng", "target_lang": "spa"}))
    config = MarianConfig(
        vocab_size=65_001,
        d_model=512,
        encoder_layers=6,
        decoder_layers=6,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        encoder_ffn_dim=2048,
        decoder_ffn_dim=2048,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=65_000,
        decoder_start_token_id=65_000,
        eos_token_id=0,
        forced_eos_token_id=None,
    )
    torch.manual_seed(0)
    marian = MarianMTModel(config)
    with torch.no_grad():
        marian.get_input_embeddings().weight[-1] = 0.0  # a decoder of Marian begins with nothing
    marian.generation_config.forced_eos_token_id = None
    marian.save_pretrained(folder)


MODELS = {"nllb": save_nllb, "opus": save_opus}
