"""The baseline of translation for questions: each is put into English, answered there, and the answer is put back."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import torch

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import Dataset
from isogloss.evaluate.asking import Question, to_answer
from isogloss.evaluate.chat import replies_to
from isogloss.evaluate.provenance import provenance
from isogloss.evaluate.replies import ANSWERS, replies_file, reply_table
from isogloss.evaluate.reply import TOGETHER, seen_pictures
from isogloss.evaluate.through_english import Translate
from isogloss.models.chat_saving import load_chat
from isogloss.serve.float_type import choose_float_type
from isogloss.translate.progress import unseen


def answers_through_english(
    run: Path, split: str, languages: Sequence[str], translate: Translate, *, pictures: int | None = None
) -> pa.Table | None:
    """What a run's model answers in English to the questions of other languages' conversations, put into these languages.

    All that was said before a question is put into English too.

    Args:
        run: with a model.
        split: whose conversations they are.
        languages: other than English; those without conversations in the split are passed over.
        translate: both ways.
        pictures: as for `evaluate_chat`.

    Returns:
        A table of `replies.REPLIES`; None where nothing is asked.

    Raises:
        UserError: the run has no model, or what translates cannot.
    """
    dataset = Dataset.open(provenance(run, split)["dataset"])
    spoken = [
        tag for tag in conversation_languages(dataset.root) if len(read_conversations(dataset.root, tag, split)) > 0
    ]
    asked = {tag: to_answer(dataset, split, tag, pictures=pictures) for tag in languages if tag in spoken}
    if not asked:
        return None
    told = {tag: in_english(questions, tag, translate) for tag, questions in asked.items()}
    # Answers in English may be longer than what is right in the other language.
    english = to_answer(dataset, split, "en", pictures=pictures) if "en" in spoken else []
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, processor = load_chat(run / "model", dtype=choose_float_type("auto", device))
    model.to(device)  # pyright: ignore[reportArgumentType]
    kept = replies_file(run, ANSWERS, split).with_name(f"unfinished-in-english-{split}")
    found = replies_to(
        model,
        processor,
        told,
        seen_pictures(processor, dataset, split),
        kept,
        TOGETHER,
        unseen("answers", sum(map(len, told.values()))),
        further=[one.references for one in english],
    )
    table = put_back(asked, found["reply"].to_pylist(), translate)
    shutil.rmtree(kept, ignore_errors=True)
    return table


def in_english(questions: Sequence[Question], language: str, translate: Translate) -> list[Question]:
    """Questions of one language, and all that was said before them, in English; what would be right stays as it is."""
    texts = list(dict.fromkeys(turn.text for one in questions for turn in one.prompt.turns))
    said = dict(zip(texts, translate(texts, language, "en"), strict=True))
    found: list[Question] = []
    for one in questions:
        turns = tuple(replace(turn, text=said[turn.text]) for turn in one.prompt.turns)
        found.append(replace(one, prompt=replace(one.prompt, language="en", turns=turns)))
    return found


def put_back(asked: Mapping[str, Sequence[Question]], replies: Sequence[str], translate: Translate) -> pa.Table:
    """English replies to questions of some languages, all in one order, as a table of replies in these languages."""
    parts: list[pa.Table] = []
    start = 0
    for tag, questions in asked.items():
        own = replies[start : start + len(questions)]
        start += len(questions)
        parts.append(
            reply_table(
                key=[one.about for one in questions],
                language=[tag] * len(questions),
                instruction=[one.instruction for one in questions],
                reply=translate(own, "en", tag),
                references=[one.references for one in questions],
            )
        )
    return pa.concat_tables(parts)
