"""Evaluate a chat run: its model's replies and their figures are files of the run."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import torch

from isogloss.data.conversation_set import read_conversations
from isogloss.data.conversation_tables import conversation_languages
from isogloss.data.dataset import Dataset
from isogloss.data.templates.instructions import instructed_languages
from isogloss.errors import UserError, unknown
from isogloss.evaluate.chat import write_answers, write_descriptions
from isogloss.evaluate.chat_figures import chat_figures
from isogloss.evaluate.chat_packages import check_packages
from isogloss.evaluate.learnt import learnt
from isogloss.evaluate.provenance import evaluation_file, provenance
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file, write_replies
from isogloss.evaluate.reply import TOGETHER, seen_pictures
from isogloss.languages import averaged, is_language
from isogloss.models.chat_saving import load_chat
from isogloss.saved import read_object
from isogloss.saving import write_json
from isogloss.serve.float_type import choose_float_type
from isogloss.translate.progress import progress, unseen

# Its functions are made when it is imported, so that no type checker sees them.
pc: Any = pyarrow.compute


def evaluate_chat(
    run: Path,
    *,
    dataset: str | None = None,
    split: str = "test",
    languages: Sequence[str] = (),
    sources: Sequence[str] = (),
    pictures: int | None = None,
    answers: bool = True,
    together: int = TOGETHER,
    dtype: str = "auto",
    quiet: bool = False,
) -> dict[str, Any]:
    """Figures of a chat run's descriptions and answers per language, saved as `evaluation/<split>.json`.

    The replies lie beside, in `evaluation/replies-<split>-descriptions.parquet` and `…-answers.parquet`; those on another
    dataset bear its name before the split's. A stopped evaluation goes on after the last language that was finished.
    Languages that were measured before stay, where the model, the dataset and the pictures are still the same. `averages`
    are over those that the model learnt from, not counting one of which it had a share alone, and over the others, whose
    families and scripts it has seen or not.

    Args:
        run: a run folder with a model.
        dataset: a dataset folder; None for the run's own.
        split: whose pictures are described and talked about.
        languages: that are asked in; none for all that the dataset has, of which those that cannot be asked in, or have
            nothing in this split, are left out and listed as `left_out`.
        sources: of the captions; none for all.
        pictures: only so many of the split, by their keys' hashes; None for all.
        answers: ask the questions of the conversations too.
        together: how many replies are written at a time.
        dtype: that the model computes in, as of `isogloss.serve.float_type`.
        quiet: without a progress bar.

    Raises:
        UserError: the run has no model, the dataset lacks what is asked for, there is no such type, or a package that
            measures is not installed.
    """
    for name, number in (("pictures", pictures), ("together", together)):
        if number is not None and number < 1:
            raise UserError(f"{name} is {number}; give a whole number of at least 1.")
    check_packages()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    chosen = choose_float_type(dtype, device)
    computed = str(chosen).removeprefix("torch.")
    measured: dict[str, Any] = {**provenance(run, split, dataset, sources), "pictures": pictures, "dtype": computed}
    opened = Dataset.open(measured["dataset"])
    plan = _plan(opened, split, languages, measured["sources"])
    tags = {*opened.languages, *conversation_languages(opened.root), *learnt(run)}
    # One of no language, as a table may be named, is no candidate for the language of a reply.
    known = [tag for tag in sorted(tags) if is_language(tag)]
    path = evaluation_file(run, split, dataset)
    before = _same(path, measured)
    kept = path.with_name(f"unfinished-{path.stem}-{sha256(json.dumps(measured).encode()).hexdigest()[:12]}")

    model, processor = load_chat(run / "model", dtype=chosen)
    model.to(device)  # pyright: ignore[reportArgumentType]
    options: dict[str, Any] = {
        "pictures": pictures,
        "seen": seen_pictures(processor, opened, split),
        "together": together,
        "shown": unseen if quiet else partial(progress, things="replies"),
    }
    found: dict[str, pa.Table] = {}
    if plan.described:
        found[DESCRIPTIONS] = write_descriptions(
            *(model, processor, opened, split, plan.described),
            sources=measured["sources"],
            kept=kept / DESCRIPTIONS,
            **options,
        )
    if answers and plan.answered:
        found[ANSWERS] = write_answers(
            *(model, processor, opened, split, plan.answered), kept=kept / ANSWERS, **options
        )

    replies: dict[str, list[pa.Table]] = {}
    for kind in (DESCRIPTIONS, ANSWERS):
        file = replies_file(run, kind, split, dataset)
        whole = _beside(read_replies(file) if before and file.exists() else None, found.get(kind))
        replies[kind] = [] if whole is None else [whole]
        if whole is None:  # that of another model may not lie beside these figures
            file.unlink(missing_ok=True)
        else:
            write_replies(file, whole)
    described: list[str] = [tag for each in replies[DESCRIPTIONS] for tag in pc.unique(each["asked"]).to_pylist()]
    groups = averaged(filter(is_language, described), sorted(filter(is_language, learnt(run, whole=True))))
    result = {
        **measured,
        "family": "chat",
        "images": opened.splits.get(split, 0) if pictures is None else min(pictures, opened.splits.get(split, 0)),
        "left_out": plan.left_out,
        "versions": {name: version(name) for name in ("isogloss", "torch", "transformers")},
        **chat_figures(opened, known, descriptions=replies[DESCRIPTIONS], answers=replies[ANSWERS], groups=groups),
    }
    write_json(path, result)
    for folder in path.parent.glob(f"unfinished-{path.stem}-*"):
        shutil.rmtree(folder, ignore_errors=True)
    return result


@dataclass(frozen=True)
class _Plan:
    """Which languages are asked in, for descriptions and for answers, and which are not at all."""

    described: list[str]
    answered: list[str]
    left_out: list[str]


def _plan(dataset: Dataset, split: str, languages: Sequence[str], sources: Sequence[str]) -> _Plan:
    spoken = conversation_languages(dataset.root)
    known = sorted({*dataset.languages, *spoken})
    for tag in languages:
        if tag not in known:
            raise unknown("caption or conversation in the language", tag, known)
    asked = list(dict.fromkeys(languages)) or known
    shown = [tag for tag in asked if tag in dataset.languages]
    captions = dataset.split(split, shown, sources or None, complete=False).captions if shown else {}
    described = [tag for tag in shown if len(captions[tag])]
    if not languages:
        described = [tag for tag in described if tag in instructed_languages()]
    answered = [tag for tag in asked if tag in spoken and len(read_conversations(dataset.root, tag, split))]
    left_out = [tag for tag in asked if tag not in (*described, *answered)]
    if left_out and (languages or len(left_out) == len(asked)):
        of_these = " of these sources" if sources else ""
        raise UserError(
            f"{dataset.root} has no captions{of_these} and no conversations in {', '.join(left_out)} for the split "
            f"'{split}' that a model can be asked for; choose another language or split."
        )
    return _Plan(described, answered, left_out)


def _same(path: Path, measured: dict[str, Any]) -> bool:
    """Whether saved figures are of all that is measured now."""
    if not path.exists():
        return False
    saved = read_object(path)
    return all(name in saved and saved[name] == value for name, value in measured.items())


def _beside(before: pa.Table | None, new: pa.Table | None) -> pa.Table | None:
    """New replies, and those in further languages that were there before."""
    if before is None or new is None:
        return before if new is None else new
    others = before.filter(pc.invert(pc.is_in(before["asked"], pc.unique(new["asked"]))))
    return pa.concat_tables([others, new])
