"""What a language of the shapes world has: its words, and how it makes phrases of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from isogloss.data.worlds.shapes.questions import Answer, Question
from isogloss.data.worlds.shapes.scene import Group


@dataclass(frozen=True)
class Words:
    """Every form in which the words of scenes are written, those of good synonyms among them; the first is the bare one.

    Attributes:
        colours: of each colour.
        shapes: of each shape.
        sizes: of small and large.
        counts: of the numbers from 1 on, with what the language says beside a number; articles count as 1.
        relations: of left_of, right_of, above and below.
    """

    colours: Mapping[str, tuple[str, ...]]
    shapes: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, tuple[str, ...]]
    counts: Mapping[int, tuple[str, ...]]
    relations: Mapping[str, tuple[str, ...]]


@runtime_checkable
class Grammar(Protocol):
    """A language; each module of this folder that bears a language's name is one.

    Attributes:
        WORDS: its words.
        LANDMARK_FIRST: whether the thing that another one is placed by comes before that other one.
        SEPARATOR: what stands between words.
    """

    @property
    def WORDS(self) -> Words: ...  # noqa: N802

    @property
    def LANDMARK_FIRST(self) -> bool: ...  # noqa: N802

    @property
    def SEPARATOR(self) -> str: ...  # noqa: N802

    def phrase(self, group: Group) -> str:
        """A group that is spoken of for the first time: "two small red circles"."""
        ...

    def landmark(self, group: Group, relation: str) -> str:
        """A place beside a group that is spoken of for the first time: "above a blue square"."""
        ...

    def question(self, question: Question) -> str:
        """A question as a sentence: "How many red circles are there?"."""
        ...

    def answer(self, answer: Answer) -> str:
        """An answer as a whole sentence, or the phrase that answers: "There are two red circles."."""
        ...


def capitalised(text: str) -> str:
    """A text whose first letter is a capital, as sentences begin in Latin script; not for Turkish."""
    return text[0].upper() + text[1:]
