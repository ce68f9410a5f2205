"""Captions without their pictures: what a text encoder is trained on before any image is seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import torch
from jaxtyping import Bool, Int
from numpy.typing import NDArray
from torch import Tensor

from isogloss.data.batch import Preparation
from isogloss.data.dataset import Captions, Dataset
from isogloss.data.mapped import release_pages
from isogloss.data.plain_texts import plain_texts
from isogloss.data.sampler import Sampler, check_shared

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

# Texts that are Python's own at a time.
_PART = 1 << 16


@dataclass(frozen=True)
class Telling:
    """What the slots before a caption are taught to say: what it means in one language, a token each, all at once.

    Of some captions a part is shown, and the slots that are left say the rest, as in mask-predict (arXiv 1904.09324).
    Without it they take several times as long to learn which of them says what.

    Args:
        language: its number among those of the text.
        slots: the first tokens of every caption; what is longer is cut.
        shown: the share of captions of which a part is shown; how much of one is even in 0…1.
    """

    language: int
    slots: int
    shown: float


@dataclass(frozen=True)
class TextBatch:
    """Sentences with hidden tokens, in pairs that mean the same.

    Attributes:
        input_ids: [caption, token], the hidden ones replaced by the mask; slots that are shown what they are to say have it.
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
    """Texts in several languages, aligned: the captions of image i of the training split all say meaning i.

    Of a dataset without captions, they are the plain texts among its conversations: those of one key say one meaning.

    They stay where the split has them, in memory or mapped.

    Attributes:
        captions: of the training split, by language.
        kept: bool [caption], by language: not what a picture of another split is called by, too.
    """

    languages: tuple[str, ...]
    captions: tuple[Captions, ...]
    kept: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(cls, dataset: Dataset, languages: Sequence[str], sources: Sequence[str]) -> "ParallelText":
        """The texts of a dataset's training split in some languages.

        Raises:
            UserError: a language or source is not there.
        """
        if not dataset.languages:
            plain = plain_texts(dataset, languages, sources)
            return cls(tuple(plain), tuple(plain.values()), tuple(np.ones(len(one), bool) for one in plain.values()))
        wanted = tuple(languages) or dataset.languages
        train = dataset.split("train", wanted, sources or None)
        held_out = [dataset.split(name, wanted, complete=False) for name in dataset.splits if name != "train"]
        kept: list[NDArray[np.bool_]] = []
        for language in wanted:
            unseen = pa.chunked_array([split.captions[language].texts for split in held_out], pa.large_string())
            kept.append(~np.asarray(pc.is_in(train.captions[language].texts, value_set=unseen)))
            release_pages()
        return cls(wanted, tuple(train.captions[language] for language in wanted), tuple(kept))

    @cached_property
    def languages_of(self) -> NDArray[np.bool_]:
        """Which meaning is said in which language: [meaning, language]."""
        said: list[NDArray[np.bool_]] = []
        for captions, kept in zip(self.captions, self.kept, strict=True):
            before = np.concatenate([[0], np.cumsum(kept)])[captions.offsets]
            said.append(np.diff(before) > 0)
        return np.stack(said, axis=1)

    def rows(self, language: int, meaning: int) -> NDArray[np.int64]:
        """Where a meaning is said in `captions[language]`: int64 [text]."""
        first, last = (int(place) for place in self.captions[language].offsets[meaning : meaning + 2])
        return first + np.flatnonzero(self.kept[language][first:last])

    def texts(self) -> Iterator[str]:
        """Every text, language by language."""
        for captions, kept in zip(self.captions, self.kept, strict=True):
            for first in range(0, len(captions), _PART):
                part = pa.array(kept[first : first + _PART])
                yield from captions.texts.slice(first, _PART).filter(part).to_pylist()
                release_pages()


@dataclass(frozen=True)
class TextBatches:
    """The batches of the text stage: `batches[step]`, a pure function of (dataset, seed, step).

    Each meaning of a step comes in two languages drawn by chance (in one where it has one only).

    Args:
        text: what is read.
        preparation: whose tokenizer has a mask token.
        sampler: which of the `families`.
        hidden_tokens: the share of tokens that are hidden.
        telling: what the slots are taught to say; None for nothing.
        process, processes: this process takes every processes-th meaning, from its own number on.
        family: so many meanings, one after the other, are in a step together.
    """

    text: ParallelText
    preparation: Preparation
    sampler: Sampler
    hidden_tokens: float
    telling: Telling | None = None
    process: int = 0
    processes: int = 1
    family: int = 1

    def __post_init__(self) -> None:
        check_shared(self.images_per_step, self.processes, "meanings", "meanings_per_step")

    @cached_property
    def meanings(self) -> NDArray[np.int64]:
        """The meanings that are said in at least one language."""
        return np.flatnonzero(self.text.languages_of.any(axis=1))

    @property
    def images_per_step(self) -> int:
        return self.sampler.images_per_step * self.family

    @property
    def steps_per_epoch(self) -> int:
        return self.sampler.steps_per_epoch

    def __getitem__(self, step: int) -> TextBatch:
        generator = self.sampler.generator(step)
        families = self.sampler.indices(step)
        meanings = self.meanings[(families[:, None] * self.family + np.arange(self.family)).ravel()]
        # The largest two of even random numbers over a meaning's languages are two of them by chance.
        chance = np.where(
            self.text.languages_of[meanings], generator.random((len(meanings), len(self.text.languages))), -1
        )
        two = np.argsort(-chance, axis=1)[:, :2]
        share = generator.random((len(meanings), 2))
        drawn: list[tuple[int, int]] = []
        owner: list[int] = []
        for number, meaning in enumerate(meanings.tolist()):
            for language, part in zip(two[number].tolist(), share[number].tolist(), strict=False):
                if chance[number, language] >= 0:
                    rows = self.text.rows(language, meaning)
                    drawn.append((language, rows[int(part * len(rows))]))
                    owner.append(number)
        # The randomness of the whole step is drawn by every process, so that a step is the same for any number of them.
        to_hide = generator.random((len(drawn), self.preparation.tokens))
        mine = np.flatnonzero(np.array(owner) % self.processes == self.process)
        complete, attention_mask = self.preparation.tokenize(self._read(np.array(drawn)[mine]))
        input_ids, hidden = self.preparation.hide(complete, to_hide[mine], self.hidden_tokens)
        if self.telling is not None:
            # The same is shown to a caption and its translation, which are to be alike.
            to_show = generator.random((len(meanings), 2 + self.telling.slots))
            number = np.array(owner)[mine]
            self._tell(self.telling, meanings[number], to_show[number], complete, input_ids, hidden)
        return TextBatch(input_ids, attention_mask, hidden, complete[hidden], torch.tensor(owner)[mine])

    def _tell(
        self,
        telling: Telling,
        meanings: NDArray[np.int64],
        chance: NDArray[np.float64],
        complete: Int[Tensor, "caption token"],
        input_ids: Int[Tensor, "caption token"],
        hidden: Bool[Tensor, "caption token"],
    ) -> None:
        """Write into slots what they are to say, and which of it is hidden; nothing where a meaning is not said so."""
        said = self.text.languages_of[meanings, telling.language]
        rows = [self.text.rows(telling.language, meaning)[0] for meaning in meanings[said].tolist()]
        captions = self.text.captions[telling.language].take(np.array(rows, np.int64))
        tokenizer, slots = self.preparation.tokenizer, telling.slots
        tokens = torch.full((len(rows), slots), tokenizer.eos_token_id)
        for row, ids in enumerate(tokenizer(captions, add_special_tokens=False)["input_ids"] if captions else ()):
            tokens[row, : len(ids)] = torch.tensor(ids[:slots])
        partly = np.where(chance[:, :1] < telling.shown, chance[:, 1:2], 0.0)
        shown = torch.from_numpy(chance[:, 2:] < partly)
        told = torch.from_numpy(np.flatnonzero(said))
        complete[told, :slots] = tokens
        hidden[told, :slots] = ~shown[told]
        input_ids[told, :slots] = torch.where(shown[told], tokens, input_ids[told, :slots])

    def _read(self, drawn: NDArray[np.int64]) -> list[str]:
        """Texts by their language and row: int64 [text, 2]."""
        texts = [""] * len(drawn)
        for language in np.unique(drawn[:, 0]):
            places = np.flatnonzero(drawn[:, 0] == language)
            for place, text in zip(places, self.text.captions[language].take(drawn[places, 1]), strict=True):
                texts[place] = text
        release_pages()
        return texts
