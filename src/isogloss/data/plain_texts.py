"""The plain texts among a dataset's conversations, aligned by the keys that translations share."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import Dataset
from isogloss.data.split import Captions, align
from isogloss.errors import UserError


def plain_texts(dataset: Dataset, languages: Sequence[str], sources: Sequence[str]) -> dict[str, Captions]:
    """The training split's plain texts, by language, as if each key were a picture; keys in their own order.

    What somebody says in a conversation is left out, since its translations need not say the same.

    Args:
        languages: none for all that there are.
        sources: texts of these only; none for all.

    Raises:
        UserError: a language or source is not there, or there is no plain text.
    """
    found: dict[str, tuple[list[str], list[str]]] = {}
    for language in tuple(languages) or conversation_languages(dataset.root):
        said = read_conversations(dataset.root, language, "train", sources or None)
        table = said.table.take(pa.array(said.rows)).select(["key", "roles", "texts"])
        rows = [row for row in table.to_pylist() if set(row["roles"]) == {"text"}]
        found[language] = [row["key"] for row in rows], ["\n".join(row["texts"]) for row in rows]
    keys = sorted({key for own, _ in found.values() for key in own})
    if not keys:
        raise UserError(
            f"{dataset.root} has neither captions nor plain texts for training; make a dataset that has, such as that of "
            "`isogloss data shapes DIR --parallel`."
        )
    numbers = {key: number for number, key in enumerate(keys)}
    aligned: dict[str, Captions] = {}
    for language, (own, texts) in found.items():
        part = pa.table({"text": pa.array(texts, pa.string()), "source": pa.nulls(len(texts), pa.string())})
        aligned[language] = align([part], np.array([numbers[key] for key in own], np.int64), len(keys))
    return aligned
