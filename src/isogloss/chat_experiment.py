"""Experiments on a chat model: what English pairs alone give, how little translated data is enough, and what else there is.

Each seed trains a language model on text, eyes on English captions, and aligns both once; all arms go on from there, but for
those with native pairs, which are aligned with captions of their own.
"""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from isogloss.chat_results import TRAINED, chat_results
from isogloss.evaluate.answers_through_english import answers_through_english
from isogloss.evaluate.chat_run import evaluate_chat
from isogloss.evaluate.provenance import evaluated
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file, write_replies
from isogloss.evaluate.through_english import by_engine, by_language_model, through_english
from isogloss.experiment_folder import machine, same_experiment
from isogloss.experiment_runs import run_folder, seeded, trained
from isogloss.report.chat_summary import print_chat_summary
from isogloss.report.page import write_report
from isogloss.saved import read_object
from isogloss.saving import write_json
from isogloss.train.chat_recipe import ChatRecipe
from isogloss.train.clip_recipe import ClipRecipe
from isogloss.train.lm_recipe import LanguageModelRecipe
from isogloss.train.log import quiet_libraries
from isogloss.translate.engines import EngineChoice
from isogloss.workers import cores, keep_memory, workers

# The folder of what a seed's arms start from, which is an arm too where one has no recipe.
ALIGNED = "aligned"
# What an arm is there for: English pairs alone or nearly so, a curve over shares of translated instructions, pairs in
# another language, or the main arm's English replies, translated.
Kind = Literal["pivot", "little", "native", "translated"]


@dataclass(frozen=True)
class ChatArm:
    """One way to go on from the aligned model, or, with a recipe that aligns too, from its parts.

    Args:
        name: of its figures, and of its folder where it has one.
        label: for people.
        experiment: what it is there for.
        recipe: None where nothing more is trained: the aligned model as it is, or, for "translated", the main arm's.
        taught: the languages other than English in which there are instructions.
        share: of the instructions that are there in each of these.
    """

    name: str
    label: str
    experiment: Kind
    recipe: ChatRecipe | None
    taught: tuple[str, ...] = ()
    share: float | None = None

    @property
    def as_aligned(self) -> bool:
        """Whether it is the aligned model as it is."""
        return self.recipe is None and self.experiment != "translated"

    @property
    def folder(self) -> str:
        """The name of its folder beside those of its seed's other runs."""
        return ALIGNED if self.as_aligned else self.name


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
        pairs: a further split, whose pictures combine what training never showed together, such as "test_pairs"; the main
            arm describes these too. None for no such split.
        translator: what puts English replies, and questions, into other languages for "translated"; None for the language
            model, which can do so with descriptions alone.
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
    pairs: str | None = None
    translator: EngineChoice | None = None


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
    own = [arm for arm in experiment.arms if arm.experiment != "translated"]
    with workers(jobs) as pool:
        for seed in experiment.seeds:
            pool.submit(_prepare, experiment, folder, seed, cores()).result()
            threads = max(1, cores() // min(jobs, len(own)))
            running = [pool.submit(_run_arm, experiment, arm, folder, seed, threads) for arm in own]
            for run in running:
                run.result()
            for arm in experiment.arms:
                if arm.experiment == "translated":
                    pool.submit(_translate, experiment, arm, folder, seed, cores()).result()
    write_json(folder / "results.json", chat_results(experiment, folder))
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
    run = run_folder(folder, seed, arm.folder)
    if arm.recipe is not None:
        recipe = _of_parts(seeded(arm.recipe, seed), text, eyes)
        trained(replace(recipe, start=str(aligned / "model")) if recipe.align.skipped else recipe, run)
    if not evaluated(run, experiment.split, experiment.languages):
        evaluate_chat(
            run,
            split=experiment.split,
            languages=experiment.languages,
            pictures=experiment.pictures,
            answers=not arm.as_aligned,  # captions alone teach none
            quiet=True,
        )
    pairs = experiment.pairs
    if pairs and arm == experiment.arms[0] and not evaluated(run, pairs, experiment.languages):
        evaluate_chat(
            run,
            split=pairs,
            languages=experiment.languages,
            pictures=experiment.pictures,
            answers=False,
            quiet=True,
        )


def _translate(experiment: ChatExperiment, arm: ChatArm, folder: Path, seed: int, threads: int) -> None:
    """The main arm's English replies, put into the other languages.

    Answers are to questions that were put into English. Only an engine can do that: the language model of the text stage
    was taught to say what it was told of, and never to repeat a question.
    """
    torch.set_num_threads(threads)
    quiet_libraries()
    run, main = run_folder(folder, seed, arm.folder), run_folder(folder, seed, experiment.arms[0].folder)
    choice, split = experiment.translator, experiment.split
    described, answered = (replies_file(run, kind, split) for kind in (DESCRIPTIONS, ANSWERS))
    by = {"translator": asdict(choice) if choice else "language model"}
    made = run / "translator.json"
    if not made.exists() or read_object(made) != by:  # so that two never mix
        for file in (described, answered):
            file.unlink(missing_ok=True)
        write_json(made, by)
    if described.exists() and (choice is None or answered.exists()):
        return
    text = run_folder(folder, seed, "language_model") / "model"
    translate = by_language_model(text) if choice is None else by_engine(choice)
    if not described.exists():
        seen = read_replies(replies_file(main, DESCRIPTIONS, split))
        write_replies(described, through_english(seen, translate))
    if choice is not None and not answered.exists():
        others = [tag for tag in experiment.languages if tag != "en"]
        found = answers_through_english(main, split, others, translate, pictures=experiment.pictures)
        if found is not None:
            write_replies(answered, found)


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
        "trained_languages": list(TRAINED),
        "aligned": [arm.name for arm in experiment.arms if arm.as_aligned],
        "translator": asdict(experiment.translator) if experiment.translator else None,
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
