"""What a chat model replies in each language to the questions of a dataset; a language that is finished is kept."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from transformers import LlavaProcessor

from isogloss.data.chat_tokens import ChatTokens, Encoded
from isogloss.data.conversations import Turn
from isogloss.data.dataset import Dataset
from isogloss.evaluate.asking import Question, to_answer, to_describe
from isogloss.evaluate.replies import read_replies, reply_table, write_replies
from isogloss.evaluate.reply import TOGETHER, longest_reply, reply_to, seen_pictures
from isogloss.models.chat import ChatModel
from isogloss.train.chat import chat_tokens
from isogloss.train.features import Features
from isogloss.translate.progress import Shown, unseen


def write_descriptions(
    model: ChatModel,
    processor: LlavaProcessor,
    dataset: Dataset,
    split: str,
    languages: Sequence[str],
    *,
    sources: Sequence[str] = (),
    pictures: int | None = None,
    wordings: Mapping[str, str] | None = None,
    seen: Features | None = None,
    kept: Path | None = None,
    together: int = TOGETHER,
    shown: Shown = unseen,
) -> pa.Table:
    """What a chat model says of each picture of a split when it is asked in each language, and the captions beside.

    Args:
        model: on its device.
        processor: the model's.
        dataset: that has the pictures.
        split: whose pictures are described.
        languages: that are asked in.
        sources: captions of these only; none for all.
        pictures: only so many of the split, by their keys' hashes; None for all.
        wordings: of the request, by language, in place of the first of `instructions`.
        seen: the split's pictures by `reply.seen_pictures`, where they are looked at again later.
        kept: a folder for this model alone, where the replies in a language are kept when all of them are there.
        together: how many replies are written at a time.
        shown: how far it is.

    Returns:
        A table of `replies.REPLIES`.

    Raises:
        UserError: the dataset lacks the split, or a language or its captions in it, or there is no wording; a picture is
            missing or damaged.
    """
    said = wordings or {}
    asked = {
        tag: to_describe(dataset, split, tag, sources=sources, pictures=pictures, instruction=said.get(tag))
        for tag in languages
    }
    seen = seen or seen_pictures(processor, dataset, split)
    total = sum(map(len, asked.values()))
    return replies_to(model, processor, asked, seen, kept, together, shown("descriptions", total))


def write_answers(
    model: ChatModel,
    processor: LlavaProcessor,
    dataset: Dataset,
    split: str,
    languages: Sequence[str],
    *,
    pictures: int | None = None,
    seen: Features | None = None,
    kept: Path | None = None,
    together: int = TOGETHER,
    shown: Shown = unseen,
) -> pa.Table:
    """What a chat model says at each turn of the assistant in the conversations of a split, after the true earlier turns.

    Arguments, result and errors are those of `write_descriptions`.
    """
    asked = {tag: to_answer(dataset, split, tag, pictures=pictures) for tag in languages}
    seen = seen or seen_pictures(processor, dataset, split)
    total = sum(map(len, asked.values()))
    return replies_to(model, processor, asked, seen, kept, together, shown("answers", total))


def replies_to(
    model: ChatModel,
    processor: LlavaProcessor,
    asked: Mapping[str, Sequence[Question]],
    seen: Features,
    kept: Path | None,
    together: int,
    shown: AbstractContextManager[Callable[[int], None]],
    *,
    further: Sequence[Sequence[str]] = (),
) -> pa.Table:
    """The replies to questions of several languages.

    Args:
        model, processor, kept, together: as of `write_descriptions`.
        asked: questions by what the kept file of their replies is called.
        seen: the pictures.
        shown: told of each further number of replies.
        further: replies that there must be room for beside the questions' references.

    Returns:
        A table of `replies.REPLIES`, in the order of the questions.
    """
    tokens = chat_tokens(model, processor, 1)  # a prompt may have any number of tokens
    parts: list[pa.Table] = []
    with shown as told:
        for language, questions in asked.items():
            file = kept / f"{language}.parquet" if kept else None
            finished = _finished(file, questions)
            if finished is None:
                lengths, most = longest_reply(tokens, [*(one.references for one in questions), *further])
                replies = reply_to(
                    model,
                    tokens,
                    _prompts(tokens, questions),
                    seen,
                    lengths=lengths[: len(questions)],
                    most=most,
                    together=together,
                    told=told,
                )
                finished = _table(questions, replies)
                if file:
                    write_replies(file, finished)
            else:
                told(len(questions))
            parts.append(finished)
    return pa.concat_tables(parts)


def _finished(file: Path | None, questions: Sequence[Question]) -> pa.Table | None:
    """The replies that were kept, if the very same was asked."""
    if file is None or not file.exists():
        return None
    kept, asked = read_replies(file), _table(questions, [""] * len(questions))
    others = [name for name in asked.column_names if name != "reply"]
    return kept if kept.select(others).equals(asked.select(others)) else None


def _table(questions: Sequence[Question], replies: Sequence[str]) -> pa.Table:
    return reply_table(
        key=[one.about for one in questions],
        language=[one.prompt.language for one in questions],
        instruction=[one.instruction for one in questions],
        reply=replies,
        references=[one.references for one in questions],
    )


def _prompts(tokens: ChatTokens, questions: Sequence[Question]) -> list[Encoded]:
    """Questions as token numbers; the same words about other pictures are read once."""
    known: dict[tuple[Turn, ...], Encoded] = {}
    prompts: list[Encoded] = []
    for one in questions:
        images, turns = one.prompt.images, one.prompt.turns
        if len(images) > 1:
            prompts.append(tokens.prompt(one.prompt))
            continue
        if turns not in known:
            known[turns] = tokens.prompt(one.prompt)
        prompts.append(replace(known[turns], images=images))
    return prompts
