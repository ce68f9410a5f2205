"""What is known beforehand of replies about the shapes world: its words, and the kind of each question."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

from isogloss.data.dataset import Dataset
from isogloss.data.templates.instructions import instructions
from isogloss.data.worlds.shapes.grammar import GRAMMARS, answer_text, caption, question_text
from isogloss.data.worlds.shapes.questions import KINDS, Question, questions
from isogloss.data.worlds.shapes.scene import COLOURS, RELATIONS, SHAPES
from isogloss.data.worlds.shapes.world import scene_of_picture
from isogloss.evaluate.fidelity import vocabulary

# The kind of a request for a description.
DESCRIBE = "describe"


def is_shapes(dataset: Dataset) -> bool:
    """Whether a dataset folder is one of the shapes world, which its dataset.json tells."""
    name = "isogloss, the shapes world"
    return any(isinstance(one, dict) and one.get("name") == name for one in dataset.information.get("sources", ()))


def words_of_shapes(dataset: Dataset, languages: Sequence[str]) -> dict[str, frozenset[str]]:
    """All words of the captions of a dataset and of answers about its pictures, in each of some languages that are known.

    Args:
        dataset: of the shapes world.
        languages: tags; one that neither the dataset nor the world has is left out.
    """
    return dict(_words(dataset.root, tuple(languages)))


@cache
def _words(root: Path, languages: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    """As `words_of_shapes`, which every arm of an experiment asks anew, and which takes seconds."""
    dataset = Dataset.open(root)
    scenes = {scene_of_picture(key) for key in dataset.images(columns=["key"])["key"].to_pylist()}
    generator = np.random.default_rng(0)
    answers = {answer for scene in sorted(scenes) for _, answer in questions(scene, generator)}
    texts: dict[str, set[str]] = {}
    for language in languages:
        found = set[str]()
        if language in dataset.languages:
            found |= set(dataset.captions(language)["text"].to_pylist())
        elif language in GRAMMARS:
            found |= {caption(scene, language) for scene in scenes}
        if language in GRAMMARS:
            found |= {answer_text(answer, language) for answer in answers}
        if found:
            texts[language] = found
    return vocabulary(texts)


@cache
def question_kinds(language: str) -> Mapping[str, str]:
    """The kind of everything that is asked in a language of the shapes world, in NFC.

    Raises:
        UserError: the shapes world does not speak the language.
    """
    directions = (*RELATIONS, "right_of", "below")
    kinds: dict[str, str] = dict.fromkeys(map(_nfc, instructions(language)), DESCRIBE)
    for kind in KINDS:
        colours = ("",) if kind == "colour" else COLOURS
        shapes = ("",) if kind == "shape" else SHAPES
        for colour, shape, plural in product(colours, shapes, (False, True)):
            for direction in directions if kind == "where" else ("",):
                kinds[_nfc(question_text(Question(kind, colour, shape, plural, direction), language))] = kind
    return kinds


def _nfc(text: str) -> str:
    """As tables have texts."""
    return unicodedata.normalize("NFC", text)
