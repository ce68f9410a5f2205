"""A chat run's folder, read for its report: its evaluation, a few of its replies, and what its stages have logged."""

import shlex
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.evaluate.exact import exact
from isogloss.evaluate.learnt import learnt
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file
from isogloss.languages import is_language
from isogloss.report.chat_content import Average, ChatArm, ChatContent, Example, Figures, Reply
from isogloss.report.content import ReportedLanguage, Run, ordered, reported_language
from isogloss.report.curves import Metrics
from isogloss.report.run import evaluated_split
from isogloss.report.thumbnail import embedded_of
from isogloss.saved import fields_of, read_object

PAIRS_SPLIT = "test_pairs"
STAGES = ("align", "instruct")
# Pictures whose replies are shown, and settings of an evaluation that are told.
EXAMPLES = 6
_TOLD = ("dataset", "images", "sources", "left_out", "dtype", "versions")


def read_chat_run(folder: Path) -> ChatContent:
    """Read a run: its recipe, the evaluation of its test split or of another, the replies, and the logs that are there.

    Raises:
        UserError: it was not evaluated, or a file is missing, damaged or lacks a field.
    """
    split = evaluated_split(folder)
    file = folder / "evaluation" / f"{split}.json"
    if not file.exists():
        command = f"`isogloss evaluate {shlex.quote(str(folder))}`"
        raise UserError(f"{folder} was not evaluated yet, so there is nothing to report; run {command} first.")
    recipe, saved = read_object(folder / "recipe.json"), read_object(file)
    trained = tuple(sorted(filter(is_language, learnt(folder, whole=True))))
    taught = tuple(sorted(filter(is_language, learnt(folder) - set(trained))))
    share = _share(folder, recipe, taught)
    name = folder.resolve().name
    main = ChatArm(name, name, "pivot", share, taught)
    with fields_of(file):
        scores, answers = Figures.each(saved["languages"]), Figures.each(saved.get("answers", {}))
        if not scores and not answers:
            raise ValueError("'languages' and 'answers' are empty")
        averages = Average.each(saved.get("averages", {}))
        measured = dict(saved.get("how", {}))
        # All words are known of a closed world alone, where a picture has one right description.
        one_right = bool(dict(measured.get("fidelity") or {}).get("words_known"))
        dataset = str(saved["dataset"])
        how = {**measured, **{field: saved[field] for field in _TOLD if saved.get(field)}}
    pairs, pairs_averages = ({}, {}) if split == PAIRS_SPLIT else _pairs(folder)
    either = {**pairs, **answers, **scores}
    exactness = {tag: figures.measures.get("exact") for tag, figures in either.items()}
    languages = ordered((reported_language(tag, trained) for tag in either), exactness)
    return ChatContent(
        folder=folder,
        title=name,
        experiment=False,
        main=main,
        arms=(main,),
        trained=trained,
        languages=languages,
        scores={name: scores},
        answers={name: answers} if answers else {},
        averages={name: averages} if averages else {},
        pairs=pairs,
        pairs_averages=pairs_averages,
        pairs_split=PAIRS_SPLIT,
        translated_share=share,
        one_right=one_right,
        examples=_examples(folder, split, DESCRIPTIONS if scores else ANSWERS, dataset, languages, one_right),
        how=how,
        recipes={name: recipe},
        stages=_stages(folder, recipe),
        split=split,
    )


def _share(folder: Path, recipe: Mapping[str, Any], taught: Sequence[str]) -> float | None:
    """How much it had of each language that it had a share of; None where there is none, or they differ."""
    with fields_of(folder / "recipe.json"):
        stages = [recipe[stage] for stage in STAGES if not recipe[stage]["skipped"]]
        shares = [float(stage.get("shares", {}).get(tag, 0.0)) for stage in stages for tag in taught]
    found = {share for share in shares if share}
    return found.pop() if len(found) == 1 else None


def _pairs(folder: Path) -> tuple[dict[str, Figures], dict[str, Average]]:
    """Descriptions of what training never showed together, where these were evaluated too."""
    file = folder / "evaluation" / f"{PAIRS_SPLIT}.json"
    if not file.exists():
        return {}, {}
    saved = read_object(file)
    with fields_of(file):
        return Figures.each(saved["languages"]), Average.each(saved.get("averages", {}))


def _stages(folder: Path, recipe: Mapping[str, Any]) -> tuple[Run, ...]:
    files = {stage: folder / stage / "metrics.jsonl" for stage in STAGES}
    return tuple(Run(stage, None, recipe[stage], Metrics.read(file)) for stage, file in files.items() if file.exists())


def _examples(
    folder: Path, split: str, kind: str, dataset: str, languages: Mapping[str, ReportedLanguage], one_right: bool
) -> tuple[Example, ...]:
    """A few pictures, those with replies in the most languages first, and of these the first by their keys' hashes."""
    file = replies_file(folder, kind, split)
    if not file.exists():
        return ()
    table = read_replies(file)
    right = exact(table["reply"].to_pylist(), table["references"].to_pylist())
    replies: dict[str, dict[str, Reply]] = {}
    for row, same in zip(table.to_pylist(), right.tolist(), strict=True):
        if row["asked"] in languages:
            reply = Reply(
                languages[row["asked"]],
                row["reply"],
                row["references"][0],
                True if same else False if one_right else None,
                row["instruction"] if kind == ANSWERS else "",
            )
            replies.setdefault(row["key"], {}).setdefault(row["asked"], reply)
    order = sorted(replies, key=lambda key: (-len(replies[key]), sha256(key.encode()).digest()))
    uris = embedded_of(dataset, split, order[:EXAMPLES])
    return tuple(
        Example(key, uris.get(key), tuple(replies[key][tag] for tag in languages if tag in replies[key]))
        for key in order[:EXAMPLES]
    )
