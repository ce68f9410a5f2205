"""Captions without their pictures: what a text encoder is trained on before any image is seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor

from isogloss.data.batch import Preparation
from isogloss.data.dataset import Dataset
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError


@dataclass(frozen=True)
class TextBatch:
    """Sentences with hidden tokens, in pairs that mean the same.

    Attributes:
        input_ids: [caption, token], the hidden ones replaced by the mask.
        attention_mask: [caption, token].
        hidden: [caption, token], which tokens are to be found again.
        targets: [hidden], their numbers, in the order of `hidden`.
        owner: [caption], which of the step's meanings a caption has, over all processes; the captions of one are
            translations of each other.
    """

    input_ids: Int[Tensor, "caption token"]
    attention_mask: Int[Tensor, "caption token"]
    hidden: Bool[Tensor, "caption token"]
    targets: Int[Tensor, " hidden"]
    owner: Int[Tensor, " caption"]

    def to(self, device: torch.device) -> "TextBatch":
        return replace(self, **{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


@dataclass(frozen=True)
class ParallelText:
    """Texts in several languages, aligned: texts[language][offsets[language][i]:…[i + 1]] all say meaning i.

    Built from the training split alone, without any text that a picture of another split is called by.
    """

    languages: tuple[str, ...]
    texts: tuple[list[str], ...]
    offsets: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, dataset: Dataset, languages: Sequence[str], sources: Sequence[str]) -> "ParallelText":
        """The texts of a dataset's training split in some languages."""
        wanted = tuple(languages) or dataset.languages
        train = dataset.split("train", wanted, sources or None)
        held_out = [dataset.split(name, wanted, complete=False) for name in dataset.splits if name != "train"]
        texts: list[list[str]] = []
        offsets: list[NDArray[np.int64]] = []
        for language in wanted:
            captions = train.captions[language]
            unseen = pa.concat_arrays([split.captions[language].texts for split in held_out]) if held_out else None
            keep = np.ones(len(captions), dtype=bool)
            if unseen is not None:
                keep = ~np.asarray(pyarrow.compute.is_in(captions.texts, value_set=unseen))  # pyright: ignore
            counts = np.bincount(captions.owners[keep], minlength=len(train))
            texts.append(captions.texts.filter(pa.array(keep)).to_pylist())
            offsets.append(np.concatenate([[0], np.cumsum(counts)]))
        return cls(wanted, tuple(texts), tuple(offsets))

    @cached_property
    def languages_of(self) -> NDArray[np.bool_]:
        """Which meaning is said in which language: [meaning, language]."""
        return np.stack([np.diff(offsets) > 0 for offsets in self.offsets], axis=1)


@dataclass(frozen=True)
class TextBatches:
    """The batches of the text stage: `batches[step]`, a pure function of (dataset, seed, step).

    Each meaning of a step comes in two languages drawn by chance (in one where it has one only).

    Args:
        text: what is read.
        preparation: whose tokenizer has a mask token.
        sampler: which of the `meanings`.
        hidden_tokens: the share of tokens that are hidden.
        process, processes: this process takes every processes-th meaning, from its own number on.
    """

    text: ParallelText
    preparation: Preparation
    sampler: Sampler
    hidden_tokens: float
    process: int = 0
    processes: int = 1

    def __post_init__(self) -> None:
        if self.images_per_step < self.processes:
            raise UserError(
                f"A step of {self.images_per_step} meanings cannot be shared by {self.processes} processes; "
                f"set meanings_per_step to {self.processes} at least, or start fewer processes."
            )

    @cached_property
    def meanings(self) -> NDArray[np.int64]:
        """The meanings that are said in at least one language."""
        return np.flatnonzero(self.text.languages_of.any(axis=1))

    @property
    def images_per_step(self) -> int:
        return self.sampler.images_per_step

    @property
    def steps_per_epoch(self) -> int:
        return self.sampler.steps_per_epoch

    def __getitem__(self, step: int) -> TextBatch:
        generator = self.sampler.generator(step)
        meanings = self.meanings[self.sampler.indices(step)]
        # The largest two of even random numbers over a meaning's languages are two of them by chance.
        chance = np.where(
            self.text.languages_of[meanings], generator.random((len(meanings), len(self.text.languages))), -1
        )
        two = np.argsort(-chance, axis=1)[:, :2]
        share = generator.random((len(meanings), 2))
        captions: list[str] = []
        owner: list[int] = []
        for number, meaning in enumerate(meanings):
            for language, part in zip(two[number], share[number], strict=False):
                if chance[number, language] < 0:
                    continue
                first, last = self.text.offsets[language][meaning : meaning + 2]
                captions.append(self.text.texts[language][int(first + part * (last - first))])
                owner.append(number)
        # The randomness of the whole step is drawn by every process, so that a step is the same for any number of them.
        to_hide = generator.random((len(captions), self.preparation.tokens))
        mine = np.flatnonzero(np.array(owner) % self.processes == self.process)
        complete, attention_mask = self.preparation.tokenize([captions[row] for row in mine])
        input_ids, hidden = self.preparation.hide(complete, to_hide[mine], self.hidden_tokens)
        return TextBatch(input_ids, attention_mask, hidden, complete[hidden], torch.tensor(owner)[mine])
