"""A paint run's folder, or that of an experiment on paint models, read for its report."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from isogloss.evaluate.drawn import drawn_file, read_drawn
from isogloss.evaluate.paint_measures import measures_file, read_measures
from isogloss.report.content import ReportedLanguage, Run, ordered, read_run, reported_language
from isogloss.report.paint_content import PaintArm, PaintContent, Painted, PaintedScene, PaintFigures
from isogloss.report.recipes import read_recipes
from isogloss.report.run import evaluated_split
from isogloss.report.thumbnail import embedded, embedded_of
from isogloss.saved import fields_of, read_object

# Scenes whose pictures are shown, and settings of an evaluation that are told.
SCENES = 6
_TOLD = ("steps", "guidance", "seed", "pictures", "sources", "scorer", "cut", "versions")


def read_paint_run(folder: Path) -> PaintContent:
    """Read a run: its recipe, its curves, and whatever evaluation there is.

    Raises:
        UserError: the recipe or the metrics are missing, or a file is damaged.
    """
    split = evaluated_split(folder)
    run = read_run(folder, folder.name, None, split)
    arm = PaintArm(folder.name, folder.name)
    with fields_of(folder / "recipe.json"):
        trained = tuple(str(tag) for tag in run.recipe["data"]["languages"])
    saved: dict[str, Any] = {}
    file = folder / "evaluation" / f"{split}.json"
    if file.exists():
        saved = read_object(file)
    with fields_of(file):
        scores = {arm.name: _figures(saved.get("languages", {}))}
        averages = {arm.name: _figures(saved.get("averages", {}))}
        arms = (arm,)
        if "through_english" in saved:
            through = PaintArm("through-english", "Put into English, then painted", "translated")
            arms, scores[through.name] = (arm, through), _figures(saved["through_english"]["languages"])
            scores[through.name].pop("en", None)  # whose prompts are as they were
            averages[through.name] = _figures(saved["through_english"]["averages"])
        chance = saved.get("chance")
        dataset = str(saved.get("dataset", ""))
        how = {name: saved[name] for name in _TOLD if saved.get(name)}
        distances = dict(saved.get("distances") or {})
    known = {tag: reported_language(tag, trained) for tag in scores[arm.name]}
    return PaintContent(
        folder=folder,
        title=folder.name,
        experiment=False,
        main=arm,
        arms=arms,
        trained=trained,
        languages=_ordered(known.values(), scores[arm.name]),
        scores=scores,
        averages=averages,
        chance=None if chance is None else 100 * float(chance),
        scenes=_scenes_of_run(folder, split, known, dataset) if saved else (),
        distances=distances,
        runs=(run,),
        how=how,
        recipes={arm.name: run.recipe},
        split=split,
    )


def read_paint_experiment(folder: Path) -> PaintContent:
    """Read experiment.json, results.json, the examples' pictures, and the runs where they still lie there.

    Raises:
        UserError: one of the files is missing, damaged or lacks a field.
    """
    experiment_file, results_file = folder / "experiment.json", folder / "results.json"
    experiment, results = read_object(experiment_file), read_object(results_file)
    with fields_of(experiment_file):
        arms = tuple(_arm(str(name), saved) for name, saved in experiment["arms"].items())
        if not arms:
            raise ValueError("'arms' is empty")
        trained = tuple(str(tag) for tag in experiment["trained_languages"])
        known = {str(tag): reported_language(str(tag), trained) for tag in experiment["languages"]}
        seeds = [int(seed) for seed in experiment["seeds"]]
        told = {name: str(experiment.get(name, "")) for name in ("title", "command", "created")}
        seconds = experiment.get("duration_seconds")
        seconds = None if seconds is None else float(seconds)
        machine = dict(experiment.get("machine", {}))
        how = {name: value for name, value in dict(experiment.get("painting", {})).items() if value is not None}
    main = arms[0]
    with fields_of(results_file):
        found: Mapping[str, Any] = results.get("arms", {})
        scores = {str(name): _figures(saved["languages"]) for name, saved in found.items()}
        averages = {str(name): _figures(saved.get("averages", {})) for name, saved in found.items()}
        scores[main.name] = _figures(results["languages"])
        averages[main.name] = _figures(results.get("averages", {}))
        if not scores[main.name]:
            raise ValueError("'languages' is empty")
        strangers = {tag for each in scores.values() for tag in each} - known.keys()
        strangers |= {str(tag) for one in results.get("examples", []) for tag in one["painted"]} - known.keys()
        if strangers:
            raise ValueError(f"experiment.json does not list the language '{min(strangers)}'")
        chance = results.get("chance")
        chance = None if chance is None else 100 * float(chance)
        scenes = tuple(_scene(one, folder, known) for one in results.get("examples", []))
        split, count = str(results.get("split", "test")), int(results.get("seeds", len(seeds)))
    return PaintContent(
        folder=folder,
        title=told["title"] or folder.name,
        experiment=True,
        main=main,
        arms=arms,
        trained=trained,
        languages=_ordered((known[tag] for tag in known if tag in scores[main.name]), scores[main.name]),
        scores=scores,
        averages=averages,
        chance=chance,
        scenes=scenes,
        runs=_runs(folder, main, seeds),
        how=how,
        recipes=read_recipes({arm.name: folder / f"seed-{seeds[0]}" / arm.name for arm in arms}),
        split=split,
        seeds=count,
        command=told["command"],
        created=told["created"],
        seconds=seconds,
        machine=machine,
    )


def _arm(name: str, saved: Mapping[str, Any]) -> PaintArm:
    share = saved.get("share")
    return PaintArm(
        name=name,
        label=str(saved.get("label", name)),
        experiment=str(saved["experiment"]),
        share=None if share is None else float(share),
        taught=tuple(str(tag) for tag in saved.get("languages_taught", [])),
    )


def _figures(saved: Mapping[str, Any]) -> dict[str, PaintFigures]:
    return {str(name): PaintFigures.of(fields) for name, fields in saved.items()}


def _ordered(languages: Iterable[ReportedLanguage], main: Mapping[str, PaintFigures]) -> dict[str, ReportedLanguage]:
    """By group, and within one by right attributes."""
    return ordered(languages, {tag: each.measures.get("attributes") for tag, each in main.items()})


def _runs(folder: Path, main: PaintArm, seeds: Sequence[int]) -> tuple[Run, ...]:
    """The main arm's runs, as far as they are there."""
    places = [(seed, folder / f"seed-{seed}" / main.name) for seed in seeds]
    return tuple(read_run(place, main.name, seed) for seed, place in places if (place / "metrics.jsonl").exists())


def _scene(saved: Mapping[str, Any], folder: Path, known: Mapping[str, ReportedLanguage]) -> PaintedScene:
    """An example of an experiment, its pictures in the order in which experiment.json lists their languages."""
    painted: list[Painted] = []
    for tag, language in known.items():
        one = saved["painted"].get(tag)
        if one is not None:
            share = one.get("attributes")
            painted.append(
                Painted(
                    language,
                    str(one["prompt"]),
                    embedded(str(folder / str(one["picture"]))),
                    None if one.get("right") is None else bool(one["right"]),
                    None if share is None else 100 * float(share),
                )
            )
    return PaintedScene(str(saved["key"]), embedded(str(folder / str(saved["picture"]))), tuple(painted))


def _scenes_of_run(
    folder: Path, split: str, known: Mapping[str, ReportedLanguage], dataset: str
) -> tuple[PaintedScene, ...]:
    """A few of the pictures that an evaluation has painted; none where they are gone."""
    table = drawn_file(folder, split)
    if not table.exists():
        return ()
    rows = read_drawn(table).to_pylist()
    measures = measures_file(folder, split)
    found = read_measures(measures).to_pylist() if measures.exists() else []
    told = {(row["key"], row["language"]): row for row in found}
    keys = spread(sorted({row["key"] for row in rows}), SCENES)
    real = embedded_of(dataset, split, keys)
    scenes: list[PaintedScene] = []
    for key in keys:
        painted: list[Painted] = []
        for row in (row for row in rows if row["key"] == key and row["language"] in known):
            own = told.get((key, row["language"]), {})
            right, share = own.get("all_right"), own.get("attributes")
            painted.append(
                Painted(
                    known[row["language"]],
                    row["prompt"],
                    embedded(str(table.parent / row["file"])),
                    None if right is None else right == 1,
                    None if share is None else 100 * share,
                )
            )
        painted.sort(key=lambda one: list(known).index(one.language.tag))
        scenes.append(PaintedScene(key, real.get(key), tuple(painted)))
    return tuple(scenes)


def spread(keys: Sequence[str], most: int) -> list[str]:
    """So many of some keys, spread evenly over them."""
    return list(keys[:: max(1, len(keys) // most)][:most])
