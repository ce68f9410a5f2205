"""Experiments on a chat model: what English pairs alone give, how little translated data is enough, and what else there is.

Each seed trains a language model on text, eyes on English captions, and aligns both once; all arms go on from there, but for
those with native pairs, which are aligned with captions of their own.
"""

import shutil
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from isogloss.data.dataset import Dataset
from isogloss.data.images import read_bytes
from isogloss.data.lessons import lessons
from isogloss.evaluate.chat_figures import chat_figures
from isogloss.evaluate.chat_run import ANSWERS, DESCRIPTIONS, evaluate_chat, replies_file
from isogloss.evaluate.exact import exact
from isogloss.evaluate.provenance import evaluated
from isogloss.evaluate.replies import read_replies, write_replies
from isogloss.evaluate.through_english import by_language_model, through_english
from isogloss.experiment_folder import machine, same_experiment
from isogloss.experiment_runs import run_folder, seeded, trained
from isogloss.report.chat_summary import print_chat_summary
from isogloss.report.page import write_report
from isogloss.saving import new_folder, write_json
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.log import quiet_libraries
from isogloss.workers import cores, keep_memory, workers

# The folder of what a seed's arms start from, which is an arm too where one bears its name.
ALIGNED = "aligned"
# Pictures whose replies the report shows.
EXAMPLES = 6


@dataclass(frozen=True)
class ChatArm:
    """One way to go on from the aligned model, or, with a recipe that aligns too, from its parts.

    Args:
        name: of its folder and of its figures.
        label: for people.
        experiment: "pivot", "little", "native" or "translated".
        recipe: None for the aligned model as it is, under the name ALIGNED, and for the main arm's replies, translated.
        taught: the languages other than English in which there are instructions.
        share: of the instructions that are there in each of these.
    """

    name: str
    label: str
    experiment: str
    recipe: ChatRecipe | None
    taught: tuple[str, ...] = ()
    share: float | None = None


@dataclass(frozen=True)
class ChatExperiment:
    """Arms over one dataset, with a language model, eyes and an alignment that each seed trains first.

    Args:
        title: of the report.
        command: that repeats it.
        dataset: a dataset folder.
        language_model: the text-only stage.
        eyes: the dual encoder whose vision tower sees.
        align: the first stage, on English captions.
        arms: the first one is the main one.
        languages: that are asked in.
        seeds: each trains everything.
        split: whose pictures are described; "validation" while anything is still to be chosen.
        pictures: only so many of them; None for all.
    """

    title: str
    command: str
    dataset: Path
    language_model: LanguageModelRecipe
    eyes: ClipRecipe
    align: ChatRecipe
    arms: tuple[ChatArm, ...]
    languages: tuple[str, ...]
    seeds: tuple[int, ...] = (0,)
    split: str = "test"
    pictures: int | None = None


def run_chat_experiment(experiment: ChatExperiment, folder: Path, *, jobs: int) -> Path:
    """Run what is missing of an experiment, write results.json and report.html, and print the figures.

    Args:
        folder: of the experiment; a killed one goes on from its runs' last checkpoints.
        jobs: arms at a time, the cores shared evenly among them.

    Raises:
        UserError: a run cannot be trained or evaluated, or the folder holds another experiment.
    """
    started = time.perf_counter()
    keep_memory()
    record = _describe(experiment)
    before, spent = same_experiment(record, folder, ("family", "arms", "languages", "split", "pictures"))
    record["created"] = before.get("created", record["created"])
    write_json(folder / "experiment.json", {**before, **record})
    own = [arm for arm in experiment.arms if arm.recipe is not None or arm.name == ALIGNED]
    with workers(jobs) as pool:
        for seed in experiment.seeds:
            pool.submit(_prepare, experiment, folder, seed, cores()).result()
            threads = max(1, cores() // min(jobs, len(own)))
            running = [pool.submit(_run_arm, experiment, arm, folder, seed, threads) for arm in own]
            for run in running:
                run.result()
            for arm in experiment.arms:
                if arm not in own:
                    pool.submit(_translate, experiment, arm, folder, seed).result()
    write_json(folder / "results.json", _results(experiment, folder))
    seconds = spent + time.perf_counter() - started
    write_json(folder / "experiment.json", {**record, "duration_seconds": seconds})
    print_chat_summary(folder)
    return write_report(folder)


def _prepare(experiment: ChatExperiment, folder: Path, seed: int, threads: int) -> None:
    """The language model, the eyes and the alignment of a seed, in a process of its own."""
    torch.set_num_threads(threads)
    quiet_libraries()
    text, eyes, aligned = (run_folder(folder, seed, name) for name in ("language_model", "eyes", ALIGNED))
    trained(seeded(experiment.language_model, seed), text)
    seeing = seeded(experiment.eyes, seed)
    trained(replace(seeing, text=replace(seeing.text, model=str(text / "model"))), eyes)
    trained(_of_parts(seeded(experiment.align, seed), text, eyes), aligned)


def _of_parts(recipe: ChatRecipe, text: Path, eyes: Path) -> ChatRecipe:
    vision = replace(recipe.vision, model=str(eyes / "model"))
    return replace(recipe, vision=vision, language_model=replace(recipe.language_model, model=str(text / "model")))


def _run_arm(experiment: ChatExperiment, arm: ChatArm, folder: Path, seed: int, threads: int) -> None:
    """Train and evaluate one arm in a process of its own."""
    torch.set_num_threads(threads)
    quiet_libraries()
    text, eyes, aligned = (run_folder(folder, seed, name) for name in ("language_model", "eyes", ALIGNED))
    run = run_folder(folder, seed, arm.name)
    if arm.recipe is not None:
        recipe = _of_parts(seeded(arm.recipe, seed), text, eyes)
        trained(replace(recipe, start=str(aligned / "model")) if recipe.align.skipped else recipe, run)
    if not evaluated(run, experiment.split, experiment.languages):
        evaluate_chat(
            run,
            split=experiment.split,
            languages=experiment.languages,
            pictures=experiment.pictures,
            answers=arm.recipe is not None,  # captions alone teach none
            quiet=True,
        )


def _translate(experiment: ChatExperiment, arm: ChatArm, folder: Path, seed: int) -> None:
    """The main arm's English replies, put into the other languages by the language model that read no picture."""
    run = run_folder(folder, seed, arm.name)
    file = replies_file(run, DESCRIPTIONS, experiment.split)
    if not file.exists():
        seen = read_replies(replies_file(_main(experiment, folder, seed), DESCRIPTIONS, experiment.split))
        translate = by_language_model(run_folder(folder, seed, "language_model") / "model")
        write_replies(file, through_english(seen, translate))


def _main(experiment: ChatExperiment, folder: Path, seed: int) -> Path:
    return run_folder(folder, seed, experiment.arms[0].name)


def _results(experiment: ChatExperiment, folder: Path) -> dict[str, Any]:
    """results.json: figures of all arms over all seeds; the main arm's languages at the top."""
    dataset = Dataset.open(experiment.dataset)

    def replies(arm: ChatArm, kind: str) -> list[pa.Table]:
        files = [replies_file(run_folder(folder, seed, arm.name), kind, experiment.split) for seed in experiment.seeds]
        return [read_replies(file) for file in files if file.exists()]

    figures = {
        arm.name: chat_figures(
            dataset,
            experiment.languages,
            descriptions=replies(arm, DESCRIPTIONS),
            answers=replies(arm, ANSWERS),
            groups=_groups(experiment),
        )
        for arm in experiment.arms
    }
    main = experiment.arms[0]
    return {
        "seeds": len(experiment.seeds),
        "split": experiment.split,
        "translated_share": main.share or 0.0,
        "how": figures[main.name]["how"],
        "languages": figures[main.name]["languages"],
        "arms": {name: {part: found[part] for part in ("languages", "answers")} for name, found in figures.items()},
        "curves": _curves(experiment, dataset, figures),
        "examples": _examples(experiment, folder, dataset),
    }


def _curves(experiment: ChatExperiment, dataset: Dataset, figures: dict[str, Any]) -> dict[str, Any]:
    """Figures by the share of instructions that are translated: into all languages, and into one."""
    curves: dict[str, list[dict[str, Any]]] = {}
    if all(arm.experiment != "little" for arm in experiment.arms):
        return {}
    for arm in sorted((arm for arm in experiment.arms if arm.share is not None), key=lambda arm: arm.share or 0.0):
        if arm.recipe is None:
            continue
        stage = arm.recipe.instruct
        taught = lessons(dataset, "train", stage.source, arm.taught, stage.sources, stage.shares) if arm.taught else {}
        point = {
            "share": arm.share,
            "conversations": sum(len(part) for part in taught.values()),
            "languages": figures[arm.name]["languages"],
            "means": figures[arm.name]["means"],
        }
        if len(arm.taught) != 1:
            curves.setdefault("many", []).append(point)
        if len(arm.taught) < 2:
            curves.setdefault("one", []).append({**point, "taught": _one_taught(experiment)})
    return {name: points for name, points in curves.items() if len(points) > 1}


def _groups(experiment: ChatExperiment) -> dict[str, list[str]]:
    """The languages that no picture was described in: all, and all but the one that is taught alone."""
    others = [tag for tag in experiment.languages if tag != "en"]
    taught = _one_taught(experiment)
    return {"others": others, **({f"others but {taught}": [tag for tag in others if tag != taught]} if taught else {})}


def _one_taught(experiment: ChatExperiment) -> str | None:
    alone = (arm.taught[0] for arm in experiment.arms if arm.experiment == "little" and len(arm.taught) == 1)
    return next(alone, None)


def _examples(experiment: ChatExperiment, folder: Path, dataset: Dataset) -> list[dict[str, Any]]:
    """A few pictures, the first by their keys' hashes, with what the first seed's main arm says of them in each language."""
    table = read_replies(
        replies_file(_main(experiment, folder, experiment.seeds[0]), DESCRIPTIONS, experiment.split)
    ).to_pydict()
    images = dataset.images(experiment.split).to_pydict()
    place = {key: row for row, key in enumerate(images["key"])}
    shown = sorted(set(table["key"]), key=lambda key: sha256(key.encode()).digest())[:EXAMPLES]
    right = exact(table["reply"], table["references"])
    found: dict[str, dict[str, Any]] = {key: {} for key in shown}
    for row, key in enumerate(table["key"]):
        if key in found:
            reference = table["references"][row][0]
            found[key][table["asked"][row]] = {
                "text": table["reply"][row],
                "reference": reference,
                "right": bool(right[row]),
            }
    shutil.rmtree(folder / "examples", ignore_errors=True)
    with new_folder(folder / "examples") as saved:
        for number, key in enumerate(shown):
            row = place[key]
            where = dataset.locate(images["file"][row]), images["offset"][row], images["length"][row]
            (saved / f"{number}.png").write_bytes(read_bytes(*where))
    return [
        {"key": key, "picture": f"examples/{number}.png", "replies": found[key]} for number, key in enumerate(shown)
    ]


def _describe(experiment: ChatExperiment) -> dict[str, Any]:
    """experiment.json: what is compared, on what, and where."""
    return {
        "family": "chat",
        "title": experiment.title,
        "command": experiment.command,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        "seeds": list(experiment.seeds),
        "split": experiment.split,
        "pictures": experiment.pictures,
        "languages": list(experiment.languages),
        "trained_languages": ["en"],
        "arms": {
            arm.name: {
                "label": arm.label,
                "experiment": arm.experiment,
                "share": arm.share,
                "languages_taught": list(arm.taught),
            }
            for arm in experiment.arms
        },
    }
