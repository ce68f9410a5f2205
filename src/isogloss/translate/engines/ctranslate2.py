"""CTranslate2: NLLB-200, M2M-100, mBART-50, MADLAD-400 and OPUS-MT, on processors and GPUs.

https://opennmt.net/CTranslate2. Neither PyTorch nor Transformers is imported to translate.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.saved import read_json, read_object
from isogloss.translate.batches import LONGEST, batches, limit
from isogloss.translate.checkpoint import fetch, name_of
from isogloss.translate.codes import Codes, read_codes
from isogloss.translate.conversion import converted
from isogloss.translate.device import choose_device
from isogloss.translate.engine import Translation
from isogloss.translate.engines import EngineChoice
from isogloss.translate.pieces import Pieces, open_pieces
from isogloss.workers import cores

# 202 languages, the most of the small ones. Its licence (CC BY-NC 4.0) is for non-commercial use; M2M-100 (MIT),
# MADLAD-400 (Apache 2.0) and OPUS-MT (CC BY 4.0 or Apache 2.0) are for any.
MODEL = "facebook/nllb-200-distilled-600M"
# Source pieces of a batch, padding included, on a processor and on a GPU; `bench/translate.py` tries others.
TOKENS: Mapping[str, int] = {"cpu": 1024, "cuda": 8192}
# On a processor, pieces times words of the vocabulary: beyond it memory grows with the scores of a step, a number for
# each word and text, and speed no longer does. For NLLB-200 it is 500 pieces.
SCORES = 128_000_000
TEXTS_PER_CALL: Mapping[str, int] = {"cpu": 1024, "cuda": 8192}


@dataclass(frozen=True)
class CTranslate2Engine:
    """One model, open.

    translator: of the library. ending: what ends a sentence. beams: 1 is greedy. tokens: of a batch, padding included.
    longest: the most pieces of a translation, by those of its source.
    """

    name: str
    translator: Any
    codes: Codes
    pieces: Pieces
    ending: str
    beams: int
    tokens: int
    texts_per_call: int
    longest: Callable[[int], int] = limit
    price: float = 0.0

    def check(self, source: Language, target: Language) -> None:
        """Tell whether the model has both languages."""
        self.codes.check(source, target)

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        """One translation a text, in order."""
        before = self.codes.before_source(source, target)
        prefix = self.codes.before_target(target)
        written = self.codes.before_text(target)
        cut = self.pieces.cut([written + text for text in texts])
        rows = [[*before, *pieces[:LONGEST], self.ending] for pieces in cut]
        groups = batches([len(row) for row in rows], self.tokens)
        # All at once, so that no thread waits for another's batch.
        running = [
            self.translator.translate_batch(
                [rows[place] for place in group],
                target_prefix=[prefix] * len(group) if prefix else None,
                beam_size=self.beams,
                max_decoding_length=self.longest(len(cut[group[0]])) + len(prefix),
                return_scores=True,
                return_end_token=True,
                asynchronous=True,
            )
            for group in groups
        ]
        found: list[tuple[list[str], float | None, bool]] = [([], None, False)] * len(texts)
        for group, results in zip(groups, running, strict=True):
            for place, waiting in zip(group, results, strict=True):
                result = waiting.result()
                found[place] = self._read(result.hypotheses[0], result.scores[0], len(prefix))
        joined = self.pieces.join([pieces for pieces, _, _ in found])
        return [
            Translation(text, score, complete and len(pieces) <= LONGEST)
            for text, (_, score, complete), pieces in zip(joined, found, cut, strict=True)
        ]

    def _read(self, hypothesis: list[str], mean: float, prefix: int) -> tuple[list[str], float | None, bool]:
        """The pieces without prefix and ending, their score, and whether the sentence ended."""
        own = len(hypothesis) - prefix
        complete = bool(hypothesis) and hypothesis[-1] == self.ending
        # The library's mean is over the prefix too, whose probability it takes for 1.
        score = min(1.0, math.exp(mean * len(hypothesis) / own)) if own > 0 else None
        return hypothesis[prefix : len(hypothesis) - complete], score, complete


def open_engine(choice: EngineChoice) -> CTranslate2Engine:
    """A model of the Hub or a folder, converted if it is not yet.

    Raises:
        UserError: the library, the model or the precision is not there.
    """
    try:
        import ctranslate2
    except ImportError:
        raise UserError(
            'The engine ctranslate2 needs the package CTranslate2; install it with `pip install "isogloss[translate]"`.'
        ) from None
    device, _, index = choose_device(choice.device, ctranslate2.get_cuda_device_count(), "CTranslate2").partition(":")
    stored, computed = _precision(choice.precision, device, ctranslate2.get_supported_compute_types(device))
    model = choice.model or MODEL
    folder = converted(fetch(model, "ctranslate2"), name_of(model), stored)
    threads = choice.threads or cores()
    try:
        translator = ctranslate2.Translator(
            str(folder),
            device=device,
            device_index=int(index or 0),
            compute_type=computed,
            inter_threads=threads if device == "cpu" else 1,
            intra_threads=1,
            max_queued_batches=-1,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"CTranslate2 cannot open {folder} ({error}); remove the folder if it was converted here, or name another model."
        ) from error
    vocabulary = _vocabulary(folder)
    codes = _codes(folder, vocabulary, model)
    tokens = TOKENS[device]
    return CTranslate2Engine(
        name=f"ctranslate2:{name_of(model)}",
        translator=translator,
        codes=codes,
        pieces=open_pieces(folder, frozenset(codes.targets.values()) if codes.family != "OPUS-MT" else frozenset()),
        ending=str(read_object(folder / "config.json").get("eos_token", "</s>")),
        beams=choice.beams,
        tokens=tokens if device == "cuda" else max(1, min(tokens, SCORES // len(vocabulary))),
        texts_per_call=TEXTS_PER_CALL[device],
    )


def _precision(asked: str, device: str, supported: set[str]) -> tuple[str, str]:
    """In which precision the weights are kept, and in which it is computed."""
    if asked == "auto":
        # T5 was trained in bfloat16 and leaves the range of float16.
        asked = "int8" if device == "cpu" else "bfloat16" if "bfloat16" in supported else "float16"
    if asked not in supported:
        known = ", ".join(sorted(supported & {"float32", "float16", "bfloat16", "int8"}))
        raise UserError(f"CTranslate2 does not compute in {asked} on this {device}; choose one of {known}.")
    if asked != "int8" or device == "cpu":
        return asked, asked
    rest = "bfloat16" if "int8_bfloat16" in supported else "float16"
    return asked, f"int8_{rest}"


def _vocabulary(folder: Path) -> list[str]:
    names = ("shared_vocabulary.json", "target_vocabulary.json")
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    if file is None:
        raise UserError(f"{folder} has no shared_vocabulary.json; convert the model again with CTranslate2 4.")
    return read_json(file)


def _codes(folder: Path, vocabulary: list[str], model: str) -> Codes:
    settings = folder / "tokenizer_config.json"
    told = read_object(settings) if settings.is_file() else {}
    return read_codes(vocabulary, model=model, source_lang=told.get("source_lang"), target_lang=told.get("target_lang"))
