"""A chat experiment's folder, read for its report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isogloss.report.chat_content import (
    Average,
    ChatArm,
    ChatContent,
    Example,
    Figures,
    Point,
    Reply,
    ShareCurve,
)
from isogloss.report.content import ReportedLanguage, ordered, reported_language
from isogloss.report.recipes import read_recipes
from isogloss.report.thumbnail import embedded
from isogloss.saved import fields_of, read_object


def read_chat_experiment(folder: Path) -> ChatContent:
    """Read experiment.json, results.json, the examples' pictures, and the recipes where the runs still lie there.

    Raises:
        UserError: one of the files is missing, damaged or lacks a field.
    """
    experiment_file, results_file = folder / "experiment.json", folder / "results.json"
    experiment, results = read_object(experiment_file), read_object(results_file)
    with fields_of(experiment_file):
        aligned = {str(name) for name in experiment.get("aligned", [])}
        arms = tuple(_arm(str(name), saved, name not in aligned) for name, saved in experiment["arms"].items())
        trained = tuple(str(tag) for tag in experiment["trained_languages"])
        listed = [str(tag) for tag in experiment["languages"]]
        known = {tag: reported_language(tag, trained) for tag in listed}
        seeds = [int(seed) for seed in experiment["seeds"]]
        told = {name: str(experiment.get(name, "")) for name in ("title", "command", "created")}
        seconds = experiment.get("duration_seconds")
        seconds = None if seconds is None else float(seconds)
        machine: Any = experiment.get("machine", {})
        machine = dict(machine) if isinstance(machine, Mapping) else {"machine": str(machine)}
        places = {
            name: folder / dict(saved.get("runs", {})).get(str(seeds[0]), f"seed-{seeds[0]}/{name}")
            for name, saved in experiment["arms"].items()
        }
    with fields_of(results_file):
        share = results.get("translated_share")
        share = None if share is None else float(share)
        main = _main(arms, share)
        scores = {str(name): Figures.each(saved["languages"]) for name, saved in results.get("arms", {}).items()}
        scores[main.name] = Figures.each(results["languages"])
        answers = {
            str(name): Figures.each(saved["answers"])
            for name, saved in results.get("arms", {}).items()
            if "answers" in saved
        }
        averages = {
            str(name): Average.each(saved["averages"])
            for name, saved in results.get("arms", {}).items()
            if "averages" in saved
        }
        pairs: Any = results.get("pairs") or {"languages": {}}
        pairs_scores, pairs_averages = Figures.each(pairs["languages"]), Average.each(pairs.get("averages", {}))
        if not scores[main.name]:
            raise ValueError("'languages' is empty")
        curves = _curves(results.get("curves", {}))
        measured = [
            *scores.values(),
            *answers.values(),
            pairs_scores,
            *(point.figures for each in curves for point in each.points),
        ]
        strangers = {tag for each in measured for tag in each} - known.keys()
        strangers |= {str(tag) for one in results.get("examples", []) for tag in one["replies"]} - known.keys()
        if strangers:
            raise ValueError(f"experiment.json does not list the language '{min(strangers)}'")
        seen = [tag for tag in listed if any(tag in each for each in measured)]
        exact = {tag: each.measures.get("exact") for tag, each in scores[main.name].items()}
        languages = ordered((known[tag] for tag in seen), exact)
        examples = tuple(_example(one, folder, known) for one in results.get("examples", []))
        how = dict(results.get("how", {}))
        split = str(results.get("split", "test"))
        count = int(results.get("seeds", len(seeds)))
    return ChatContent(
        folder=folder,
        title=told["title"] or folder.name,
        experiment=True,
        main=main,
        arms=arms,
        trained=trained,
        languages=languages,
        scores=scores,
        answers={name: found for name, found in answers.items() if found},
        averages=averages,
        pairs=pairs_scores,
        pairs_averages=pairs_averages,
        pairs_split=str(pairs.get("split", "")),
        translated_share=share,
        curves=curves,
        examples=examples,
        how=how,
        recipes=read_recipes(places),
        split=split,
        seeds=count,
        command=told["command"],
        created=told["created"],
        seconds=seconds,
        machine=machine,
    )


def _arm(name: str, saved: Mapping[str, Any], instructed: bool) -> ChatArm:
    share = saved.get("share")
    return ChatArm(
        name=name,
        label=str(saved.get("label", name)),
        experiment=str(saved["experiment"]),
        share=None if share is None else float(share),
        taught=tuple(str(tag) for tag in saved.get("languages_taught", [])),
        instructed=instructed,
    )


def _main(arms: Sequence[ChatArm], share: float | None) -> ChatArm:
    """The pivot whose share of translated instructions the results state, or the first pivot."""
    pivots = [arm for arm in arms if arm.experiment == "pivot"]
    if not pivots:
        raise ValueError("experiment.json has no arm of the experiment 'pivot'")
    return next((arm for arm in pivots if arm.share == share), pivots[0])


def _curves(saved: Mapping[str, Any]) -> tuple[ShareCurve, ...]:
    """The curve of all languages, and one for each language that was taught alone."""
    by_taught: dict[str | None, list[Point]] = {}
    for name in ("many", "one"):
        for entry in saved.get(name, []):
            taught = None if name == "many" else str(entry.get("taught") or saved["taught"])
            conversations = entry.get("conversations")
            point = Point(
                float(entry["share"]),
                None if conversations is None else int(conversations),
                Figures.each(entry["languages"]),
                _means(entry.get("means", {}), taught),
            )
            if not 0 <= point.share <= 1:
                raise ValueError(f"a share of {point.share} is not from 0 to 1")
            by_taught.setdefault(taught, []).append(point)
    return tuple(
        ShareCurve(tuple(sorted(points, key=lambda point: point.share)), taught) for taught, points in by_taught.items()
    )


def _means(saved: Mapping[str, Any], taught: str | None) -> Figures | None:
    name = "others" if taught is None else f"others but {taught}"
    return Figures.of(saved[name]) if name in saved else None


def _example(saved: Mapping[str, Any], folder: Path, known: Mapping[str, ReportedLanguage]) -> Example:
    """An example, its replies in the order in which experiment.json lists their languages."""
    replies = tuple(
        Reply(language, str(reply["text"]), str(reply["reference"]), bool(reply["right"]))
        for tag, language in known.items()
        if (reply := saved["replies"].get(tag)) is not None
    )
    return Example(str(saved["key"]), embedded(str(folder / str(saved["picture"]))), replies)
