"""The commands of `isogloss`, each a function whose signature is its options; `train` is in `isogloss.cli`."""

import os
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Column, Table

from isogloss.errors import UserError
from isogloss.saved import check_model, read_object

# Among fewer, guessing alone finds more than one in ten among the first ten.
_FEW_PICTURES = 100


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
    splits = ", ".join(f"{name} {count}" for name, count in dataset.splits.items())
    print(f"{dataset.root}: {splits}")
    table = Table("language", "captions", "pictures")
    for tag in dataset.languages:
        captions, pictures = dataset.counts(tag)
        table.add_row(tag, str(captions), str(pictures))
    Console(markup=False, emoji=False, highlight=False).print(table)


def evaluate(
    run: tyro.conf.Positional[Path],
    dataset: str | None = None,
    split: str = "test",
    languages: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    pictures: int | None = None,
    together: int | None = None,
) -> None:
    """Measure a run, language by language, with intervals: its retrieval, or a chat model's descriptions and answers.

    Args:
        run: the run folder.
        dataset: a dataset folder, other than the run's own.
        split: whose pictures are searched, or described and talked about.
        languages: none for all that the dataset has.
        sources: of the captions, such as cldr:name; none for the run's own.
        pictures: of a chat model, describe and talk about only so many, which are always the same.
        together: of a chat model, how many replies are written at a time; fewer take less memory.
    """
    check_model(run / "model")  # before the libraries that would read it are imported, which takes seconds
    family = read_object(run / "recipe.json").get("family", "clip")
    if family == "chat":
        _evaluate_chat(run, dataset, split, languages, sources, pictures, together)
        return
    if family != "clip":
        raise UserError(
            f"{run} is a run of the family '{family}', which has nothing to evaluate; name one of a dual encoder or a chat "
            "model."
        )
    for name, value in (("pictures", pictures), ("together", together)):
        if value is not None:
            raise UserError(f"--{name} is for chat models, and {run} is a dual encoder's; leave it out.")
    from isogloss.evaluate.run import evaluate_run

    result = evaluate_run(run, dataset=dataset, split=split, languages=languages, sources=sources)
    print(f"{run}: caption→image among {result['images']} pictures ({split})")
    columns = ("language", "captions", "accuracy@1", "accuracy@5", "accuracy@10", "rank quartiles")
    table = Table(*columns)
    for tag, figures in result["languages"].items():
        found = figures["caption_to_image"]
        accuracies = ["{:.3f} [{:.3f}, {:.3f}]".format(*found[f"accuracy@{k}"]) for k in (1, 5, 10)]
        quartiles = " / ".join(f"{rank:g}" for rank in found["rank_quartiles"])
        table.add_row(tag, str(figures["captions"]), *accuracies, quartiles)
    Console(markup=False, emoji=False, highlight=False).print(table)
    if result["images"] < _FEW_PICTURES:
        print(_few_pictures(result["images"], split))
    if result["left_out"]:
        print(f"Left out, without a caption in this split: {', '.join(result['left_out'])}")


def _evaluate_chat(
    run: Path,
    dataset: str | None,
    split: str,
    languages: tuple[str, ...],
    sources: tuple[str, ...],
    pictures: int | None,
    together: int | None,
) -> None:
    from isogloss.evaluate.chat_run import evaluate_chat
    from isogloss.evaluate.chat_table import print_chat

    options: dict[str, Any] = {} if together is None else {"together": together}
    print_chat(
        run,
        evaluate_chat(
            run, dataset=dataset, split=split, languages=languages, sources=sources, pictures=pictures, **options
        ),
    )


def _few_pictures(count: int, split: str) -> str:
    """What figures on a small test are worth, by what guessing reaches there, and where more pictures come from."""
    searched = "1 picture is" if count == 1 else f"{count} pictures are"
    larger = f"; import with --{split} 0.2 for more" if split in ("test", "validation") else ""
    return f"Only {searched} searched, so guessing alone reaches an accuracy@10 of {min(1, 10 / count):.2f}{larger}."


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
