"""An experiment's folder, read for its report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isogloss.data.dataset import Dataset
from isogloss.report.content import Arm, Content, ReportedLanguage, Run, ordered, read_run
from isogloss.report.measures import Average, Claim, Scores
from isogloss.saved import fields_of, read_object


def read_experiment(folder: Path) -> Content:
    """Read experiment.json, results.json, every seed's runs, and the dataset where it still lies there.

    Raises:
        UserError: one of the files is missing, damaged or lacks a field.
    """
    experiment_file, results_file = folder / "experiment.json", folder / "results.json"
    experiment, results = read_object(experiment_file), read_object(results_file)
    with fields_of(experiment_file):
        arms = tuple(_arm(saved) for saved in experiment["arms"])
        places = {str(saved["name"]): dict(saved.get("runs", {})) for saved in experiment["arms"]}
        languages = read_languages(experiment["languages"])
        seeds = tuple(int(seed) for seed in experiment.get("seeds", [0]))
        duration = experiment.get("duration_seconds")
        told = {name: str(experiment.get(name, "")) for name in ("title", "command", "created")}
        caveats = tuple(str(sentence) for sentence in experiment.get("caveats", []))
        split = str(experiment.get("split", "test"))
        machine, versions = dict(experiment.get("machine", {})), dict(experiment.get("versions", {}))
        duration = None if duration is None else float(duration)
        if not arms or not seeds:
            raise ValueError("'arms' and 'seeds' need one entry at least")
        # Runs lie inside the experiment that made them, and elsewhere where they were compared later.
        folders = {
            (arm.name, seed): folder / places[arm.name].get(str(seed), f"seed-{seed}/{arm.name}")
            for arm in arms
            for seed in seeds
        }
        data = folder / experiment.get("dataset", "data")
    with fields_of(results_file):
        steps = results.get("steps", experiment.get("steps"))
        scores = {
            str(tag): {arm.name: Scores.of(saved[arm.name]) for arm in arms if arm.name in saved}
            for tag, saved in results["languages"].items()
        }
        averages = tuple(Average.of(name, saved) for name, saved in results.get("averages", {}).items())
        claims = tuple(
            Claim(str(saved["claim"]), bool(saved["holds"]), str(saved["measured"]))
            for saved in results.get("claims", [])
        )
        main = arms[:2][-1].name
        first = {tag: each[main].caption_to_image.first for tag, each in scores.items() if main in each}
        strangers = [tag for tag in scores if tag not in languages]
        if strangers:
            raise ValueError(f"experiment.json does not list the language '{strangers[0]}'")
    return Content(
        folder=folder,
        title=told["title"] or folder.name,
        arms=arms,
        languages=ordered((languages[tag] for tag in scores), first),
        scores=scores,
        runs=_runs(folders, arms, split),
        text_runs=_text_runs(folder, seeds),
        averages=averages,
        claims=claims,
        caveats=caveats,
        dataset=Dataset.open(data) if (data / "dataset.json").exists() else None,
        split=split,
        pictures=searched(folders[arms[0].name, seeds[0]], split),
        seeds=seeds,
        steps=None if steps is None else int(steps),
        command=told["command"],
        created=told["created"],
        duration=duration,
        machine=machine,
        versions=versions,
    )


def read_languages(saved: Mapping[str, Any]) -> dict[str, ReportedLanguage]:
    """The "languages" of experiment.json.

    Raises:
        KeyError: a language has no name or endonym.
    """
    return {
        tag: ReportedLanguage(
            tag=tag,
            name=str(fields["name"]),
            endonym=str(fields["endonym"]),
            direction="rtl" if fields.get("direction") == "rtl" else "ltr",
            script=str(fields.get("script", "")),
            family=str(fields.get("family", "")),
            role=str(fields.get("role", "")),
            group=str(fields.get("group", "")),
        )
        for tag, fields in saved.items()
    }


def searched(run: Path, split: str) -> int | None:
    """How many pictures a run's evaluation searched, where it says so.

    Raises:
        UserError: the evaluation is there, but damaged.
    """
    path = run / "evaluation" / f"{split}.json"
    if not path.exists():
        return None
    saved = read_object(path)
    with fields_of(path):
        return int(saved["images"]) if "images" in saved else None


def _arm(saved: Mapping[str, Any]) -> Arm:
    trained, text_stage = saved.get("trained"), saved.get("text_stage")
    return Arm(
        name=str(saved["name"]),
        label=str(saved.get("label", saved["name"])),
        trained=None if trained is None else tuple(str(tag) for tag in trained),
        text_stage=None if text_stage is None else bool(text_stage),
    )


def _runs(folders: Mapping[tuple[str, int], Path], arms: tuple[Arm, ...], split: str) -> tuple[Run, ...]:
    """Every seed's run of the two compared arms, and of the ablations those that there are."""
    compared = {arm.name for arm in arms[:2]}
    there = [(name, seed, place) for (name, seed), place in folders.items() if name in compared or place.exists()]
    return tuple(read_run(place, name, seed, split) for name, seed, place in there)


def _text_runs(folder: Path, seeds: tuple[int, ...]) -> tuple[Run, ...]:
    """The runs of the text-only stage, of those seeds that have one."""
    folders = {seed: folder / f"seed-{seed}" / "text" for seed in seeds}
    return tuple(read_run(place, "text", seed) for seed, place in folders.items() if (place / "metrics.jsonl").exists())
