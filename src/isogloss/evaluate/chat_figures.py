"""The figures of a chat model's descriptions and answers over all seeds, with what is known of the world that they are of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.shapes.grammar import GRAMMARS
from isogloss.evaluate.attributes import attributes
from isogloss.evaluate.exact import exact
from isogloss.evaluate.fidelity import Vocabulary
from isogloss.evaluate.reply_figures import summarise
from isogloss.evaluate.shapes import is_shapes, question_kinds, words_of_shapes
from isogloss.evaluate.statistics import interval, resampled_means


def chat_figures(
    dataset: Dataset,
    candidates: Sequence[str],
    *,
    descriptions: Sequence[pa.Table],
    answers: Sequence[pa.Table],
    groups: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """What results are saved of replies: `languages` of the descriptions, `answers` by language, and how they were measured.

    A language's figures are those of `reply_figures.summarise`. In the shapes world descriptions have `attributes` too,
    and answers `kinds`: of each kind of question the share that is exactly right, with its interval, and the number of
    replies.

    Args:
        dataset: that the replies are about.
        candidates: all languages that a reply could be in.
        descriptions: replies of each seed; none where nothing was described.
        answers: replies of each seed; none where nothing was answered.
        groups: of languages, whose mean descriptions are `averages`, as for `summarise`.

    Raises:
        UserError: a package that measures is not installed.
    """
    shapes = is_shapes(dataset)
    words = words_of_shapes(dataset, candidates) if shapes else None
    described = _summary(descriptions, candidates, words, shapes, groups)
    answered = _summary(answers, candidates, words, False)
    if shapes:
        for tag, kinds in _kinds(answers).items():
            answered["languages"][tag]["kinds"] = kinds
    either = described or answered
    return {
        "seeds": either["seeds"],
        "relative_to": either["relative_to"],
        "how": either["how"],
        "languages": described.get("languages", {}),
        "answers": answered.get("languages", {}),
        **({"averages": described.get("averages", {})} if groups else {}),
    }


def _summary(
    seeds: Sequence[pa.Table],
    candidates: Sequence[str],
    words: Vocabulary | None,
    with_attributes: bool,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    if not seeds:
        return {}
    known = with_attributes and set(seeds[0]["asked"].to_pylist()) <= GRAMMARS.keys()
    read = attributes if known else None
    return summarise(seeds, candidates=candidates, vocabulary=words, attributes=read, groups=groups)


def _kinds(seeds: Sequence[pa.Table]) -> dict[str, dict[str, Any]]:
    """By language and kind of question: the share of exact replies, and their number."""
    if not seeds:
        return {}
    order = [(name, "ascending") for name in ("asked", "language", "instruction", "key")]
    rows = [table.sort_by(order).to_pydict() for table in seeds]
    first = rows[0]
    right = np.stack([exact(each["reply"], each["references"]) for each in rows]).astype(np.float64)
    pictures = np.unique(first["key"], return_inverse=True)[1]
    places: dict[str, dict[str, list[int]]] = {}
    for place, (asked, language, question) in enumerate(
        zip(first["asked"], first["language"], first["instruction"], strict=True)
    ):
        known: Mapping[str, str] = question_kinds(language) if language in GRAMMARS else {}
        if question in known:
            places.setdefault(asked, {}).setdefault(known[question], []).append(place)
    return {
        asked: {
            kind: {
                "exact": [
                    float(right[:, own].mean()),
                    *interval(resampled_means([right[:, own]], [pictures[own]])[:, 0]),
                ],
                "replies": len(own),
            }
            for kind, own in sorted(kinds.items())
        }
        for asked, kinds in places.items()
    }
