"""What a model learns from in a split: conversations, captions as answers, or texts, of some languages and shares."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute

from isogloss.data.conversation_set import Conversations, read_conversations
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import ALL, Dataset
from isogloss.data.templates.captions import Described, captions_to_conversations
from isogloss.errors import UserError

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute


def lessons(
    dataset: Dataset,
    split: str,
    source: str,
    languages: Sequence[str],
    sources: Collection[str] = (),
    shares: Mapping[str, float] | None = None,
) -> dict[str, Sequence[Conversation]]:
    """The conversations of a split by language.

    Args:
        dataset: that has them.
        split: "train" or another.
        source: "captions", each as the answer to a request for a description in its own language, or "conversations".
        languages: their tags.
        sources: captions or conversations of these sources only; none for all.
        shares: how much of a language's there is, 0 to 1, by its tag; all of it for one that is not named.

    Raises:
        UserError: the dataset has not got a language or a split, or there is nothing to learn from.
    """
    found = {
        language: share_of(lessons_in(dataset, split, source, language, sources), (shares or {}).get(language, 1.0))
        for language in languages
    }
    if not any(map(len, found.values())):
        raise UserError(
            f"{dataset.root} has no {source} in {', '.join(languages)} for the split '{split}'; add some, or choose other "
            "languages."
        )
    return found


def lessons_in(
    dataset: Dataset, split: str, source: str, language: str, sources: Collection[str] = ()
) -> Sequence[Conversation]:
    """The conversations of a split in one language; none where the language has none in it.

    The arguments are those of `lessons`.

    Raises:
        UserError: the dataset has not got the language or the split.
    """
    if source == "captions":
        return captions_to_conversations(dataset, language, split, sources=sources or None)
    return read_conversations(dataset.root, language, split, sources or None)


def share_of(conversations: Sequence[Conversation], share: float) -> Sequence[Conversation]:
    """A share of some conversations by their keys' hashes, rounded to whole ones: a smaller one is a part of a larger one,
    and translations of one conversation, which bear its key, are chosen together.
    """
    if share >= 1:
        return conversations
    # Its first eight bytes are enough of a hash: that two of a hundred million are the same has a chance of 1 in 3,700.
    hashes = (int.from_bytes(sha256(one.key.encode()).digest()[:8], "big") for one in conversations)
    order = np.argsort(np.fromiter(hashes, np.uint64, len(conversations)), kind="stable")
    chosen = np.sort(order[: round(share * len(conversations))])
    if isinstance(conversations, Conversations | Described):
        return conversations.take(chosen)
    return [conversations[place] for place in chosen.tolist()]


def without_pictures(
    root: Path, languages: Sequence[str], split: str, sources: Collection[str] = ()
) -> dict[str, Conversations]:
    """The conversations of a split that show no picture, and its plain texts, by language; a language may have none.

    Args:
        root: of a dataset folder.
        sources: of these only; none for all.

    Raises:
        UserError: a language has no table or not the sources, or a table is damaged.
    """

    def pictureless(found: Conversations) -> Conversations:
        table = found.table
        chosen = pc.and_(pc.equal(table["split"], split), pc.equal(pc.list_value_length(table["images"]), 0))
        return found.take(np.flatnonzero(chosen.to_numpy()[found.rows]))

    found = {language: read_conversations(root, language, ALL, sources or None) for language in languages}
    return {language: pictureless(one) for language, one in found.items()}


def texts(root: Path, languages: Sequence[str] = (), sources: Collection[str] = ()) -> dict[str, Conversations]:
    """What there is without pictures to train on, by language; a language that has none is left out where none was named.

    Args:
        root: of a dataset folder.
        languages: none for all that it has conversations in.
        sources: of these only; none for all.

    Raises:
        UserError: there is nothing, or nothing in a language that was named.
    """
    chosen = tuple(languages) or conversation_languages(root)
    if not chosen:
        raise UserError(f"{root} has no conversations; name a dataset with a folder conversations.")
    parts = without_pictures(root, chosen, "train", sources)
    empty = [language for language, part in parts.items() if not len(part)]
    if empty and (languages or len(empty) == len(parts)):
        raise UserError(
            f"{root} has no conversation without a picture in '{empty[0]}' to train on; add some, or leave the language out."
        )
    return {language: part for language, part in parts.items() if len(part)}
