"""The ways to translate that `translate.py` compares, each the whole of a process of its own."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from translation_models import MODELS, captions

# What NLLB is told; the other model has one pair.
LANGUAGES = {"nllb": ("eng_Latn", "spa_Latn")}


def pipeline(model: str, folder: Path, texts: list[str], settings: dict[str, Any]) -> Callable[[], int]:
    """Transformers' translation pipeline at its default: float32, one text at a time.

    Transformers 5 has no such pipeline any more. These are its steps in Transformers 4: tokenize, generate, decode.
    """
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(settings["threads"])
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    whole: Any = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    tokens, extra = settings["tokens"], {}
    if model in LANGUAGES:
        tokenizer.src_lang, target = LANGUAGES[model]
        extra = {"forced_bos_token_id": tokenizer.convert_tokens_to_ids(target)}
        tokens += 1

    def run() -> int:
        count = 0
        for text in texts:
            with torch.no_grad():
                read = tokenizer(text, return_tensors="pt")
                made = whole.generate(**read, **extra, min_new_tokens=tokens, max_new_tokens=tokens, num_beams=1)
            tokenizer.decode(made[0], skip_special_tokens=True)
            count += made.shape[1] - 1 - len(extra)
        return count

    return run


def by_hand(model: str, folder: Path, texts: list[str], settings: dict[str, Any]) -> Callable[[], int]:
    """CTranslate2 as its documentation calls it, with Transformers' tokenizer and a batch size in tokens."""
    import ctranslate2
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    source, target = LANGUAGES.get(model, (None, None))
    if source:
        tokenizer.src_lang = source
    workers = settings["workers"]
    translator: Any = ctranslate2.Translator(
        settings["converted"],
        compute_type=settings["type"],
        inter_threads=workers,
        intra_threads=settings["threads"] // workers,
    )
    tokens = settings["tokens"] + bool(target)

    def run() -> int:
        rows = [tokenizer.convert_ids_to_tokens(row) for row in tokenizer(texts)["input_ids"]]
        made = translator.translate_batch(
            rows,
            target_prefix=[[target]] * len(rows) if target else None,
            beam_size=1,
            max_batch_size=settings["batch"],
            batch_type="tokens",
            min_decoding_length=tokens,
            max_decoding_length=tokens,
        )
        written = [each.hypotheses[0][bool(target) :] for each in made]
        for row in written:
            tokenizer.decode(tokenizer.convert_tokens_to_ids(row), skip_special_tokens=True)
        return sum(len(row) for row in written)

    return run


def engine(model: str, folder: Path, texts: list[str], settings: dict[str, Any]) -> Callable[[], int]:
    """The engine of isogloss, in calls as its translation job makes them, but for the length, which is that of all."""
    from dataclasses import replace

    from isogloss.languages import language
    from isogloss.translate.engines import EngineChoice, open_engine

    opened: Any = open_engine(EngineChoice("ctranslate2", str(folder), device="cpu", threads=settings["threads"]))
    opened = replace(opened, longest=lambda _: settings["tokens"], **settings.get("fields", {}))
    size = opened.texts_per_call

    def run() -> int:
        made = [
            one
            for start in range(0, len(texts), size)
            for one in opened.translate(texts[start : start + size], language("en"), language("es"))
        ]
        # Random weights hardly ever end a sentence, so that none is shorter than the other sides are made to be.
        return len(made) * settings["tokens"] - sum(one.complete for one in made) * settings["tokens"]

    return run


def convert(model: str, folder: Path, texts: list[str], settings: dict[str, Any]) -> Callable[[], int]:
    """What the engine does once with a checkpoint."""
    from isogloss.translate.conversion import converted

    def run() -> int:
        converted(folder, folder.name, settings["precision"])
        return 0

    return run


def make(model: str, folder: Path, texts: list[str], settings: dict[str, Any]) -> Callable[[], int]:
    """The checkpoint itself."""

    def run() -> int:
        MODELS[model](folder, texts)
        return 0

    return run


SIDES = {"pipeline": pipeline, "by hand": by_hand, "engine": engine, "convert": convert, "make": make}


def peak() -> float:
    """The most memory that this process had resident, in MB, without its parent's, which getrusage may count."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """One side: what is asked comes as JSON, and the figures are the last line of the output."""
    asked = json.loads(sys.argv[1])
    texts = captions(asked["all_captions"])[: asked["captions"]]
    os.environ.setdefault("OMP_NUM_THREADS", str(asked["settings"].get("threads", 1)))
    started = time.perf_counter()
    run = SIDES[asked["side"]](asked["model"], Path(asked["folder"]), texts, asked["settings"])
    opened = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
    tokens = run()
    seconds = time.perf_counter() - opened
    after = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "captions": len(texts),
        "tokens": tokens,
        "seconds": seconds,
        "processor_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "opening_seconds": opened - started,
        "peak_mb": peak(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
