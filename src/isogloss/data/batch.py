"""One batch: images once, their captions in any number of languages, and who owns which caption."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from torch import Tensor

from isogloss.data.augment import Augmentation, normalise, warp
from isogloss.data.dataset import Split
from isogloss.data.images import Pictures
from isogloss.data.mapped import release_pages
from isogloss.data.sampler import Sampler, check_shared


@dataclass(frozen=True)
class Batch:
    """What one process trains on in one step; ragged captions, owner says whose.

    Attributes:
        pixel_values: [image, channel, height, width], normalised.
        input_ids: [caption, token].
        attention_mask: [caption, token], 1 for a token and 0 for padding.
        owner: [caption], rows of pixel_values.
        language: [caption], numbers of the languages of the run, in its order.
    """

    pixel_values: Float[Tensor, "image channel height width"]
    input_ids: Int[Tensor, "caption token"]
    attention_mask: Int[Tensor, "caption token"]
    owner: Int[Tensor, " caption"]
    language: Int[Tensor, " caption"]

    def to(self, device: torch.device) -> "Batch":
        return replace(self, **{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Preparation:
    """How pictures and captions become tensors for a pair of towers.

    Args:
        tokenizer: a fast tokenizer of Transformers.
        tokens: the most tokens a caption keeps; longer ones are cut.
        mean, deviation: of the pixels, by channel, in 0…1.
    """

    tokenizer: Any
    tokens: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def tokenize(self, captions: Sequence[str]) -> tuple[Int[Tensor, "caption token"], Int[Tensor, "caption token"]]:
        """Token numbers and their mask, padded to the longest caption."""
        encoded = self.tokenizer(
            list(captions), truncation=True, max_length=self.tokens, padding=True, return_tensors="pt"
        )
        return encoded["input_ids"], encoded["attention_mask"]

    def hide(
        self, input_ids: Int[Tensor, "caption token"], chance: NDArray[np.float64], share: float
    ) -> tuple[Int[Tensor, "caption token"], Bool[Tensor, "caption token"]]:
        """The tokens with a share of them replaced by the mask, and which ones were; special ones never are.

        Args:
            chance: even in 0…1, [caption, any number of tokens that is large enough].
            share: tokens whose chance is below it are hidden.
        """
        low = torch.from_numpy(chance[:, : input_ids.shape[1]] < share)
        hidden = low & ~torch.isin(input_ids, torch.tensor(self.tokenizer.all_special_ids))
        return input_ids.masked_fill(hidden, self.tokenizer.mask_token_id), hidden


@runtime_checkable
class Batches(Protocol):
    """A batch for every step, whenever and in whatever order it is asked for."""

    @property
    def images_per_step(self) -> int: ...
    @property
    def steps_per_epoch(self) -> int: ...
    def __getitem__(self, step: int, /) -> Any: ...


def captioned(split: Split, languages: Sequence[str]) -> NDArray[np.int64]:
    """The images of a split that have a caption in at least one of the languages, int64, ascending."""
    found = np.zeros(len(split), dtype=bool)
    for language in languages:
        offsets = split.captions[language].offsets
        found |= offsets[1:] > offsets[:-1]
        release_pages()
    return np.flatnonzero(found)


def choose_captions(
    split: Split,
    languages: Sequence[str],
    images: NDArray[np.int64],
    most: int | None,
    generator: np.random.Generator | None,
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """The captions of some images in some languages, at most `most` an image and language, drawn by `generator`.

    Returns:
        The captions; owner, int64 [caption], positions in `images`; language, int64 [caption], positions in `languages`.
    """
    texts: list[str] = []
    owners: list[NDArray[np.int64]] = []
    numbers: list[NDArray[np.int64]] = []
    for number, language in enumerate(languages):
        captions = split.captions[language]
        first, counts = captions.offsets[images], captions.offsets[images + 1] - captions.offsets[images]
        drawn = counts if most is None or generator is None else np.minimum(counts, most)
        starts = np.cumsum(drawn) - drawn
        rows = np.repeat(first - starts, drawn) + np.arange(drawn.sum())
        if most is not None and generator is not None:
            for image in np.flatnonzero(counts > 1):
                chosen = generator.permutation(counts[image])[:most]
                rows[starts[image] : starts[image] + len(chosen)] = first[image] + chosen
        texts += captions.take(rows)
        owner = np.repeat(np.arange(len(images)), drawn)
        owners.append(owner)
        numbers.append(np.full(len(owner), number))
    release_pages()
    return texts, np.concatenate(owners), np.concatenate(numbers)


@dataclass(frozen=True)
class ParallelBatches:
    """The training batches of a split: `batches[step]`, a pure function of (dataset, seed, step).

    Args:
        pictures: of the split.
        languages: whose captions are drawn, in the order that Batch.language numbers.
        preparation: to tensors.
        sampler: which of the captioned images, `rows`.
        captions_per_language: the most captions of an image in one language in one step.
        hidden_tokens: the share of a caption's tokens that the mask replaces.
        augmentation: of the pictures.
        process, processes: this process takes every processes-th image of the step, from its own number on.
    """

    pictures: Pictures
    languages: tuple[str, ...]
    preparation: Preparation
    sampler: Sampler
    captions_per_language: int = 1
    hidden_tokens: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    process: int = 0
    processes: int = 1

    def __post_init__(self) -> None:
        check_shared(self.images_per_step, self.processes, "images", "images_per_step")

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """The images that have a caption in any of the languages; the others cannot be trained on."""
        return captioned(self.pictures.split, self.languages)

    @property
    def images_per_step(self) -> int:
        return self.sampler.images_per_step

    @property
    def steps_per_epoch(self) -> int:
        return self.sampler.steps_per_epoch

    def __getitem__(self, step: int) -> Batch:
        images, generator = self.rows[self.sampler.indices(step)], self.sampler.generator(step)
        # The randomness of the whole step is drawn by every process, so that a step is the same for any number of them.
        captions, owner, language = choose_captions(
            self.pictures.split, self.languages, images, self.captions_per_language, generator
        )
        maps = self.augmentation.draw(len(images), generator)
        chance = generator.random((len(captions), self.preparation.tokens))

        mine = slice(self.process, None, self.processes)
        kept = owner % self.processes == self.process
        input_ids, attention_mask = self.preparation.tokenize(
            [caption for caption, keep in zip(captions, kept, strict=True) if keep]
        )
        if self.hidden_tokens:
            input_ids, _ = self.preparation.hide(input_ids, chance[kept], self.hidden_tokens)
        pixels = torch.from_numpy(self.pictures.batch(images[mine]))
        values = normalise(pixels, self.preparation.mean, self.preparation.deviation)
        return Batch(
            pixel_values=values if self.augmentation.still else warp(values, maps[mine]),
            input_ids=input_ids,
            attention_mask=attention_mask,
            owner=torch.from_numpy(owner[kept] // self.processes),
            language=torch.from_numpy(language[kept]),
        )
