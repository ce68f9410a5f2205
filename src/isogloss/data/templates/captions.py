"""Captions as conversations: a user asks for a description of the picture, and the caption is the answer."""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.tables import positions
from isogloss.data.templates.instructions import instructions
from isogloss.errors import unknown

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute

_PART = 1 << 13


def captions_to_conversations(
    dataset: Dataset,
    language: str,
    *,
    sources: Collection[str] | None = None,
    file: str | Path | None = None,
) -> Iterator[Conversation]:
    """One conversation for each caption of a language, in the order of the table.

    Its key is that of the picture and the number of the caption, so that translations have the keys of what they translate
    where one source is asked for; by its hash one of the wordings is taken.

    Args:
        sources: only captions whose source is among these; all when None.
        file: of further wordings, as for `instructions`.

    Raises:
        UserError: the dataset has not got the language or a source, or there is no wording in the language.
    """
    wordings = instructions(language, file)
    table = dataset.captions(language)
    if sources is not None:
        known = pc.unique(table["source"]).to_pylist()
        stranger = next((source for source in sources if source not in known), None)
        if stranger is not None:
            raise unknown(f"source of the captions in '{language}'", stranger, known)
        table = table.filter(pc.is_in(table["source"], value_set=pa.array(sorted(sources), pa.string())))
    numbers = _numbers(table)
    return _conversations(table.append_column("number", pa.array(numbers)), language, wordings)


def _numbers(table: pa.Table) -> NDArray[np.int64]:
    """Which caption of its picture each is: that which it translates, where all are of one source and translate some."""
    if table.num_rows and not table["original"].null_count and pc.count_distinct(table["source"]).as_py() == 1:
        return table["original"].to_numpy().astype(np.int64)
    return positions(table["key"])


def _conversations(table: pa.Table, language: str, wordings: tuple[str, ...]) -> Iterator[Conversation]:
    for batch in table.select(["key", "number", "text"]).to_batches(max_chunksize=_PART):
        for picture, number, text in zip(*batch.to_pydict().values(), strict=True):
            key = f"{picture}#{number}"
            chosen = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % len(wordings)
            turns = (Turn("user", f"{IMAGE}\n{wordings[chosen]}"), Turn("assistant", text))
            yield Conversation(key, language, (picture,), turns)
