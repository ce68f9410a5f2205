"""What remains to be translated: each text once, in chunks that an engine does well with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

Chunk = list[str]


@dataclass(frozen=True)
class Pending:
    """What a job has to do.

    captions: in the source language; distinct: how many different texts they are; texts: those that are yet to be
    translated; characters: of these texts together.
    """

    captions: int
    distinct: int
    texts: pa.LargeStringArray
    characters: int


def one_line(texts: pa.ChunkedArray) -> pa.LargeStringArray:
    """Texts as an engine reads them: line ends, tabs, control characters and runs of spaces are one space."""
    spaced = pc.replace_substring_regex(texts.cast(pa.large_string()), r"[\s\p{Z}\p{Cc}]+", " ")
    return pc.utf8_trim(spaced, " ").combine_chunks()


def pending(captions: pa.ChunkedArray, known: pa.ChunkedArray, limit: int = 0) -> Pending:
    """What of the captions is not known yet.

    captions: their texts as they stand in the table; known: the texts of the memory; limit: look at so many different
    texts only, the first ones; 0 for all.
    """
    texts = pc.unique(one_line(captions))
    # A caption of nothing but control characters: no engine takes an empty text.
    texts = texts.filter(pc.not_equal(texts, ""))
    distinct = len(texts)
    if limit:
        texts = texts.slice(0, limit)
    texts = texts.filter(pc.invert(pc.is_in(texts, value_set=known)))
    return Pending(len(captions), distinct, texts, pc.sum(pc.utf8_length(texts)).as_py() or 0)


def chunks(texts: pa.LargeStringArray, size: int) -> Iterator[Chunk]:
    """The texts in chunks of alike length, of at most `size`.

    The chunk of the longest comes first, because it needs the most memory and so fails at once if any does. The others
    come in a mixed order, always the same, so that the rate so far says when the rest will be done.
    """
    ordered = texts.take(pa.array(np.argsort(-pc.utf8_length(texts).to_numpy(), kind="stable")))
    starts = np.arange(0, len(ordered), size)
    starts[1:] = np.random.default_rng(0).permutation(starts[1:])
    for start in starts:
        yield ordered.slice(int(start), size).to_pylist()
