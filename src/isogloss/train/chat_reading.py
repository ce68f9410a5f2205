"""What a stage of a chat model reads: the conversations of its steps, with their pictures or beside them, and what is held back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isogloss.data.chat_batches import ChatBatches
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.data.lessons import lessons, lessons_in, texts, without_pictures
from isogloss.data.mixture import Mixture, Mixtures
from isogloss.models.image_processor import picture_size, pixel_scale
from isogloss.train.chat_recipe import ChatData, ChatStage
from isogloss.train.lm_validation import LOSS_CONVERSATIONS, held_back
from isogloss.train.stages import frozen_at

EYES = "vision_tower.*"

Parts = Mapping[str, Sequence[Conversation]]


@dataclass(frozen=True)
class Reading:
    """How a stage reads a dataset: conversations as tokens, pictures in the size and scale of the vision tower."""

    dataset: Dataset
    data: ChatData
    tokens: ChatTokens
    image_processor: Any

    def pictures(self, split: str) -> Pictures:
        """Those of a split."""
        shown = self.dataset.split(split, ())
        size = picture_size(self.image_processor)
        return Pictures(self.dataset, shown, size, keep=self.data.keep_pictures, threads=self.data.threads)

    def batches(
        self, parts: Parts, mixture: Mixture | Mixtures, pictures: Pictures | None = None, **how: Any
    ) -> ChatBatches:
        """Batches of some conversations, whose rows are as long as a conversation may be."""
        mean, deviation = pixel_scale(self.image_processor)
        return ChatBatches(
            parts, self.tokens, mixture, self.tokens.most, pictures, mean=mean, deviation=deviation, **how
        )


def sees_anew(stage: ChatStage, step: int, steps_per_epoch: int) -> bool:
    """Whether a step has to look at its pictures, because the eyes train or nothing is kept."""
    return not stage.cache or EYES not in frozen_at(stage.stages, step, stage.training.steps, steps_per_epoch)


def mixed(dataset: Dataset, stage: ChatStage) -> tuple[Parts, Mixture | Mixtures]:
    """What a stage trains on, and how much of it a step takes: its conversations, by language, and the texts beside them.

    Raises:
        UserError: a dataset lacks a language or a source, or has less than a step takes.
    """
    seed, beside = stage.training.seed, stage.texts
    parts: Parts = lessons(dataset, "train", stage.source, stage.languages, stage.sources, stage.shares)
    mixture = Mixture(_sizes(parts), stage.proportions or None, stage.conversations_per_step, seed)
    if beside.dataset is None:
        return parts, mixture
    read = {
        _beside(language): part
        for language, part in texts(Dataset.open(beside.dataset).root, beside.languages, beside.sources).items()
    }
    sizes = _sizes(read)
    # As streams of their own also where nobody gives proportions, which no other part changes.
    proportions = {_beside(language): value for language, value in beside.proportions.items()} or sizes
    return {**parts, **read}, Mixtures((mixture, Mixture(sizes, proportions, beside.conversations_per_step, seed)))


def _sizes(parts: Parts) -> dict[str, int]:
    return {name: len(part) for name, part in parts.items()}


def _beside(language: str) -> str:
    """The part of the texts in a language."""
    return f"texts in {language}"


def learnt(stage: ChatStage, reading: Reading, process: int = 0, processes: int = 1) -> ChatBatches:
    """What a process trains on in a stage.

    Args:
        process, processes: its number, from 0 on, among so many.

    Raises:
        UserError: as of `mixed`.
    """
    parts, mixture = mixed(reading.dataset, stage)
    return reading.batches(
        parts,
        mixture,
        reading.pictures("train"),
        with_pixels=lambda step: sees_anew(stage, step, mixture.steps_per_epoch),
        process=process,
        processes=processes,
    )


def held_out(stage: ChatStage, reading: Reading) -> tuple[dict[str, ChatBatches], dict[str, ChatBatches]]:
    """What a stage is validated on, by language: conversations, and texts; each in one step.

    Translations that are for training alone have none.
    """
    found: dict[str, ChatBatches] = {}
    if "validation" in reading.dataset.splits:
        pictures = reading.pictures("validation")
        for language in stage.languages:
            there = lessons_in(reading.dataset, "validation", stage.source, language, stage.sources)
            if part := held_back(there, LOSS_CONVERSATIONS):
                found[language] = _at_once(reading, language, part, pictures)
    beside = stage.texts
    if beside.dataset is None:
        return found, {}
    root = Dataset.open(beside.dataset).root
    chosen = texts(root, beside.languages, beside.sources)
    kept = {
        language: held_back(part, LOSS_CONVERSATIONS)
        for language, part in without_pictures(root, tuple(chosen), "validation", beside.sources).items()
    }
    return found, {language: _at_once(reading, language, part) for language, part in kept.items() if part}


def _at_once(
    reading: Reading, language: str, part: Sequence[Conversation], pictures: Pictures | None = None
) -> ChatBatches:
    mixture = Mixture({language: len(part)}, None, len(part), seed=0)
    return reading.batches({language: part}, mixture, pictures, with_pixels=True)
