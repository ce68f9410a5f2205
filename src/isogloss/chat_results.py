"""results.json of a chat experiment: figures of all arms over all seeds, the curves over shares, and examples."""

import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from isogloss.data.dataset import Dataset
from isogloss.data.images import read_bytes
from isogloss.data.lessons import lessons
from isogloss.evaluate.chat_figures import chat_figures
from isogloss.evaluate.exact import exact
from isogloss.evaluate.replies import ANSWERS, DESCRIPTIONS, read_replies, replies_file
from isogloss.experiment_runs import run_folder
from isogloss.languages import averaged
from isogloss.saving import new_folder

if TYPE_CHECKING:
    from isogloss.chat_experiment import ChatArm, ChatExperiment

# Languages of the captions of all arms but those with native pairs.
TRAINED = ("en",)
# Pictures whose replies the report shows.
EXAMPLES = 6


def chat_results(experiment: "ChatExperiment", folder: Path) -> dict[str, Any]:
    """Figures of all arms over all seeds; the main arm's languages at the top, and `pairs`, where it described these.

    Raises:
        UserError: replies are missing or damaged, or a picture is.
    """
    dataset = Dataset.open(experiment.dataset)
    arms, main = experiment.arms, experiment.arms[0]
    by_family, over_shares = averaged(experiment.languages, TRAINED), _groups(experiment)

    def figures_of(arm: "ChatArm", split: str, kinds: Sequence[str] = (DESCRIPTIONS, ANSWERS)) -> dict[str, Any]:
        return chat_figures(
            dataset,
            experiment.languages,
            descriptions=_replies(experiment, folder, arm, DESCRIPTIONS, split),
            answers=_replies(experiment, folder, arm, ANSWERS, split) if ANSWERS in kinds else [],
            groups={**by_family, **over_shares},
        )

    figures = {arm.name: figures_of(arm, experiment.split) for arm in arms}
    averages = {
        # Those with native pairs are there for the language of these, which is no unseen one.
        arm.name: {name: each for name, each in figures[arm.name]["averages"].items() if name in by_family}
        for arm in arms
        if arm.experiment != "native"
    }
    results: dict[str, Any] = {
        "seeds": len(experiment.seeds),
        "split": experiment.split,
        "translated_share": main.share or 0.0,
        "how": figures[main.name]["how"],
        "languages": figures[main.name]["languages"],
        "arms": {
            name: {
                "languages": found["languages"],
                "answers": found["answers"],
                **({"averages": averages[name]} if name in averages else {}),
            }
            for name, found in figures.items()
        },
        "curves": _curves(experiment, dataset, figures, list(over_shares)),
        "examples": _examples(experiment, folder, dataset),
    }
    if experiment.pairs:
        found = figures_of(main, experiment.pairs, (DESCRIPTIONS,))
        told = {name: each for name, each in found["averages"].items() if name in by_family}
        results["pairs"] = {"split": experiment.pairs, "languages": found["languages"], "averages": told}
    return results


def _replies(experiment: "ChatExperiment", folder: Path, arm: "ChatArm", kind: str, split: str) -> list[pa.Table]:
    """Those of each seed that has any."""
    files = [replies_file(run_folder(folder, seed, arm.folder), kind, split) for seed in experiment.seeds]
    return [read_replies(file) for file in files if file.exists()]


def _curves(
    experiment: "ChatExperiment", dataset: Dataset, figures: dict[str, Any], groups: Sequence[str]
) -> dict[str, Any]:
    """Figures by the share of instructions that are translated: into all languages, and into one."""
    curves: dict[str, list[dict[str, Any]]] = {}
    if all(arm.experiment != "little" for arm in experiment.arms):
        return {}
    for arm in sorted((arm for arm in experiment.arms if arm.share is not None), key=lambda arm: arm.share or 0.0):
        if arm.recipe is None:
            continue
        stage = arm.recipe.instruct
        taught = lessons(dataset, "train", stage.source, arm.taught, stage.sources, stage.shares) if arm.taught else {}
        found = figures[arm.name]
        point = {
            "share": arm.share,
            "conversations": sum(len(part) for part in taught.values()),
            "languages": found["languages"],
            "means": {name: found["averages"][name] for name in groups if name in found["averages"]},
        }
        if len(arm.taught) != 1:
            curves.setdefault("many", []).append(point)
        if len(arm.taught) < 2:
            curves.setdefault("one", []).append({**point, "taught": _one_taught(experiment)})
    return {name: points for name, points in curves.items() if len(points) > 1}


def _groups(experiment: "ChatExperiment") -> dict[str, list[str]]:
    """The languages that no caption was in: all, and all but the one that is taught alone."""
    others = [tag for tag in experiment.languages if tag not in TRAINED]
    taught = _one_taught(experiment)
    return {"others": others, **({f"others but {taught}": [tag for tag in others if tag != taught]} if taught else {})}


def _one_taught(experiment: "ChatExperiment") -> str | None:
    alone = (arm.taught[0] for arm in experiment.arms if arm.experiment == "little" and len(arm.taught) == 1)
    return next(alone, None)


def _examples(experiment: "ChatExperiment", folder: Path, dataset: Dataset) -> list[dict[str, Any]]:
    """A few pictures, the first by their keys' hashes, with what the first seed's main arm says of them in each language."""
    run = run_folder(folder, experiment.seeds[0], experiment.arms[0].folder)
    table = read_replies(replies_file(run, DESCRIPTIONS, experiment.split)).to_pydict()
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
