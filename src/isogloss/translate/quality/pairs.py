"""What is judged: sources beside their translations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from isogloss.languages import Language
from isogloss.translate.quality.words import Words, number

# A verdict per caption, by number: True where it fails the check.
Fails = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Captions and their translations, in the order in which an engine got them.

    sources, texts: aligned. source, target: their languages.
    """

    sources: Sequence[str]
    texts: Sequence[str]
    source: Language
    target: Language

    def __len__(self) -> int:
        return len(self.sources)

    @cached_property
    def _numbered(self) -> tuple[list[Words], list[str]]:
        return number([self.sources, self.texts])

    @property
    def source_words(self) -> Words:
        """Those of the sources."""
        return self._numbered[0][0]

    @property
    def text_words(self) -> Words:
        """Those of the translations, in one numbering with those of the sources."""
        return self._numbered[0][1]

    @property
    def vocabulary(self) -> list[str]:
        """The words by their numbers."""
        return self._numbered[1]
