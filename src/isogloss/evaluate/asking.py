"""What a chat model is asked in an evaluation, and what would be right: descriptions of pictures, and turns of conversations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.dataset import Dataset
from isogloss.data.tables import many
from isogloss.data.templates.instructions import instructions
from isogloss.errors import UserError


@dataclass(frozen=True)
class Question:
    """What is asked, and what would be right.

    Attributes:
        about: the key of the picture; of the conversation where it has none.
        prompt: all turns up to the question.
        instruction: the question itself, without markers of pictures.
        references: whatever would be right, at least one.
    """

    about: str
    prompt: Conversation
    instruction: str
    references: tuple[str, ...]


def to_describe(
    dataset: Dataset,
    split: str,
    language: str,
    *,
    sources: Collection[str] = (),
    pictures: int | None = None,
    instruction: str | None = None,
) -> list[Question]:
    """One question for each picture that has captions in a language: to describe it.

    Args:
        dataset: that has the captions, all of which are right.
        split: whose pictures are described.
        language: of the question and the captions.
        sources: captions of these only; none for all.
        pictures: only so many of the split, by their keys' hashes; None for all.
        instruction: how it is asked; None for the language's first wording.

    Raises:
        UserError: the dataset lacks the split, the language or captions in it, or nobody knows how to ask.
    """
    asked = instruction or instructions(language)[0]
    shown = dataset.split(split, (language,), sources or None)
    chosen = chosen_keys(shown.keys, pictures)
    captions = shown.captions[language]
    found: list[Question] = []
    for row, key in enumerate(shown.keys):
        references = captions.of(row) if key in chosen else []
        if references:
            prompt = Conversation(key, language, (key,), (Turn("user", f"{IMAGE}\n{asked}"),))
            found.append(Question(key, prompt, asked, tuple(references)))
    if not found:
        raise UserError(
            f"None of the {many(len(chosen), 'picture')} of the split '{split}' has a caption in '{language}'; ask for more "
            "pictures, or for another language."
        )
    return found


def to_answer(dataset: Dataset, split: str, language: str, *, pictures: int | None = None) -> list[Question]:
    """One question for each turn of the assistant in the conversations of a split: what to say there.

    Where several conversations are the same up to a turn, whatever any of them says there is right.

    Args:
        dataset: that has the conversations.
        split: in which they are.
        language: of the conversations.
        pictures: only those about so many pictures of the split, the same as for `to_describe`; None for all.

    Raises:
        UserError: the dataset lacks the split, or conversations in the language.
    """
    conversations = read_conversations(dataset.root, language, split)
    keys: list[str] = dataset.images(split, ["key"])["key"].to_pylist() if split in dataset.splits else []
    chosen = chosen_keys(keys, pictures)
    without = chosen_keys([one.key for one in conversations if not one.images], pictures)
    right: dict[tuple[tuple[str, ...], tuple[Turn, ...]], dict[str, None]] = {}
    about: dict[tuple[tuple[str, ...], tuple[Turn, ...]], str] = {}
    for one in conversations:
        if (one.images[0] not in chosen) if one.images else (one.key not in without):
            continue
        for number, turn in enumerate(one.turns):
            if turn.role == "assistant":
                before = one.turns[:number]
                images = one.images[: sum(earlier.text.count(IMAGE) for earlier in before)]
                right.setdefault((images, before), {})[turn.text] = None
                about.setdefault((images, before), images[0] if images else one.key)
    if not right:
        raise UserError(
            f"{dataset.root} has no conversation in '{language}' about the pictures of the split '{split}'; choose another "
            "language or split, or more pictures."
        )
    return [
        Question(
            about[images, turns],
            Conversation(about[images, turns], language, images, turns),
            turns[-1].text.replace(IMAGE, "").strip(),
            tuple(references),
        )
        for (images, turns), references in right.items()
    ]


def chosen_keys(keys: Sequence[str], most: int | None) -> set[str]:
    """So many of some keys, by their hashes: fewer are a part of more."""
    if most is None:
        return set(keys)
    return set(sorted(keys, key=lambda key: sha256(key.encode()).digest())[:most])
