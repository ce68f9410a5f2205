"""The recipe of a chat model: eyes, a connector and a language model, which learn to see and then to answer."""

import math
from dataclasses import dataclass, field
from typing import Literal

from isogloss.errors import UserError
from isogloss.models.connector import Connector
from isogloss.models.lora import Lora
from isogloss.models.tower import Tower
from isogloss.train.checks import check_weight, check_whole
from isogloss.train.stages import Stage
from isogloss.train.training import Training

WORDS = "language_model.*"


@dataclass(frozen=True)
class ChatData:
    """Which pictures a chat model trains on, and how they are read.

    Args:
        dataset: a dataset folder.
        image_size: of the square pictures, in pixels; None for the vision tower's own.
        keep_pictures: decoded, in memory.
        threads: that decode one batch.
    """

    dataset: str
    image_size: int | None = None
    keep_pictures: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        check_whole(self, "threads")
        if self.image_size is not None:
            check_whole(self, "image_size")


@dataclass(frozen=True)
class ChatTexts:
    """Conversations without pictures, and plain texts, that each step has beside those that a stage is about.

    They cost no picture and no translation, and keep a language model from forgetting languages that no picture is
    described in.

    Args:
        dataset: a dataset folder, of whose conversations those that show no picture are read; None for no texts at all.
        languages: none for all that it has such conversations in.
        sources: conversations of these sources only; none for all.
        proportions: of the languages, in any unit; none for as many as there are of each.
        conversations_per_step: beside the stage's own, over all processes together.
    """

    dataset: str | None = None
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    proportions: dict[str, float] = field(default_factory=dict[str, float])
    conversations_per_step: int = 16

    def __post_init__(self) -> None:
        check_whole(self, "conversations_per_step")
        for language, value in self.proportions.items():
            if self.languages and language not in self.languages:
                raise UserError(f"proportions names '{language}', which languages leaves out; add it there.")
            if not 0 <= value < math.inf:
                raise UserError(f"proportions of '{language}' is {value}; give a number from 0 on.")


@dataclass(frozen=True)
class ChatStage:
    """One of the stages of a chat model: what it learns from, what of it trains when, and how long.

    Args:
        source: "captions", each as the answer to a request for a description in its own language, or "conversations".
        languages: that are learnt from.
        sources: captions or conversations of these sources only; none for all.
        shares: how much of a language's there is to learn from, 0 to 1, by its tag; all of it for one that is not named.
            A smaller share is a part of a larger one.
        proportions: of the languages in a step, in any unit; none for as many as there are of each.
        conversations_per_step: over all processes together.
        texts: further conversations of each step, which show no picture; epochs are those of the stage's own.
        row_tokens: the length of the rows that a step's conversations are packed into.
        stages: what is frozen from when on: parts of `vision_tower`, `multi_modal_projector` and `language_model`.
        excess: the weight of what visual tokens are larger than words; none with 0.
        cache: keep what the vision tower makes of each picture while all of it is frozen, so that it is made once.
        lora: adapters in place of the language model's own weights; none with a rank of 0.
        skipped: go on without this stage.
    """

    source: Literal["captions", "conversations"] = "captions"
    languages: tuple[str, ...] = ("en",)
    sources: tuple[str, ...] = ()
    shares: dict[str, float] = field(default_factory=dict[str, float])
    proportions: dict[str, float] = field(default_factory=dict[str, float])
    conversations_per_step: int = 64
    texts: ChatTexts = field(default_factory=ChatTexts)
    row_tokens: int = 512
    stages: tuple[Stage, ...] = ()
    excess: float = 0.0
    cache: bool = True
    lora: Lora = field(default_factory=Lora)
    skipped: bool = False
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        if not self.languages:
            raise UserError("languages is empty; name at least one language to learn from.")
        check_whole(self, "conversations_per_step", "row_tokens")
        check_weight(self, "excess")
        for name, most in (("shares", 1.0), ("proportions", math.inf)):
            for language, value in getattr(self, name).items():
                if language not in self.languages:
                    raise UserError(f"{name} names '{language}', which languages leaves out; add it there.")
                if not 0 <= value <= most or math.isinf(value):
                    raise UserError(f"{name} of '{language}' is {value}; give a number from 0 on, and a share up to 1.")
        if self.texts.dataset is not None and self.words_rest:
            raise UserError(
                "The language model is frozen all through the stage and learns nothing from texts; leave them out, or let it "
                "train."
            )

    @property
    def words_rest(self) -> bool:
        """Whether all of the language model is frozen in every step, adapters included."""
        frozen = [WORDS in one.frozen and not any(name.startswith("!") for name in one.frozen) for one in self.stages]
        return bool(frozen) and all(frozen) and min(one.start for one in self.stages) == 0


@dataclass(frozen=True)
class ChatRecipe:
    """A chat model (LLaVA, arXiv 2304.08485; VisCPM-Chat, arXiv 2308.12038), in two stages.

    Args:
        vision: the eyes: a Hub name, a folder, a run of ours, or a recipe of a dual encoder, which is trained first.
        language_model: a causal one: a Hub name, a folder, a run of ours, or a recipe of one, which is trained first.
        connector: from the eyes' states to the language model's.
        vision_feature_layer: of the eyes, whose states are read; None for what suits them.
        chat_template: a Jinja file; None for the language model's own.
        start: the folder of a chat model to go on from, as another run saved it, in place of the parts above.
        align: the eyes learn to be understood; the language model stays as it is.
        instruct: all learn to answer.
    """

    data: ChatData
    vision: Tower
    language_model: Tower
    connector: Connector = field(default_factory=Connector)
    vision_feature_layer: int | None = None
    chat_template: str | None = None
    start: str | None = None
    align: ChatStage = field(default_factory=ChatStage)
    instruct: ChatStage = field(default_factory=ChatStage)

    def __post_init__(self) -> None:
        if self.align.skipped and self.instruct.skipped:
            raise UserError("Both stages are skipped, so nothing is trained; skip one of them at most.")

    @property
    def training(self) -> Training:
        """That of the last stage."""
        return self.align.training if self.instruct.skipped else self.instruct.training
