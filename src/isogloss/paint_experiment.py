"""Experiments on a paint model: what English captions alone give, by what the text side is, and how little more is enough.

Each seed trains its text sides on text once; all arms of the seed read them.
"""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from isogloss.data.dataset import Dataset
from isogloss.data.images import read_bytes
from isogloss.evaluate.drawn import DRAWINGS, THROUGH_ENGLISH, drawn_file, read_drawn
from isogloss.evaluate.paint_measures import measures_file, read_measures
from isogloss.evaluate.paint_run import evaluate_paint, paint_evaluated, read_evaluated
from isogloss.evaluate.prompts_in_english import translator_into_english
from isogloss.evaluate.provenance import evaluation_file
from isogloss.experiment_folder import machine, same_experiment
from isogloss.experiment_runs import run_folder, seeded, trained
from isogloss.report.page import write_report
from isogloss.report.paint_reading import SCENES, spread
from isogloss.report.paint_summary import print_paint_summary
from isogloss.saved import fields_of, read_object
from isogloss.saving import new_folder, write_json
from isogloss.serve.painting import Painting
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.log import quiet_libraries
from isogloss.train.paint_recipe import PaintRecipe
from isogloss.train.text_recipe import TextRecipe
from isogloss.workers import cores, keep_memory, workers


@dataclass(frozen=True)
class PaintArm:
    """One way to make pictures of prompts.

    Args:
        name: of its folder and of its figures.
        label: for people.
        experiment: "pivot", "layers", "little" or "translated".
        text: which of the experiment's text sides it reads.
        recipe: without the text side's weights, which each seed brings; None for the main arm, whose prompts are put into
            English.
        taught: the languages other than English in which it has captions.
        share: of the captions that are there in each of these.
    """

    name: str
    label: str
    experiment: str
    text: str
    recipe: PaintRecipe | None
    taught: tuple[str, ...] = ()
    share: float | None = None


@dataclass(frozen=True)
class PaintExperiment:
    """Arms over one dataset, with text sides that each seed trains first.

    Args:
        title: of the report.
        command: that repeats it.
        dataset: a dataset folder of the shapes world.
        texts: recipes of the text sides, by their names.
        arms: the first one is the main one.
        languages: of the prompts.
        translator: which of `texts` puts prompts into English, where an arm needs it.
        seeds: each trains everything.
        split: whose captions are painted; "validation" while anything is still to be chosen.
        pictures: only so many of them; None for all.
        painting: steps and guidance.
    """

    title: str
    command: str
    dataset: Path
    texts: Mapping[str, TextRecipe | LanguageModelRecipe]
    arms: tuple[PaintArm, ...]
    languages: tuple[str, ...]
    translator: str | None = None
    seeds: tuple[int, ...] = (0,)
    split: str = "test"
    pictures: int | None = None
    painting: Painting = field(default_factory=Painting)

    @property
    def main(self) -> PaintArm:
        return self.arms[0]

    @property
    def translated(self) -> PaintArm | None:
        """The main arm through English."""
        return next((arm for arm in self.arms if arm.recipe is None), None)

    @property
    def trained(self) -> tuple[str, ...]:
        """The languages of the main arm's captions."""
        return ("en", *self.main.taught)


def run_paint_experiment(experiment: PaintExperiment, folder: Path, *, jobs: int) -> Path:
    """Run what is missing of an experiment, write results.json and report.html, and print the figures.

    Args:
        folder: of the experiment; a killed one goes on from its runs' last checkpoints and its last pictures.
        jobs: arms at a time, the cores shared evenly among them.

    Raises:
        UserError: a run cannot be trained or evaluated, or the folder holds another experiment.
    """
    started = time.perf_counter()
    keep_memory()
    record = _describe(experiment)
    before, spent = same_experiment(record, folder, ("family", "arms", "languages", "split", "painting"))
    record["created"] = before.get("created", record["created"])
    write_json(folder / "experiment.json", {**before, **record})
    own = [arm for arm in experiment.arms if arm.recipe is not None]
    texts = {arm.text for arm in own} | ({experiment.translator} if experiment.translated else set())
    with workers(jobs) as pool:
        for seed in experiment.seeds:
            at_once = max(1, min(jobs, len(texts)))
            first = [
                pool.submit(_train_text, experiment, name, folder, seed, max(1, cores() // at_once))
                for name in experiment.texts
                if name in texts
            ]
            for run in first:
                run.result()
            threads = max(1, cores() // min(jobs, len(own)))
            for run in [pool.submit(_run_arm, experiment, arm, folder, seed, threads) for arm in own]:
                run.result()
    write_json(folder / "results.json", _results(experiment, folder))
    seconds = spent + time.perf_counter() - started
    write_json(folder / "experiment.json", {**record, "duration_seconds": seconds})
    print_paint_summary(folder)
    return write_report(folder)


def _train_text(experiment: PaintExperiment, name: str, folder: Path, seed: int, threads: int) -> None:
    """A text side of a seed, in a process of its own."""
    torch.set_num_threads(threads)
    quiet_libraries()
    trained(seeded(experiment.texts[name], seed), run_folder(folder, seed, name))


def _run_arm(experiment: PaintExperiment, arm: PaintArm, folder: Path, seed: int, threads: int) -> None:
    """Train and evaluate one arm in a process of its own."""
    torch.set_num_threads(threads)
    quiet_libraries()
    assert arm.recipe is not None, "which is that of another arm"
    run, text = run_folder(folder, seed, arm.name), run_folder(folder, seed, arm.text) / "model"
    recipe = replace(arm.recipe, text=replace(arm.recipe.text, model=str(text), config={}))
    trained(seeded(recipe, seed), run)
    through = arm == experiment.main and experiment.translated is not None
    asked: dict[str, Any] = {"pictures": experiment.pictures, "painting": experiment.painting}
    if paint_evaluated(run, experiment.split, experiment.languages, through_english=through, **asked):
        return
    translator = None
    if through and experiment.translator is not None:
        translator = translator_into_english(run_folder(folder, seed, experiment.translator))
    evaluate_paint(
        run, split=experiment.split, languages=experiment.languages, translator=translator, quiet=True, **asked
    )


def _results(experiment: PaintExperiment, folder: Path) -> dict[str, Any]:
    """results.json: figures of all arms over all seeds; the main arm's at the top."""
    figures: dict[str, dict[str, Any]] = {}
    for arm in experiment.arms:
        name = experiment.main.name if arm.recipe is None else arm.name
        runs = [run_folder(folder, seed, name) for seed in experiment.seeds]
        kind = THROUGH_ENGLISH if arm.recipe is None else DRAWINGS
        found = read_evaluated(runs, experiment.split, kind=kind, trained=experiment.trained)
        figures[arm.name] = {part: found[part] for part in ("languages", "averages")}
        if arm.recipe is None:
            figures[arm.name]["languages"].pop("en", None)  # whose prompts are as they were
    file = evaluation_file(run_folder(folder, experiment.seeds[0], experiment.main.name), experiment.split)
    with fields_of(file):
        chance = read_object(file)["chance"]
    return {
        "seeds": len(experiment.seeds),
        "split": experiment.split,
        "chance": chance,
        "trained": list(experiment.trained),
        **figures[experiment.main.name],
        "arms": figures,
        "examples": _examples(experiment, folder),
    }


def _examples(experiment: PaintExperiment, folder: Path) -> list[dict[str, Any]]:
    """A few scenes with what the first seed's main arm painted of them in each language."""
    run, split = run_folder(folder, experiment.seeds[0], experiment.main.name), experiment.split
    table, dataset = drawn_file(run, split), Dataset.open(experiment.dataset)
    rows = read_drawn(table).to_pylist()
    told = {(row["key"], row["language"]): row for row in read_measures(measures_file(run, split)).to_pylist()}
    images = {row["key"]: row for row in dataset.images(split).to_pylist()}
    shown = spread(sorted({row["key"] for row in rows}), SCENES)
    found: list[dict[str, Any]] = []
    shutil.rmtree(folder / "examples", ignore_errors=True)
    with new_folder(folder / "examples") as saved:
        for number, key in enumerate(shown):
            place = images[key]
            content = read_bytes(dataset.locate(place["file"]), place["offset"], place["length"])
            (saved / f"{number}.png").write_bytes(content)
            painted: dict[str, Any] = {}
            for row in (row for row in rows if row["key"] == key):
                tag, own = row["language"], told[key, row["language"]]
                (saved / f"{number}-{tag}.png").write_bytes(read_bytes(str(table.parent / row["file"])))
                painted[tag] = {
                    "prompt": row["prompt"],
                    "picture": f"examples/{number}-{tag}.png",
                    "attributes": own["attributes"],
                    "right": own["all_right"] == 1,
                }
            found.append({"key": key, "picture": f"examples/{number}.png", "painted": painted})
    return found


def _describe(experiment: PaintExperiment) -> dict[str, Any]:
    """experiment.json: what is compared, on what, and where."""
    painting = experiment.painting
    return {
        "family": "paint",
        "title": experiment.title,
        "command": experiment.command,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "seeds": list(experiment.seeds),
        "split": experiment.split,
        "languages": list(experiment.languages),
        "trained_languages": list(experiment.trained),
        "painting": {"steps": painting.steps, "guidance": painting.guidance, "pictures": experiment.pictures},
        "arms": {
            arm.name: {
                "label": arm.label,
                "experiment": arm.experiment,
                "text": arm.text,
                "share": arm.share,
                "languages_taught": list(arm.taught),
            }
            for arm in experiment.arms
        },
    }
