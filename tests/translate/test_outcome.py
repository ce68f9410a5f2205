"""The caption table is what a loop over the captions would make of the memory."""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from translate.made_up_engine import ENGLISH, SPANISH
from translate.test_pending import naive_line

from isogloss.data.tables import CAPTIONS, positions
from isogloss.translate import outcome
from isogloss.translate.engine import Translation
from isogloss.translate.memory import MEMORY
from isogloss.translate.outcome import REJECTED, count_reasons, pair, replace_source, tables, verdicts

KEYS = st.sampled_from(["k1", "k2", "k3"])
TEXTS = st.sampled_from(["a dog", "a  dog", "a\ncat", "a cat", "bee", "\x00", "ant"])
CAPTION = st.tuples(KEYS, TEXTS)
KNOWN = st.dictionaries(
    st.sampled_from(["a dog", "a cat", "bee", "gone"]),
    st.sampled_from(["un perro", "cafe\u0301 ", "", " \n", "x" * 10_001]),
)


@dataclass(frozen=True)
class Judged:
    reason: str | None
    score: float | None


def judge(sources: Any, translations: Any, source: Any, target: Any) -> list[Judged]:
    """Whatever has a p fails; the score is the length."""
    assert all(one.text for one in translations) and (source, target) == (ENGLISH, SPANISH)
    return [Judged("p" if "p" in one.text else None, len(one.text)) for one in translations]


def caption_table(captions: list[tuple[str, str]], source: str = "human") -> pa.Table:
    rows = [{"key": key, "text": text, "source": source} for key, text in captions]
    return pa.Table.from_pylist(rows, schema=CAPTIONS)


def memory_table(known: dict[str, str]) -> pa.Table:
    rows = [{"text": text, "translation": one, "score": 0.5, "complete": True} for text, one in known.items()]
    return pa.Table.from_pylist(rows, schema=MEMORY)


@given(st.lists(CAPTION, max_size=12), KNOWN, st.booleans(), st.sampled_from([1, 3, 100]))
def test_every_translated_caption_is_one_row_in_one_of_the_tables(
    captions: list[tuple[str, str]], known: dict[str, str], judged: bool, together: int
) -> None:
    pairs = pair(caption_table(captions), memory_table(known))
    found = verdicts(pairs, judge if judged else None, ENGLISH, SPANISH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outcome, "_PART", together)
        kept, rejected = tables(caption_table(captions), pairs, found, "the engine")
    assert (kept.schema, rejected.schema) == (CAPTIONS, REJECTED)
    wanted: list[dict[str, Any]] = []
    thrown: list[dict[str, Any]] = []
    seen: Counter[str] = Counter()
    waiting = 0
    for key, text in captions:
        original, line = seen[key], naive_line(text)
        seen[key] += 1
        if line and line not in known:
            waiting += 1
            continue
        translation = unicodedata.normalize("NFC", naive_line(known.get(line, "")))
        reason = "empty" if not translation else "overlong" if len(translation) > 10_000 else None
        if judged and not reason and "p" in translation:
            reason = "p"
        if reason:
            row = {"key": key, "text": text, "translation": translation, "source": "the engine", "reason": reason}
            thrown.append(row)
        else:
            score = len(translation) if judged else 0.5
            row = {"key": key, "text": translation, "source": "the engine", "score": score, "original": original}
            wanted.append(row)
    assert kept.to_pylist() == wanted
    assert rejected.to_pylist() == thrown
    assert len(captions) - len(kept) - len(rejected) == waiting
    assert count_reasons(rejected) == Counter(row["reason"] for row in thrown)


def test_the_judge_gets_the_texts_in_the_order_in_which_the_engine_got_them() -> None:
    """Words that leak from one caption into the next show only there."""
    asked: list[tuple[list[str], list[Translation]]] = []

    def note(sources: Any, translations: Any, source: Any, target: Any) -> list[Judged]:
        asked.append((sources, translations))
        return [Judged(None, None)] * len(sources)

    captions = caption_table([("k", "bee"), ("k", "a dog"), ("k", "bee"), ("k", "ant")])
    pairs = pair(captions, memory_table({"ant": "hormiga", "gone": "ido", "a dog": "perro", "bee": "abeja"}))
    verdicts(pairs, note, ENGLISH, SPANISH)
    ((sources, translations),) = asked
    assert sources == ["ant", "a dog", "bee"]
    assert translations == [Translation(text, 0.5, True) for text in ("hormiga", "perro", "abeja")]


@given(st.lists(KEYS))
def test_positions_count_from_zero_for_each_picture(keys: list[str]) -> None:
    found = positions(pa.chunked_array([keys[:2], keys[2:]], pa.string()))
    assert found.dtype == np.int64
    assert found.tolist() == [keys[:row].count(key) for row, key in enumerate(keys)]


def test_other_sources_stay_and_the_engine_s_own_rows_are_replaced() -> None:
    present = pa.concat_tables([caption_table([("a", "una abeja")]), caption_table([("a", "vieja")], "the engine")])
    new = caption_table([("b", "nueva")], "the engine")
    assert replace_source(present, "the engine", new)["text"].to_pylist() == ["una abeja", "nueva"]


def test_reasons_are_counted_the_most_frequent_first() -> None:
    rows = [{"reason": reason} for reason in ("b", "a", "c", "b", "c")]
    assert list(count_reasons(pa.Table.from_pylist(rows)).items()) == [("b", 2), ("c", 2), ("a", 1)]
