"""An experiment: arms times seeds, each a run, compared on the same test and told in one report."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from isogloss.evaluate.comparison import measured
from isogloss.evaluate.provenance import evaluated
from isogloss.evaluate.results import results
from isogloss.evaluate.run import evaluate_run
from isogloss.experiment_folder import machine, same_experiment
from isogloss.experiment_runs import seeded
from isogloss.languages import group, language
from isogloss.report.page import write_report
from isogloss.saved import fields_of, read_object
from isogloss.saving import write_json
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.log import progress_bar, quiet_libraries, read_metrics
from isogloss.train.recipe import Recipe
from isogloss.train.run import check_recipe, train
from isogloss.train.text_recipe import TextRecipe
from isogloss.workers import cores, keep_memory, workers


@dataclass(frozen=True)
class Arm:
    """One way to train, compared with others at the same steps, images and seeds.

    Args:
        name: of its folder and of its figures.
        label: for people.
        recipe: without the text tower's weights, which each seed's text stage brings.
        text_stage: whether it starts from the text stage, or from random weights of the same shape and tokenizer.
    """

    name: str
    label: str
    recipe: ClipRecipe
    text_stage: bool = True


@dataclass(frozen=True)
class Experiment:
    """Arms over one dataset, with a text stage that all of them share.

    Args:
        title: of the report.
        command: that repeats it.
        dataset: a dataset folder.
        text: the text stage.
        arms: what is compared; "english_only" and "parallel" are what the claims are about.
        languages: that are evaluated.
        seeds: each trains a text stage and all arms.
        split: whose pictures are searched; "validation" while anything is still to be chosen.
    """

    title: str
    command: str
    dataset: Path
    text: TextRecipe
    arms: tuple[Arm, ...]
    languages: tuple[str, ...]
    seeds: tuple[int, ...] = (0,)
    split: str = "test"


def _run(recipe: Recipe, folder: Path, languages: tuple[str, ...], split: str, threads: int) -> None:
    """One run in a process of its own: train what is not trained yet, evaluate what is not evaluated yet."""
    torch.set_num_threads(threads)
    quiet_libraries()
    if (folder / "model").exists():
        check_recipe(recipe, folder)
    else:
        train(recipe, folder, quiet=True)
    if languages and not evaluated(folder, split, languages):
        evaluate_run(folder, split=split, languages=languages)


def _arm_recipe(arm: Arm, seed: int, text: Path) -> ClipRecipe:
    tower = replace(arm.recipe.text, model=str(text / "model"), config={}, random_weights=not arm.text_stage)
    return replace(seeded(arm.recipe, seed), text=tower)


def _follow(jobs: Mapping[Path, tuple[Future[None], int]]) -> None:
    """Show how far each run is, from its own log, until all are done; the first failure is raised."""
    with progress_bar(True) as bar:
        tasks = {
            folder: bar.add_task(f"{folder.parent.name}/{folder.name}", total=steps, state="")
            for folder, (_, steps) in jobs.items()
        }
        while True:
            for folder, task in tasks.items():
                rows = [row for row in read_metrics(folder / "metrics.jsonl") if row["split"] == "train"]
                if rows:
                    last = rows[-1]
                    state = f"loss {last['loss']:.3f}  {last['images_per_second']:.0f} examples/s"
                    bar.update(task, completed=last["step"], state=state)
            finished = [future for future, _ in jobs.values() if future.done()]
            for future in finished:
                future.result()
            if len(finished) == len(jobs):
                return
            time.sleep(1)


def run_experiment(experiment: Experiment, folder: Path, *, jobs: int) -> Path:
    """Run what is missing of an experiment, compare its arms, and write results.json and report.html.

    Args:
        folder: of the experiment; a killed one goes on from its runs' last checkpoints.
        jobs: runs at a time, the cores shared evenly among them. Small models use two cores better as two runs of one
            core than as one run of two.

    Raises:
        UserError: a run cannot be trained or evaluated.
    """
    started = time.perf_counter()
    keep_memory()
    record = describe(experiment)
    before, spent = same_experiment(record, folder, ("arms", "steps", "languages", "split"))
    record["created"] = before.get("created", record["created"])
    write_json(folder / "experiment.json", {**before, **record})

    text = {seed: folder / f"seed-{seed}" / "text" for seed in experiment.seeds}
    stages = {run: (seeded(experiment.text, seed), ()) for seed, run in text.items()}
    runs = {
        folder / f"seed-{seed}" / arm.name: (_arm_recipe(arm, seed, text[seed]), experiment.languages)
        for seed in experiment.seeds
        # The longest first, so that no core waits long for the last run.
        for arm in sorted(experiment.arms, key=lambda arm: -len(arm.recipe.data.languages))
    }
    with workers(jobs) as pool:
        for together in (stages, runs):
            threads = max(1, cores() // min(jobs, len(together)))
            _follow(
                {
                    run: (pool.submit(_run, recipe, run, read, experiment.split, threads), recipe.training.steps)
                    for run, (recipe, read) in together.items()
                }
            )
    evaluations = {
        arm.name: [
            _evaluation(
                folder / f"seed-{seed}" / arm.name / "evaluation" / f"{experiment.split}.json", experiment.languages
            )
            for seed in experiment.seeds
        ]
        for arm in experiment.arms
    }
    write_json(folder / "results.json", results(evaluations, record["languages"], record["steps"]))
    seconds = spent + time.perf_counter() - started
    write_json(folder / "experiment.json", {**record, "duration_seconds": seconds})
    return write_report(folder)


def _evaluation(path: Path, languages: Sequence[str]) -> dict[str, Any]:
    """One run's figures, in which all that a comparison reads is known to be there."""
    evaluation = read_object(path)
    with fields_of(path):
        for tag in languages:
            for direction in ("caption_to_image", "image_to_caption"):
                measured([evaluation], tag, direction)
    return evaluation


def describe(experiment: Experiment) -> dict[str, Any]:
    """experiment.json: what is compared, on what, and where."""
    trained = tuple(dict.fromkeys(tag for arm in experiment.arms for tag in arm.recipe.data.languages))
    return {
        "title": experiment.title,
        "command": experiment.command,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seeds": list(experiment.seeds),
        "split": experiment.split,
        "steps": experiment.arms[0].recipe.training.steps,
        "arms": [
            {
                "name": arm.name,
                "label": arm.label,
                "trained": list(arm.recipe.data.languages),
                "text_stage": arm.text_stage,
            }
            for arm in experiment.arms
        ],
        "languages": {tag: language_record(tag, trained) for tag in experiment.languages},
        "machine": machine(),
        "versions": {
            name: version(name) for name in ("isogloss", "torch", "transformers", "accelerate", "tokenizers", "emoji")
        },
    }


def language_record(tag: str, trained: Sequence[str]) -> dict[str, str]:
    """What experiment.json says of a language, where `trained` are those that were trained with pictures."""
    one = language(tag)
    where = group(tag, trained)
    return {
        "name": one.name,
        "endonym": one.endonym,
        "script": one.script,
        "direction": one.direction,
        "family": one.family,
        "role": "trained" if where == "trained" else "unseen",
        "group": where,
    }
