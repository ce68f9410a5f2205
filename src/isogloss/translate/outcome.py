"""What comes of a translation memory: the captions of a language, and those that were rejected, as pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.tables import CAPTIONS, LONGEST_CAPTION, positions
from isogloss.languages import Language
from isogloss.translate.engine import Translation
from isogloss.translate.pending import one_line

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

REJECTED = pa.schema(
    {"key": pa.string(), "text": pa.string(), "translation": pa.string(), "source": pa.string(), "reason": pa.string()}
)
# Large strings: one array may hold more than the two gigabytes that 32-bit offsets reach, and what is taken of it in
# parts of so many captions does not.
_OWN = pa.schema({"key": pa.large_string(), "text": pa.large_string()})
_PART = 1 << 15


@runtime_checkable
class Verdict(Protocol):
    """What is thought of a translation: why it is rejected, if it is, and how good it is thought to be."""

    @property
    def reason(self) -> str | None: ...

    @property
    def score(self) -> float | None: ...


@runtime_checkable
class Judge(Protocol):
    """Judges translations of different texts, all of one pair of languages at once."""

    def __call__(
        self, sources: Sequence[str], translations: Sequence[Translation], source: Language, target: Language
    ) -> Sequence[Verdict]: ...


@dataclass(frozen=True)
class Unjudged:
    """The verdict of a translation that no check has looked at: with a reason only where it can be no caption at all."""

    reason: str | None = None
    score: float | None = None


@dataclass(frozen=True)
class Pairs:
    """The different texts of the captions that are translated, in the order in which the engine got them.

    texts, translations: [pair], each of one line, translations in NFC; scores, complete: [pair], of the engine.
    """

    texts: pa.LargeStringArray
    translations: pa.LargeStringArray
    scores: pa.FloatArray
    complete: pa.BooleanArray


def pair(captions: pa.Table, memory: pa.Table) -> Pairs:
    """The texts of the captions of the source language for which the memory has a translation."""
    present = pc.unique(one_line(captions["text"]))
    known = memory.filter(pc.is_in(memory["text"], value_set=present))
    if pc.any(pc.equal(present, "")).as_py():
        # A text of nothing has nothing for a translation, which no engine needs to be asked for.
        known = pa.concat_tables([known, pa.table([[""], [""], [None], [True]], schema=memory.schema)])
    known = known.combine_chunks()
    translations = pc.utf8_normalize(one_line(known["translation"]), form="NFC")
    texts, scores, complete = (known[name].combine_chunks() for name in ("text", "score", "complete"))
    return Pairs(texts, translations, scores, complete)


def verdicts(pairs: Pairs, judge: Judge | None, source: Language, target: Language) -> list[Verdict]:
    """The verdict on each pair: "empty" or "overlong" where it can be no caption, or else the judge's.

    judge: None for none, so that every other translation is kept, with the engine's own score.
    """
    scores: list[float | None] = pairs.scores.to_pylist()
    found: list[Verdict] = [Unjudged(score=score) for score in scores]
    lengths = pc.utf8_length(pairs.translations).to_numpy()
    possible = (lengths > 0) & (lengths <= LONGEST_CAPTION)
    for row in np.flatnonzero(~possible):
        found[row] = Unjudged("overlong" if lengths[row] else "empty")
    if judge and possible.any():
        rows = np.flatnonzero(possible)
        chosen = pa.array(rows)
        columns = (pairs.translations, pairs.scores, pairs.complete)
        translations = [
            Translation(*one) for one in zip(*(column.take(chosen).to_pylist() for column in columns), strict=True)
        ]
        judged = judge(pairs.texts.take(chosen).to_pylist(), translations, source, target)
        for row, verdict in zip(rows, judged, strict=True):
            found[row] = verdict
    return found


def tables(captions: pa.Table, pairs: Pairs, judged: Sequence[Verdict], engine: str) -> tuple[pa.Table, pa.Table]:
    """The captions that the translations make, and the rejected ones: CAPTIONS and REJECTED.

    Every caption of the source language that is translated makes one row in one of the two, under the picture's key.
    """
    reasons: pa.StringArray = pa.array([verdict.reason for verdict in judged], pa.string())
    scores: pa.FloatArray = pa.array([verdict.score for verdict in judged], pa.float32())
    own = captions.select(_OWN.names).cast(_OWN).combine_chunks()
    rows = pc.fill_null(pc.index_in(one_line(own["text"]), value_set=pairs.texts), -1).to_numpy().astype(np.int64)
    places = positions(own["key"])

    def part(some: NDArray[np.int64]) -> tuple[pa.Table, pa.Table]:
        of_captions, of_pairs = pa.array(some), pa.array(rows[some])
        found = pa.table(
            {
                "key": own["key"].take(of_captions),
                "original": pa.array(places[some], pa.int32()),
                "translation": pairs.translations.take(of_pairs),
                "text": own["text"].take(of_captions),
                "source": pa.repeat(engine, len(some)),
                "score": scores.take(of_pairs),
                "reason": reasons.take(of_pairs),
            }
        )
        good = pc.is_null(found["reason"])
        kept, rejected = found.filter(good), found.filter(pc.invert(good))
        kept = kept.drop_columns(["text"]).rename_columns({"translation": "text"})
        return kept.select(CAPTIONS.names).cast(CAPTIONS), rejected.select(REJECTED.names).cast(REJECTED)

    translated = np.flatnonzero(rows >= 0)
    parts = [part(translated[first : first + _PART]) for first in range(0, len(translated), _PART)]
    return (
        pa.concat_tables([CAPTIONS.empty_table(), *(kept for kept, _ in parts)]),
        pa.concat_tables([REJECTED.empty_table(), *(rejected for _, rejected in parts)]),
    )


def replace_source(table: pa.Table, engine: str, rows: pa.Table, keys: pa.ChunkedArray | None = None) -> pa.Table:
    """The table with these rows in place of those that the engine had in it.

    keys: large strings, where only those of the engine's rows that have one of these keys are replaced.
    """
    stay = pc.not_equal(table["source"], engine)
    if keys is not None:
        stay = pc.or_(stay, pc.invert(pc.is_in(table["key"].cast(pa.large_string()), value_set=keys)))
    return pa.concat_tables([table.filter(stay), rows])


def count_reasons(rejected: pa.Table) -> Mapping[str, int]:
    """How many captions were rejected for which reason, the most frequent first."""
    counts = {count["values"]: count["counts"] for count in rejected["reason"].value_counts().to_pylist()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
