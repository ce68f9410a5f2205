"""The command line: `isogloss COMMAND …`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from isogloss.errors import UserError, unknown


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
    from isogloss.train.log import progress_bar

    dataset = Dataset.open(directory)
    with progress_bar(True) as bar:
        task = bar.add_task("pictures", total=None, state="")
        dataset.validate(lambda done, total: bar.update(task, completed=done, total=total))
    _print_dataset(dataset)


def _print_dataset(dataset: Any) -> None:
    splits = ", ".join(f"{name} {count}" for name, count in dataset.splits.items())
    table = Table("language", "captions", "pictures", title=f"{dataset.root}: {splits}", title_justify="left")
    for tag, counts in dataset.information["languages"].items():
        table.add_row(tag, str(counts["captions"]), str(counts["images"]))
    Console().print(table)


def evaluate(
    run: tyro.conf.Positional[Path],
    dataset: str | None = None,
    split: str = "test",
    languages: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
) -> None:
    """Measure a run's retrieval, language by language, with intervals.

    Args:
        run: the run folder.
        dataset: a dataset folder, other than the run's own.
        split: whose pictures are searched.
        languages: none for all that the dataset has.
        sources: of the captions, such as cldr:name; none for the run's own.
    """
    from isogloss.evaluate.run import evaluate_run

    result = evaluate_run(run, dataset=dataset, split=split, languages=languages, sources=sources)
    title = f"{run}: caption→image among {result['images']} pictures ({split})"
    columns = ("language", "captions", "accuracy@1", "accuracy@5", "accuracy@10", "rank quartiles")
    table = Table(*columns, title=title, title_justify="left")
    for tag, figures in result["languages"].items():
        found = figures["caption_to_image"]
        accuracies = ["{:.3f} [{:.3f}, {:.3f}]".format(*found[f"accuracy@{k}"]) for k in (1, 5, 10)]
        quartiles = " / ".join(f"{rank:g}" for rank in found["rank_quartiles"])
        table.add_row(tag, str(figures["captions"]), *accuracies, quartiles)
    Console().print(table)


def report(folder: tyro.conf.Positional[Path]) -> None:
    """Write the report of an experiment or a run as one HTML page, from what it has saved.

    Args:
        folder: of the experiment or the run.
    """
    from isogloss.report.page import write_report

    print(write_report(folder))


def search(
    run: tyro.conf.Positional[Path],
    query: tyro.conf.Positional[str],
    top: int = 5,
    split: str = "test",
    dataset: str | None = None,
    names: str = "en",
) -> None:
    """Find pictures by words of any language.

    Args:
        run: a run folder.
        query: what the picture shows, in any language.
        top: how many pictures.
        split: whose pictures are searched.
        dataset: a dataset folder, other than the run's own.
        names: the language of the names that are shown.
    """
    from isogloss.serve.search import search as find

    table = Table("score", "picture", "name", "file")
    for found in find(run, query, top=top, split=split, dataset=dataset, names=names):
        table.add_row(f"{found.score:.3f}", found.key, found.name, found.location)
    Console().print(table)


def demo(
    folder: Path = Path("runs/demo"),
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
        folder: of the experiment; a stopped one goes on.
        languages: "emoji" for the 14 languages of the emoji package, trained on en es ja ar, or "paper" for the paper's own
            set, trained on en es ja hi and measured on its zero-shot languages and on unseen families, which needs --cldr.
        seeds: how many times everything is trained.
        ablation: also train the parallel arm without the text stage.
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


def train(arguments: Sequence[str]) -> None:
    """Train a recipe: `isogloss train RECIPE [--run FOLDER] [--path.to.field VALUE …]`."""
    from isogloss.train.recipe import field_paths, load_recipe, recipe_names
    from isogloss.train.run import train as run_recipe

    if not arguments or arguments[0].startswith("-"):
        print(f"{train.__doc__}\n\nRecipes: {', '.join(recipe_names())}, or a Python file that defines `recipe`.")
        print("`isogloss train RECIPE --help` lists the fields.")
        raise SystemExit(0 if "--help" in arguments or "-h" in arguments else 2)
    default = load_recipe(arguments[0])
    known = [*field_paths(default), "run", "help"]
    for argument in arguments[1:]:
        name = argument.removeprefix("--").split("=")[0].replace("_", "-").replace(".no-", ".")
        if argument.startswith("--") and not any(name == path or name.startswith(f"{path}.") for path in known):
            raise unknown("field", name, known)

    def command(
        recipe: Annotated[Any, tyro.conf.arg(name="")], run: Path = Path("runs") / Path(arguments[0]).stem
    ) -> None:
        print(run_recipe(recipe, run))

    # The recipe's own class is known only now, so the signature that the command line is made of is too.
    command.__annotations__["recipe"] = Annotated[type(default), tyro.conf.arg(name="")]
    command.__defaults__ = (default, *(command.__defaults__ or ()))
    tyro.cli(command, prog=f"isogloss train {arguments[0]}", args=list(arguments[1:]), description=default.__doc__)


COMMANDS: dict[tuple[str, ...], Callable[..., None]] = {
    ("demo",): demo,
    ("data", "emoji"): data_emoji,
    ("data", "check"): data_check,
    ("train",): train,
    ("evaluate",): evaluate,
    ("report",): report,
    ("search",): search,
}


def _overview() -> str:
    lines = ["usage: isogloss COMMAND …", "", "Image–text models in every language, from English image–text data.", ""]
    for words, function in COMMANDS.items():
        lines.append(f"  {' '.join(words):<12} {(function.__doc__ or '').splitlines()[0]}")
    return "\n".join([*lines, "", "`isogloss COMMAND --help` says more; `--debug` shows where an error comes from."])


def dispatch(arguments: Sequence[str]) -> None:
    """Run one command.

    Raises:
        UserError: what the user can mend.
    """
    words = tuple(arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        raise SystemExit(0 if words else 2)
    for name, function in COMMANDS.items():
        if words[: len(name)] == name:
            rest = words[len(name) :]
            if function is train:
                return train(rest)
            return tyro.cli(function, prog=f"isogloss {' '.join(name)}", args=rest)
    named = [name for name in COMMANDS if name[0] == words[0]]
    if named and (len(words) == 1 or words[1].startswith("-")):
        print(_overview())
        raise SystemExit(0 if len(words) > 1 else 2)
    depth = 2 if named else 1
    raise unknown("command", " ".join(words[:depth]), [" ".join(name) for name in COMMANDS])


def main() -> None:
    """The `isogloss` program: errors of the user are one sentence and exit code 2."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    _quiet_libraries()
    try:
        dispatch([argument for argument in arguments if argument != "--debug"])
    except UserError as error:
        if debug:
            raise
        print(f"isogloss: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("isogloss: stopped; what is finished is saved, and the same command goes on from there.", file=sys.stderr)
        raise SystemExit(130) from None


def _quiet_libraries() -> None:
    """Say nothing of how libraries load weights, only when they are loaded at all."""
    import os

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


if __name__ == "__main__":
    main()
