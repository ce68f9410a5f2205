"""The engines by name: a file each, which imports what it needs only when it is opened."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from isogloss.errors import UserError, unknown
from isogloss.translate.engine import Engine

ENGINES: Mapping[str, str] = {
    "apertium": "a local program with its language pairs",
    "ctranslate2": "NLLB-200, M2M-100, MADLAD-400 and OPUS-MT, fast on processors and GPUs",
    "google": "Google Cloud Translation, which is paid for",
    "table": "a file of existing translations",
    "transformers": "any sequence-to-sequence model or instruction-tuned LLM of Transformers",
}
# Those that compute in this program's own process, and so take a device, a precision, beams and threads.
NEURAL = frozenset({"ctranslate2", "transformers"})


@dataclass(frozen=True)
class EngineChoice:
    """Which engine translates and how, as plain values, so that a process elsewhere can open the same one.

    Args:
        name: one of ENGINES.
        model: a model, file or project of the engine, such as a name on the Hub; empty for the engine's own choice.
        device: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
        precision: of the weights: "auto", "float32", "float16", "bfloat16" or "int8".
        beams: of the search; 1 is greedy.
        threads: of the processor; 0 for all its cores.
    """

    name: str
    model: str = ""
    device: str = "auto"
    precision: str = "auto"
    beams: int = 1
    threads: int = 0

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise unknown("engine", self.name, ENGINES)
        if self.beams < 1:
            raise UserError(f"beams is {self.beams}; give a whole number of at least 1.")
        if self.threads < 0:
            raise UserError(f"threads is {self.threads}; give a whole number, or 0 for all cores.")
        if self.precision not in ("auto", "float32", "float16", "bfloat16", "int8"):
            raise UserError(
                f"There is no precision '{self.precision}'; choose auto, float32, float16, bfloat16 or int8."
            )


def choose_engine(text: str, **options: str | int) -> EngineChoice:
    """The choice that a command line writes as NAME or NAME:MODEL.

    >>> choose_engine("ctranslate2:facebook/nllb-200-distilled-600M").model
    'facebook/nllb-200-distilled-600M'
    """
    name, _, model = text.partition(":")
    return EngineChoice(name, model, **options)  # pyright: ignore[reportArgumentType]


def open_engine(choice: EngineChoice) -> Engine:
    """The engine itself, ready to translate.

    Raises:
        UserError: its library, program or model is absent; the sentence says what to install or fetch.
    """
    return importlib.import_module(f"{__name__}.{choice.name}").open_engine(choice)
