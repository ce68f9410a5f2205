"""The commands of `isogloss`, each a function whose signature is its options; `train` is in `isogloss.cli`."""

import os
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Column, Table

from isogloss.errors import UserError
from isogloss.saved import check_model


def data_emoji(
    directory: tyro.conf.Positional[Path],
    cldr: Path | None = None,
    font: Path | None = None,
    size: int = 128,
) -> None:
    """Draw the emoji with their human-written names, as a dataset folder.

    Args:
        directory: the dataset folder to make.
        cldr: Unicode CLDR's annotation files, for about 105 languages: the packages cldr-annotations-full and
            cldr-annotations-derived-full, or the folder of Debian's unicode-cldr-core; without it, the 14 languages of the
            emoji package.
        font: a colour-emoji font file, where none is found.
        size: of the pictures, in pixels.
    """
    from isogloss.data.worlds.emoji import build_emoji
    from isogloss.train.log import progress_bar

    with progress_bar(True) as bar:
        task = bar.add_task("emoji", total=None, state="")

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        dataset = build_emoji(directory, cldr=cldr, font=font, size=size, progress=progress)
    _print_dataset(dataset)


def data_check(directory: tyro.conf.Positional[Path]) -> None:
    """Check a dataset folder: every table, caption and picture.

    Args:
        directory: the dataset folder.
    """
    from isogloss.data.dataset import Dataset
    from isogloss.data.validate import validate
    from isogloss.train.log import progress_bar

    dataset = Dataset.open(directory)
    with progress_bar(True) as bar:
        task = bar.add_task("pictures", total=None, state="")
        validate(dataset, lambda done, total: bar.update(task, completed=done, total=total))
    _print_dataset(dataset)


def _print_dataset(dataset: Any) -> None:
    from isogloss.data.conversation_tables import conversation_counts, conversation_languages, read_conversation_table

    splits = ", ".join(f"{name} {count}" for name, count in dataset.splits.items())
    print(f"{dataset.root}: {splits}")
    table = Table("language", "captions", "pictures")
    for tag in dataset.languages:
        captions, pictures = dataset.counts(tag)
        table.add_row(tag, str(captions), str(pictures))
    console = Console(markup=False, emoji=False, highlight=False)
    spoken = conversation_languages(dataset.root)
    if dataset.languages or not spoken:
        console.print(table)
    if spoken:
        table = Table("language", "conversations", "pictures")
        for tag in spoken:
            counts = conversation_counts(read_conversation_table(dataset.root, tag))
            table.add_row(tag, str(counts["conversations"]), str(counts["images"]))
        console.print(table)


def report(folder: tyro.conf.Positional[Path]) -> None:
    """Write the report of an experiment or a run as one HTML page, from what it has saved.

    Args:
        folder: of the experiment or the run.
    """
    from isogloss.report.page import write_report

    print(write_report(folder))


def compare(
    runs: tyro.conf.Positional[tuple[Path, ...]],
    folder: Path | None = None,
    split: str = "test",
    languages: tuple[str, ...] = (),
) -> None:
    """Compare finished runs that were evaluated, in one report with intervals and claims.

    Args:
        runs: run folders of two recipes or more; those that differ in the seed alone are one arm's seeds.
        folder: of the comparison; without it `comparison` in the folder where all runs lie.
        split: that the runs were evaluated on.
        languages: none for all in which every run was evaluated.
    """
    for run in runs:
        check_model(run / "model")  # before the libraries that are needed are imported, which takes seconds
    if len(runs) < 2:
        raise UserError("There is nothing to compare; name two run folders or more.")
    from isogloss.compare import compare_runs

    around = Path(os.path.commonpath([run.absolute().parent for run in runs]))
    place = folder or Path(os.path.relpath(around)) / "comparison"
    comparison = compare_runs(runs, place, split=split, languages=languages)
    print(*comparison.caveats, comparison.page, sep="\n")


def search(
    run: tyro.conf.Positional[Path],
    query: tyro.conf.Positional[str],
    top: int = 5,
    split: str = "test",
    dataset: str | None = None,
    names: str | None = None,
) -> None:
    """Find pictures by words of any language.

    Args:
        run: a run folder.
        query: what the picture shows, in any language.
        top: how many pictures.
        split: whose pictures are searched; "all" for those of every split, the trained ones too.
        dataset: a dataset folder, other than the run's own.
        names: the language of the names that are shown; without it English, or the first language that the dataset has.
    """
    check_model(run / "model")  # before the libraries that would read it are imported, which takes seconds
    from isogloss.serve.search import search as find

    table = Table(*(Column(name, overflow="fold") for name in ("score", "picture", "name", "file")))
    for found in find(run, query, top=top, split=split, dataset=dataset, names=names):
        table.add_row(f"{found.score:.3f}", found.key, found.name, found.location)
    Console(markup=False, emoji=False, highlight=False).print(table)


def demo(
    folder: Path | None = None,
    languages: str = "emoji",
    seeds: int = 1,
    ablation: bool = False,
    jobs: int = 0,
    split: str = "test",
    cldr: Path | None = None,
    font: Path | None = None,
) -> None:
    """Run the experiment of parallel multilingual pre-training on the emoji world, from pictures to a report.

    Args:
        folder: of the experiment; a stopped one goes on. Without it runs/demo, or runs/demo-paper for the paper's languages.
        languages: "emoji" for the 14 languages of the emoji package, trained on en es ja ar, or "paper" for the paper's own
            set, trained on en es ja hi and measured on its zero-shot languages and on unseen families, which needs --cldr.
        seeds: how many times everything is trained.
        ablation: also train the parallel arm without the text stage, and both arms with token embeddings that train.
        jobs: runs at a time; 0 for one on each core, or one alone where there is a GPU.
        split: whose pictures are searched; "validation" while you are still choosing anything.
        cldr: Unicode CLDR's annotation files, as for `isogloss data emoji`.
        font: a colour-emoji font file, where none is found.
    """
    from isogloss.demo import run_demo

    print(
        run_demo(
            folder, languages=languages, seeds=seeds, ablation=ablation, jobs=jobs, split=split, cldr=cldr, font=font
        )
    )


def demo_chat(
    folder: Path = Path("runs/demo-chat"),
    experiments: tuple[str, ...] = ("pivot",),
    seeds: int = 1,
    jobs: int = 0,
    split: str = "test",
    pictures: int | None = None,
) -> None:
    """Train a chat model on English pairs of the shapes world, and measure its replies in ten languages.

    Args:
        folder: of the experiment; a stopped one goes on.
        experiments: "pivot" for English pairs alone and with one in a hundred instructions translated; "little" for the
            curve over that share; "native" for pairs in other languages; "translated" for English replies that are
            translated. The pivot is always run.
        seeds: how many times everything is trained.
        jobs: arms at a time; 0 for one on each core.
        split: whose pictures are described: "test", "test_pairs" with colours and shapes that training has not shown
            together, or "validation" while you are still choosing anything.
        pictures: only so many of them; none for all.
    """
    from isogloss.demo_chat import run_chat_demo

    print(run_chat_demo(folder, experiments=experiments, seeds=seeds, jobs=jobs, split=split, pictures=pictures))


def demo_paint(
    folder: Path = Path("runs/demo-paint"),
    experiments: tuple[str, ...] = ("pivot",),
    seeds: int = 1,
    jobs: int = 0,
    split: str = "test",
    pictures: int | None = None,
) -> None:
    """Train a paint model on English captions of the shapes world, and read what it paints of prompts in ten languages.

    Args:
        folder: of the experiment; a stopped one goes on.
        experiments: "pivot" for English captions alone, beside prompts that are put into English first; "layers" for other
            text models, layers and ways of reading them; "little" for the curve over a share of captions in other languages.
            The pivot is always run.
        seeds: how many times everything is trained.
        jobs: arms at a time; 0 for one on each core.
        split: whose captions are painted: "test", "test_pairs" with colours and shapes that training has not shown
            together, or "validation" while you are still choosing anything.
        pictures: only so many of them; none for all.
    """
    from isogloss.demo_paint import run_paint_demo

    print(run_paint_demo(folder, experiments=experiments, seeds=seeds, jobs=jobs, split=split, pictures=pictures))
