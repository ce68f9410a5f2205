"""The demo: the paper's experiment on the emoji world, with the languages and arms that it compares."""

import shlex
from dataclasses import replace
from pathlib import Path

import torch

from isogloss.data.dataset import Dataset
from isogloss.data.worlds.cldr import open_annotations
from isogloss.data.worlds.emoji import build_emoji
from isogloss.data.worlds.fonts import open_font
from isogloss.errors import UserError, unknown
from isogloss.experiment import Arm, Experiment, run_experiment
from isogloss.recipes.clip_emoji_parallel import recipe as parallel
from isogloss.recipes.text_emoji import recipe as text
from isogloss.saved import fields_of
from isogloss.saving import remove_abandoned
from isogloss.train.log import progress_bar
from isogloss.workers import cores

# The languages of the emoji package: trained ones first, then those that no picture is trained with.
EMOJI_TRAINED = ("en", "es", "ja", "ar")
EMOJI_UNSEEN = ("pt", "it", "fr", "de", "zh", "fa", "ko", "id", "ru", "tr")
# The paper's trained and zero-shot languages, and languages of families that none of the trained ones belongs to.
PAPER_TRAINED = ("en", "es", "ja", "hi")
PAPER_UNSEEN = ("de", "fr", "zh", "bn", "yo", "qu", "ta", "ka", "fi", "sw", "tr", "ko", "vi", "id", "eu", "mn")

LANGUAGES = {"emoji": (EMOJI_TRAINED, EMOJI_UNSEEN), "paper": (PAPER_TRAINED, PAPER_UNSEEN)}
# Apart, because the pictures of one set have no names in the languages of the other.
FOLDERS = {"emoji": Path("runs/demo"), "paper": Path("runs/demo-paper")}


def demo_experiment(dataset: Path, languages: str, seeds: int, ablation: bool, split: str, command: str) -> Experiment:
    """The arms of the demo: English-only and parallel.

    With `ablation` also the parallel one without the text stage, and both with token embeddings that train.

    Raises:
        UserError: there is no such set of languages.
    """
    if languages not in LANGUAGES:
        raise unknown("set of languages", languages, LANGUAGES)
    trained, unseen = LANGUAGES[languages]
    read = {"dataset": str(dataset), "sources": ("emoji:name", "cldr:name")}  # names, and never keywords
    both = replace(parallel, data=replace(parallel.data, languages=trained, **read))
    english = replace(parallel, data=replace(parallel.data, languages=("en",), **read))
    arms = [Arm("english_only", "English only", english), Arm("parallel", "Parallel", both)]
    if ablation:
        arms.append(Arm("parallel_no_text_stage", "Parallel, no text stage", both, text_stage=False))
        for arm in arms[:2]:
            trained_too = replace(arm.recipe, text=replace(arm.recipe.text, frozen=()))
            arms.append(Arm(f"{arm.name}_embeddings_trained", f"{arm.label}, embeddings trained", trained_too))
    return Experiment(
        title="Parallel multilingual pre-training on emoji",
        command=command,
        dataset=dataset,
        text=replace(text, data=replace(text.data, languages=(*trained, *unseen), **read)),
        arms=tuple(arms),
        languages=(*trained, *unseen),
        seeds=tuple(range(seeds)),
        split=split,
    )


def _check_drawn(drawn: Dataset, cldr: Path | None, font: Path | None) -> None:
    """Refuse CLDR's files or a font other than those that the dataset was drawn from, which would go unread."""
    with fields_of(drawn.root / "dataset.json"):
        sources = {(str(source["name"]), str(source["version"])) for source in drawn.information["sources"]}
    other: list[str] = []
    if cldr is not None and ("Unicode CLDR, annotations", open_annotations(cldr).version) not in sources:
        other.append("--cldr")
    if font is not None:
        face = open_font(font)
        if (face.family, face.version) not in sources:
            other.append("--font")
    if other:
        raise UserError(
            f"{drawn.root} is drawn already, and from something else than {' and '.join(other)}; leave the option out, or "
            "name another folder with --folder."
        )


def run_demo(
    folder: Path | None,
    *,
    languages: str,
    seeds: int,
    ablation: bool,
    jobs: int,
    split: str,
    cldr: Path | None,
    font: Path | None,
) -> Path:
    """Draw the emoji if they are not drawn yet, run the experiment, and return where its report is.

    The arguments, and what each is unless it is given, are those of the command `isogloss demo`.

    Raises:
        UserError: no font is found, CLDR's files are needed and not given, the emoji are drawn already from other files
            than are given, or a run cannot go on.
    """
    if languages not in LANGUAGES:
        raise unknown("set of languages", languages, LANGUAGES)
    if seeds < 1:
        raise UserError(f"seeds is {seeds}; give at least 1.")
    if jobs < 0:
        raise UserError(f"jobs is {jobs}; give a whole number of at least 1, or 0 for one on each core.")
    folder = folder or FOLDERS[languages]
    dataset = folder / "data"
    options = {"--folder": folder, "--languages": languages, "--seeds": seeds, "--cldr": cldr, "--font": font}
    if split != "test":
        options["--split"] = split
    words = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    command = shlex.join(["isogloss", "demo", *words, *(["--ablation"] if ablation else [])])
    experiment = demo_experiment(dataset, languages, seeds, ablation, split, command)
    if languages == "paper" and cldr is None and not dataset.exists():
        raise UserError(
            "The paper's languages are named by Unicode CLDR; get the packages cldr-annotations-full and "
            "cldr-annotations-derived-full (npm) or unicode-cldr-core (Debian), and give their folder as --cldr."
        )
    if dataset.exists():
        _check_drawn(Dataset.open(dataset), cldr, font)
    else:
        remove_abandoned(folder)
        with progress_bar(True) as bar:
            task = bar.add_task("emoji", total=None, state="")
            build_emoji(
                dataset,
                cldr=cldr,
                font=font,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    Dataset.open(dataset).split(
        split, experiment.languages, experiment.text.data.sources
    )  # what is missing is told before anything is trained
    return run_experiment(experiment, folder, jobs=jobs or (1 if torch.cuda.is_available() else cores()))
