"""What a chat model learns from in a split: conversations, or captions as answers, of some languages and shares."""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import Conversation
from isogloss.data.dataset import Dataset
from isogloss.data.templates.captions import captions_to_conversations
from isogloss.errors import UserError


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
        shown = set(dataset.images(split, columns=["key"])["key"].to_pylist())
        told = captions_to_conversations(dataset, language, sources=sources or None)
        return [one for one in told if one.images[0] in shown]
    return read_conversations(dataset.root, language, split, sources or None)


def share_of(conversations: Sequence[Conversation], share: float) -> Sequence[Conversation]:
    """A share of some conversations by their keys' hashes, rounded to whole ones: a smaller one is a part of a larger one,
    and translations of one conversation, which bear its key, are chosen together.
    """
    if share >= 1:
        return conversations
    order = sorted(range(len(conversations)), key=lambda place: sha256(conversations[place].key.encode()).digest())
    return [conversations[place] for place in sorted(order[: round(share * len(conversations))])]
