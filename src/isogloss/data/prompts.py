"""Captions as prompts: one of each picture in a step, drawn from those of some languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from isogloss.data.dataset import Split


@dataclass(frozen=True)
class Prompts:
    """The captions of a split that may be drawn, numbered through: language by language, picture by picture.

    Args:
        split: with its captions.
        languages: whose captions may be drawn.
        shares: of the pictures, 0 to 1, whose captions in a language may be drawn; all for one that is not named.
    """

    split: Split
    languages: tuple[str, ...]
    shares: Mapping[str, float] = field(default_factory=dict[str, float])

    @cached_property
    def _ends(self) -> list[NDArray[np.int64]]:
        """Of each language, int64 [image + 1]: where the captions of each image lie among those that may be drawn."""
        found: list[NDArray[np.int64]] = []
        for language in self.languages:
            ends, share = self.split.captions[language].offsets, self.shares.get(language, 1.0)
            if share < 1:
                counts = np.where(_chosen(self.split.keys, share), np.diff(ends), 0)
                ends = np.concatenate([[0], np.cumsum(counts)])
            found.append(ends)
        return found

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """The number of each language's first caption, and how many there are in all."""
        return np.concatenate([[0], np.cumsum([ends[-1] for ends in self._ends])]).astype(np.int64)

    def __len__(self) -> int:
        return int(self._first[-1])

    @cached_property
    def images(self) -> NDArray[np.int64]:
        """The images that have a caption which may be drawn, int64, ascending."""
        found = np.zeros(len(self.split), dtype=bool)
        for ends in self._ends:
            found |= ends[1:] > ends[:-1]
        return np.flatnonzero(found)

    def draw(self, images: NDArray[np.int64], chance: NDArray[np.float64]) -> NDArray[np.int64]:
        """A caption of each image, by its number: each of its languages is as likely, and each caption in that.

        Args:
            images: rows of the split that have one.
            chance: even in 0…1, [image, 2].
        """
        starts = np.stack([ends[images] for ends in self._ends])
        counts = np.stack([ends[images + 1] for ends in self._ends]) - starts
        there = counts > 0
        wanted = np.floor(chance[:, 0] * there.sum(axis=0)).astype(np.int64)
        language = np.argmax(np.cumsum(there, axis=0) > wanted, axis=0)
        each = np.arange(len(images))
        within = np.floor(chance[:, 1] * counts[language, each]).astype(np.int64)
        return self._first[language] + starts[language, each] + within

    def texts(self, numbers: Sequence[int] | NDArray[np.int64]) -> list[str]:
        """Some captions by their numbers."""
        wanted = np.asarray(numbers, np.int64)
        found: list[str] = [""] * len(wanted)
        languages = np.searchsorted(self._first, wanted, side="right") - 1
        for number, (language, ends) in enumerate(zip(self.languages, self._ends, strict=True)):
            places = np.flatnonzero(languages == number)
            within = wanted[places] - self._first[number]
            image = np.searchsorted(ends, within, side="right") - 1
            captions = self.split.captions[language]
            for place, text in zip(places, captions.take(captions.offsets[image] + within - ends[image]), strict=True):
                found[place] = text
        return found


def _chosen(keys: Sequence[str], share: float) -> NDArray[np.bool_]:
    """A share of some pictures by their keys' hashes: a smaller one is a part of a larger one."""
    places = [int.from_bytes(sha256(key.encode()).digest()[:8], "big") for key in keys]
    chosen = np.zeros(len(keys), dtype=bool)
    chosen[sorted(range(len(keys)), key=places.__getitem__)[: round(share * len(keys))]] = True
    return chosen
