"""Conversations as texts that an engine translates, and put together again, as pure functions.

A turn is cut at its line ends and where a picture stands, so that neither ever reaches an engine and both come back as they
were; what leads a line, such as the number in a list, and pieces without a letter stay as they are, too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute

from isogloss.data.conversation_tables import CONVERSATIONS, conversation_of
from isogloss.data.conversations import IMAGE, fault
from isogloss.translate.outcome import REJECTED, Pairs, Verdict
from isogloss.translate.pending import one_line

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

_CUTS = re.compile(f"({re.escape(IMAGE)}|\n)")
# What leads a line: spaces, and the sign or number of a list, a heading or a quotation.
_LEAD = re.compile(r"\s*(?:(?:[-*•>]|#{1,6}|\d{1,3}[.)])\s+)?")
_PART = 1 << 13


@dataclass(frozen=True)
class Spoken:
    """What translations make of conversations.

    made: the translated ones, as CONVERSATIONS; rejected: those of which a text was rejected, as REJECTED, with that text;
    waiting: how many have a text that is not translated yet.
    """

    made: pa.Table
    rejected: pa.Table
    waiting: int


def cut(text: str) -> list[tuple[str, bool]]:
    """A turn in pieces that make it up, and whether each is to be translated.

    >>> cut("<image>\\n1. A dog. ")
    [('<image>', False), ('\\n', False), ('1. ', False), ('A dog.', True), (' ', False)]
    """
    found: list[tuple[str, bool]] = []
    for part in _CUTS.split(text):
        if part in (IMAGE, "\n") or not any(map(str.isalpha, part)):
            found.append((part, False))
            continue
        match = _LEAD.match(part)
        lead = match[0] if match else ""
        said = part[len(lead) :].rstrip()
        found += [(lead, False), (said, True), (part[len(lead) + len(said) :], False)]
    return [(piece, spoken) for piece, spoken in found if piece]


def spoken_texts(table: pa.Table) -> pa.ChunkedArray:
    """The texts to translate in a table of conversations, each once."""
    parts: list[pa.Array] = []
    for batch in table.select(["texts"]).to_batches(max_chunksize=_PART):
        turns: list[str] = pc.unique(pc.list_flatten(batch["texts"])).to_pylist()
        pieces = dict.fromkeys(piece for turn in turns for piece, spoken in cut(turn) if spoken)
        parts.append(pa.array(pieces, pa.large_string()))
    return pa.chunked_array([pc.unique(pa.chunked_array(parts, pa.large_string()))], pa.large_string())


def spoken(table: pa.Table, pairs: Pairs, judged: Sequence[Verdict], engine: str, language: str) -> Spoken:
    """The conversations of a table in another language, under their own keys, about the same pictures.

    A conversation of which one text is rejected is rejected as a whole.

    language: that is translated into.
    """
    rows = {text: row for row, text in enumerate(pairs.texts.to_pylist())}
    made: list[pa.Table] = [CONVERSATIONS.empty_table()]
    rejected: list[dict[str, str]] = []
    waiting = 0
    for batch in table.to_batches(max_chunksize=_PART):
        kept: list[dict[str, Any]] = []
        for row in batch.to_pylist():
            one = _Translated(rows, pairs, judged)
            texts = [one.turn(text) for text in row["texts"]]
            if one.waiting and not one.reason:
                waiting += 1
                continue
            translated = {**row, "texts": texts, "source": engine, "score": one.score}
            if not one.reason:
                one.reason, one.text = fault(conversation_of(translated, language))
                one.translation = "\n".join(texts) if one.reason else ""
            if one.reason:
                aside = (row["key"], one.text, one.translation, engine, one.reason)
                rejected.append(dict(zip(REJECTED.names, aside, strict=True)))
            else:
                kept.append(translated)
        made.append(pa.Table.from_pylist(kept, CONVERSATIONS))
    return Spoken(pa.concat_tables(made), pa.Table.from_pylist(rejected, REJECTED), waiting)


class _Translated:
    """The turns of one conversation, and what was found about them: the first text that was rejected, the least score."""

    def __init__(self, rows: Mapping[str, int], pairs: Pairs, judged: Sequence[Verdict]) -> None:
        self._rows, self._pairs, self._judged = rows, pairs, judged
        self.reason, self.text, self.translation = "", "", ""
        self.score: float | None = None
        self.waiting = False

    def turn(self, text: str) -> str:
        return "".join(self._piece(piece) if spoken else piece for piece, spoken in cut(text))

    def _piece(self, piece: str) -> str:
        row = self._rows.get(" ".join(piece.split()))
        if row is None:
            row = self._rows.get(one_line(pa.chunked_array([[piece]], pa.large_string()))[0].as_py())
        if row is None:
            self.waiting = True
            return piece
        translation, verdict = self._pairs.translations[row].as_py(), self._judged[row]
        if verdict.reason and not self.reason:
            self.reason, self.text, self.translation = verdict.reason, piece, translation
        if verdict.score is not None:
            self.score = verdict.score if self.score is None else min(self.score, verdict.score)
        return translation
