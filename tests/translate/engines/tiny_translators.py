"""Translation models of every family, tiny, saved as the Hub has them, vocabularies and all.

They have learnt a few captions by heart in two languages, so that what they say depends on the caption and on the
language, and ends.
"""

import json
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.trainers import BpeTrainer
from transformers import (
    AutoTokenizer,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    MBart50Tokenizer,
    MBartConfig,
    MBartForConditionalGeneration,
    NllbTokenizer,
    T5Config,
    T5ForConditionalGeneration,
    T5Tokenizer,
)
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M100_CODES

CAPTIONS = [
    "A man rides a brown horse.",
    "Two dogs play in the snow.",
    "A red bus waits at the corner, near the old station.",
    "Café crème – 3 cups.",
]
SPANISH = [
    "Un hombre monta un caballo marrón.",
    "Dos perros juegan en la nieve.",
    "Un autobús rojo espera en la esquina, cerca de la vieja estación.",
    "Café con leche – 3 tazas.",
]
FRENCH = [
    "Un homme monte un cheval brun.",
    "Deux chiens jouent dans la neige.",
    "Un bus rouge attend au coin, près de la vieille gare.",
    "Café crème – 3 tasses.",
]
# Others, of which the models say what they happen to.
UNSEEN = [
    "A dog.",
    "Three children eat ice cream!",
    "An old woman reads a paper on a bench in the park while it rains.",
]
TEXTS = [*CAPTIONS, *SPANISH, *FRENCH, *UNSEEN] * 20
SEED = 3
_SIZES = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": 512,
    "scale_embedding": True,
    "init_std": 0.1,
}
_ENDS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def save_opus(folder: Path, source: str = "eng", target: str = "roa", codes: tuple[str, ...] = ("spa", "fra")) -> Path:
    """OPUS-MT: one SentencePiece model a side, a vocabulary for both, padding last."""
    folder.mkdir(parents=True)
    pieces = _train(folder / "source.spm", model_type="unigram")
    shutil.copy(folder / "source.spm", folder / "target.spm")
    vocabulary = ["</s>", "<unk>", *pieces, *(f">>{code}<<" for code in codes), "<pad>"]
    _write(folder / "vocab.json", {piece: number for number, piece in enumerate(vocabulary)})
    _write(folder / "tokenizer_config.json", {"source_lang": source, "target_lang": target})
    last = len(vocabulary) - 1
    ends = {"pad_token_id": last, "decoder_start_token_id": last, "eos_token_id": 0, "forced_eos_token_id": None}
    config = MarianConfig(vocab_size=last + 1, **ends, **_SIZES, activation_function="swish", bad_words_ids=[[last]])
    model = _taught(MarianMTModel, config, folder, [f">>{code}<<" for code in codes], before=True)
    model.generation_config.forced_eos_token_id = None
    model.generation_config.bad_words_ids = [[last]]
    model.save_pretrained(folder)
    return folder


def save_m2m(folder: Path) -> Path:
    """M2M-100: a vocabulary of SentencePiece's pieces, the languages, and words that are made up."""
    folder.mkdir(parents=True)
    pieces = _train(folder / "sentencepiece.bpe.model", model_type="bpe")
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *pieces]
    _write(folder / "vocab.json", {piece: number for number, piece in enumerate(vocabulary)})
    codes = [f"__{code}__" for code in M2M100_CODES["m2m100"]]
    _write(folder / "special_tokens_map.json", {**_ENDS, "sep_token": "</s>", "additional_special_tokens": codes})
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "M2M100Tokenizer", "num_madeup_words": 8})
    return _save_many(folder, len(vocabulary) + len(codes) + 8, ["__es__", "__fr__"])


def save_nllb(folder: Path) -> Path:
    """NLLB-200: a tokenizer of its own, and the model that M2M-100 is."""
    tokenizer = Tokenizer(BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = Metaspace()
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(TEXTS, BpeTrainer(vocab_size=150, special_tokens=specials, show_progress=False))
    learnt = json.loads(tokenizer.to_str())["model"]
    merges = [tuple(pair) for pair in learnt["merges"]]
    whole: Any = NllbTokenizer(vocab=learnt["vocab"], merges=merges, src_lang="eng_Latn")
    whole.save_pretrained(folder)
    return _save_many(folder, len(whole) + 2, ["spa_Latn", "fra_Latn"])


def save_mbart(folder: Path) -> Path:
    """mBART-50."""
    folder.mkdir(parents=True)
    model = folder / "sentencepiece.bpe.model"
    pieces = _train(model, model_type="unigram")
    processor: Any = SentencePieceProcessor(model_file=str(model))
    scores = [(piece, processor.get_score(processor.piece_to_id(piece))) for piece in pieces]
    vocabulary = [*((name, 0.0) for name in ("<unk>", "<s>", "</s>")), *scores]  # SentencePiece's own order
    tokenizer: Any = MBart50Tokenizer(vocab=vocabulary, src_lang="en_XX")
    tokenizer.save_pretrained(folder)
    model.unlink()
    config = MBartConfig(vocab_size=len(tokenizer), **_SIZES, activation_function="gelu")
    config.decoder_start_token_id = 2
    _taught(MBartForConditionalGeneration, config, folder, ["es_XX", "fr_XX"]).save_pretrained(folder)
    return folder


def save_madlad(folder: Path) -> Path:
    """MADLAD-400: a T5 whose output has weights of its own, saved without `shared`, and starting from another token."""
    folder.mkdir(parents=True)
    codes = [f"<2{code}>" for code in ("en", "es", "fr", "hi", "fil", "iw", "xx")]
    model = folder / "spiece.model"
    _train(model, model_type="unigram", pad_id=1, eos_id=2, unk_id=0, bos_id=-1, user_defined_symbols=codes)
    processor: Any = SentencePieceProcessor(model_file=str(model))
    scores = [(processor.id_to_piece(each), processor.get_score(each)) for each in range(processor.get_piece_size())]
    # As the class numbers the special tokens; those of the model that was published stand elsewhere.
    vocabulary = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        *(one for one in scores if one[0] not in _ENDS.values()),
    ]
    tokenizer: Any = T5Tokenizer(vocab=vocabulary, extra_ids=0, additional_special_tokens=None)
    tokenizer.add_tokens(codes)
    tokenizer.save_pretrained(folder)
    config = T5Config(
        vocab_size=len(tokenizer) + 6,
        d_model=32,
        d_kv=16,
        d_ff=48,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
    )
    whole = _taught(T5ForConditionalGeneration, config, folder, ["<2es> ", "<2fr> "], before=True)
    weights = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    for name in ("shared.weight", "encoder.embed_tokens.weight"):
        del weights[name]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    whole.generation_config.save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _write(folder / "config.json", {**written, "tie_word_embeddings": False, "architectures": [type(whole).__name__]})
    return folder


def _save_many(folder: Path, vocabulary: int, tokens: list[str]) -> Path:
    config = M2M100Config(vocab_size=vocabulary, **_SIZES, activation_function="relu")
    _taught(M2M100ForConditionalGeneration, config, folder, tokens).save_pretrained(folder)
    return folder


def _taught(made: Any, config: Any, folder: Path, tokens: list[str], before: bool = False) -> Any:
    """A model that knows the captions by heart in Spanish and French.

    tokens: for either; they stand before the source or begin the translation.
    """
    torch.manual_seed(SEED)
    config.dropout = config.attention_dropout = config.dropout_rate = 0.0
    config.encoder_layerdrop = config.decoder_layerdrop = 0.0
    model = made(config)
    if config.model_type == "t5":
        model.lm_head.weight = torch.nn.Parameter(0.1 * torch.randn_like(model.lm_head.weight))
    config.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    end = tokenizer.eos_token_id
    sources: list[torch.Tensor] = []
    targets: list[torch.Tensor] = []
    for token, translations in zip(tokens, (SPANISH, FRENCH), strict=True):
        for caption, translation in zip(CAPTIONS, translations, strict=True):
            written = tokenizer(f"{token}{caption}" if before else caption).input_ids
            sources.append(torch.tensor(written))
            first = [] if before else [tokenizer.convert_tokens_to_ids(token)]
            pieces = tokenizer(translation, add_special_tokens=False).input_ids
            targets.append(torch.tensor([*first, *pieces, end]))
    pad = config.pad_token_id
    read = torch.nn.utils.rnn.pad_sequence(sources, batch_first=True, padding_value=pad)
    told = torch.nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=-100)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(150):
        loss = model(input_ids=read, attention_mask=read != pad, labels=told).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if config.model_type == "marian":
            with torch.no_grad():  # as in those that were published, whose decoder begins with nothing
                model.get_input_embeddings().weight[pad] = 0.0
    return model.eval()


def _train(path: Path, **options: Any) -> list[str]:
    """Train a SentencePiece model; its pieces without the special ones."""
    written = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=_texts(),
        model_writer=written,
        vocab_size=150,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    path.write_bytes(written.getvalue())
    model: Any = SentencePieceProcessor(model_file=str(path))
    pieces = [model.id_to_piece(number) for number in range(model.get_piece_size())]
    return [piece for piece in pieces if piece not in ("<s>", "</s>", "<unk>")]


def _texts() -> Iterator[str]:
    yield from TEXTS


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


SAVED = {"opus": save_opus, "m2m": save_m2m, "nllb": save_nllb, "mbart": save_mbart, "madlad": save_madlad}
